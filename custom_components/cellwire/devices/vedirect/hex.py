"""HEX frames of VE.Direct: a colon, a command digit, bytes as two hex digits each, a line feed.

Source: docs/vedirect.md, "HEX frames".
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import lru_cache

CHECK = 0x55
# Chargers repeat the same few frames twenty times a second.
REMEMBERED = 64


class Command(IntEnum):
    """What Cellwire asks. Boot loader and restart have no place here."""

    PING = 1
    GET = 7
    SET = 8


class Answer(IntEnum):
    """What the device sends."""

    DONE = 1
    UNKNOWN = 3
    ERROR = 4
    PING = 5
    GET = 7
    SET = 8
    ASYNC = 0xA


class Flag(IntFlag):
    """Why a get or set was refused."""

    UNKNOWN_ID = 1
    NOT_SUPPORTED = 2
    PARAMETER = 4

    @property
    def words(self) -> str:
        """What was refused, in English."""
        known = [words for flag, words in _REFUSALS.items() if flag in self]
        return ", ".join(known) or f"flags 0x{self:02X}"


_REFUSALS = {
    Flag.UNKNOWN_ID: "unknown register",
    Flag.NOT_SUPPORTED: "not supported or read-only",
    Flag.PARAMETER: "parameter error",
}


@dataclass(frozen=True, slots=True)
class HexFrame:
    """A frame with the right check byte."""

    command: int
    data: bytes

    @property
    def names_register(self) -> bool:
        """Whether it carries a register: an answer to get or set, or an unasked value."""
        return self.command in (Answer.GET, Answer.SET, Answer.ASYNC) and len(self.data) >= 3

    @property
    def is_echo(self) -> bool:
        """Whether it is one of our own questions: a get that brings neither value nor refusal."""
        return self.command == Command.GET and len(self.data) == 3 and not self.data[2]

    @property
    def register(self) -> int:
        """The register; only where `names_register`."""
        return int.from_bytes(self.data[:2], "little")

    @property
    def flags(self) -> Flag:
        """The refusals; only where `names_register`. With any of them the value is void."""
        return Flag(self.data[2])

    @property
    def value(self) -> bytes:
        """The bytes of the value, little-endian; only where `names_register`."""
        return self.data[3:]


@lru_cache(maxsize=REMEMBERED)
def parse(text: bytes) -> HexFrame | None:
    """Parse a frame without its line feed; None if its form or its check byte is wrong.

    Lower-case digits are accepted, though nobody is known to send them. The last frames are
    remembered: one that is repeated is the same object.
    """
    try:
        command = int(text[1:2], 16)
        data = bytes.fromhex(text[2:].decode("ascii"))
    except ValueError:
        return None
    if text[:1] != b":" or not data or (command + sum(data)) & 0xFF != CHECK:
        return None
    return HexFrame(command, data[:-1])


def build(command: int, data: bytes = b"") -> bytes:
    """Build a frame with its line feed, in upper case."""
    check = (CHECK - command - sum(data)) & 0xFF
    return f":{command:X}{data.hex().upper()}{check:02X}\n".encode("ascii")


def get(register: int) -> bytes:
    """Build the question for a register."""
    return build(Command.GET, register.to_bytes(2, "little") + b"\0")


def put(register: int, value: bytes) -> bytes:
    """Build the command that sets a register."""
    return build(Command.SET, register.to_bytes(2, "little") + b"\0" + value)
