"""The ways to write to a classic board: which one it takes shows only when it is read back.

Source: docs/devices/jk_bms.md, "Writing".
"""

from dataclasses import dataclass, field

from ..errors import Refused
from .fields import PASSWORD, PASSWORD_LENGTH
from .frame import FROM_GPS, FROM_PC, REQUEST, UNLOCK, UPLOAD, WRITE, build
from .switches import SWITCHES, Switch
from .words import version

# Boards from this software on take a write without anything before it.
OPEN = (15, 0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a request to write looks, and what is sent before it."""

    source: int
    transport: int
    unlock: bytes = field(default=b"", repr=False)

    def request(self, switch: Switch, *, on: bool) -> bytes:
        """Build the frame that sets a switch."""
        return build(WRITE, self.source, self.transport, bytes((switch.identifier, on)))


PLAIN = Recipe(FROM_PC, UPLOAD)
UNLOCKED = Recipe(FROM_GPS, REQUEST, build(UNLOCK, FROM_GPS, REQUEST, b"\0\0"))


def offered(software: str | None) -> tuple[Switch, ...]:
    """Return the switches that a board with this software is known to have."""
    return tuple(switch for switch in SWITCHES if version(software) >= switch.since)


def recipes(software: str | None, password: str | None, control: str) -> list[Recipe]:
    """Return the recipes in the order in which they are worth a try.

    The one with the password comes last: the vendor asks for it, but nobody has seen a board
    that did. Raises Refused for a password that no board can have.
    """
    ways = [PLAIN, UNLOCKED] if version(software) >= OPEN else [UNLOCKED, PLAIN]
    if not password:
        return ways
    if not password.isascii() or len(password) > PASSWORD_LENGTH:
        raise Refused(control, "wrong_password", detail=str(PASSWORD_LENGTH))
    info = bytes((PASSWORD,)) + password.encode().ljust(PASSWORD_LENGTH, b"\0")
    return [*ways, Recipe(FROM_GPS, REQUEST, build(UNLOCK, FROM_GPS, REQUEST, info))]
