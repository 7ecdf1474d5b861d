"""Writing to a charger: what may be written at all, and the one way in which it is done.

Source: docs/devices/victron_charger.md, "Writing".
"""

from collections.abc import Awaitable, Callable, Container
from contextlib import suppress
from dataclasses import dataclass
import struct

from ...links.errors import CellwireError
from ..errors import NoAnswer, Refused
from ..thrift import Thrift
from .hex import Answer, Command, Flag, HexFrame, put
from .questions import Question, asking
from .register import U8, U16
from .registers import MODES

CURRENT_LIMIT = 0xEDF0
VOLATILE_LIMIT = 0x2015
NETWORK_MODE = 0x200E
DEVICE_MODE = 0x0200

TENTHS = 10
NO_LIMIT = 0xFFFF
# Networked, and controlled from outside. Never bit 3, which makes the charger wait for a BMS.
EXTERNAL_CONTROL = 0x05
ON, OFF = 1, 4

# Sends a command and waits for its answer. Raises LinkError or NoAnswer.
type Exchange = Callable[[Question], Awaitable[HexFrame]]


def _amperes(raw: int) -> str:
    return "no limit" if raw == NO_LIMIT else f"{raw / TENTHS:.1f} A"


def _mode(raw: int) -> str:
    return MODES.get(raw, f"mode {raw}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writable:
    """A register that may be written, with what.

    `show` says a number in words; numbers with equal words mean the same. `stored` says that each
    write may wear the memory of the charger, `clamps` that it chooses the nearest value itself.
    """

    code: str
    allowed: Container[int]
    show: Callable[[int], str]
    stored: bool = False
    clamps: bool = False


# All that Cellwire can write. Nothing else makes a command that sets something.
WRITABLE: dict[int, Writable] = {
    CURRENT_LIMIT: Writable(
        code=U16, allowed=range(NO_LIMIT), show=_amperes, stored=True, clamps=True
    ),
    VOLATILE_LIMIT: Writable(code=U16, allowed=range(NO_LIMIT), show=_amperes, clamps=True),
    NETWORK_MODE: Writable(code=U8, allowed=(EXTERNAL_CONTROL,), show=hex),
    # Whether this one is stored is not known, so it counts as if it were.
    DEVICE_MODE: Writable(code=U8, allowed=(ON, OFF), show=_mode, stored=True),
}


def setting(register: int, raw: int) -> Question:
    """Make the command that sets a register; it is sent once.

    Raises KeyError or ValueError for what must not be written.
    """
    writable = WRITABLE[register]
    if raw not in writable.allowed:
        raise ValueError(f"{raw} for {register:04X}")
    frame = put(register, struct.pack(f"<{writable.code}", raw))
    return Question(Command.SET, register, frame, tries=1)


def _number(register: int, frame: HexFrame) -> int | None:
    """Return the number in an answer; None if it has another size or is none."""
    code = f"<{WRITABLE[register].code}"
    if not frame.names_register or len(frame.value) != struct.calcsize(code):
        return None
    number: int = struct.unpack(code, frame.value)[0]
    return number


def _refusal(control: str, frame: HexFrame) -> Refused | None:
    """Return what the charger has against a command, if anything."""
    if frame.command == Answer.UNKNOWN:
        return Refused(control, "device_refused", detail="unknown command")
    if frame.flags:
        return Refused(control, "device_refused", detail=Flag(frame.flags).words)
    return None


class Writer:
    """Looks, writes, and looks again."""

    def __init__(self, exchange: Exchange, thrift: Thrift) -> None:
        """Talk through `exchange`; count in `thrift` what may wear the memory."""
        self._exchange = exchange
        self._thrift = thrift

    async def change(
        self, control: str, register: int, raw: int, *, budget: int | None = None
    ) -> None:
        """Set a stored register unless it is so already, `budget` times a day at most.

        Raises Refused, and LinkError or NoAnswer when nothing was written.
        """
        before = await self._look(control, register)
        show = WRITABLE[register].show
        if show(before) == show(raw):
            return
        if budget is not None and not self._thrift.left(budget):
            raise Refused(control, "budget_used", detail=str(budget))
        await self._write(control, register, raw, before)

    async def renew(self, control: str, raw: int) -> None:
        """Set the volatile limit, which holds for a minute; nothing of it is stored.

        Raises Refused, and LinkError or NoAnswer when nothing was written.
        """
        before = await self._look(control, VOLATILE_LIMIT)
        # Whether a charger wants to be told this first differs; the limit itself is looked at.
        with suppress(Refused):
            await self._tell(control, NETWORK_MODE, EXTERNAL_CONTROL)
        await self._write(control, VOLATILE_LIMIT, raw, before)

    async def _write(self, control: str, register: int, raw: int, before: int) -> None:
        """Set a register and make sure of it."""
        writable = WRITABLE[register]
        show = writable.show
        known = f"{show(raw)} sent, {show(before)} before"
        told = await self._tell(control, register, raw, known)
        try:
            after = await self._look(control, register)
        except CellwireError as err:
            raise Refused(control, "unknown_state", detail=known) from err
        if show(after) == show(raw):
            return
        if writable.clamps and (after != before or after == told):
            # The charger chose another limit: what it read back is shown.
            return
        raise Refused(control, "not_taken", detail=show(after))

    async def _look(self, control: str, register: int) -> int:
        """Ask for the number in a register."""
        answer = await self._exchange(asking(register))
        if refusal := _refusal(control, answer):
            raise refusal
        if (number := _number(register, answer)) is None:
            raise Refused(control, "device_refused", detail=f"value {answer.value.hex()}")
        return number

    async def _tell(self, control: str, register: int, raw: int, known: str = "") -> int | None:
        """Send a command that sets a register; return what the charger says of it, if anything.

        No answer is no failure: what became of it is seen when the register is read.
        """
        command = setting(register, raw)
        try:
            answer = await self._exchange(command)
        except CellwireError as err:
            if not command.sent:
                raise
            if isinstance(err, NoAnswer):
                return None
            raise Refused(control, "unknown_state", detail=known) from err
        finally:
            if command.sent and WRITABLE[register].stored:
                self._thrift.spend()
        if refusal := _refusal(control, answer):
            raise refusal
        return _number(register, answer)
