"""Writing registers: what a family may write at all, and the one way in which it is done.

Source: docs/vedirect.md, "Writing".
"""

from collections.abc import Awaitable, Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
import struct

from ...links.errors import CellwireError
from ..errors import NoAnswer, Refused
from ..thrift import Thrift
from .hex import Answer, Command, Flag, HexFrame, put
from .questions import Question, asking

VOLATILE_LIMIT = 0x2015
NETWORK_MODE = 0x200E
# Networked, and controlled from outside. Never bit 3, which makes a charger wait for a BMS.
EXTERNAL_CONTROL = 0x05

# Sends a command and waits for its answer. Raises LinkError or NoAnswer.
type Exchange = Callable[[Question], Awaitable[HexFrame]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writable:
    """A register that may be written, with what.

    `show` says a number in words; numbers with equal words mean the same. `stored` says that each
    write may wear the memory of the device, `clamps` that it chooses the nearest value itself.
    """

    code: str
    allowed: Container[int]
    show: Callable[[int], str]
    stored: bool = False
    clamps: bool = False


# All that a family can write, by the number of the register. Nothing else makes a command that
# sets something.
type WritableTable = Mapping[int, Writable]


def setting(table: WritableTable, register: int, raw: int) -> Question:
    """Make the command that sets a register; it is sent once.

    Raises KeyError or ValueError for what must not be written.
    """
    writable = table[register]
    if raw not in writable.allowed:
        raise ValueError(f"{raw} for {register:04X}")
    frame = put(register, struct.pack(f"<{writable.code}", raw))
    return Question(Command.SET, register, frame, tries=1)


def _number(writable: Writable, frame: HexFrame) -> int | None:
    """Return the number in an answer; None if it has another size or is none."""
    code = f"<{writable.code}"
    if not frame.names_register or len(frame.value) != struct.calcsize(code):
        return None
    number: int = struct.unpack(code, frame.value)[0]
    return number


def _refusal(control: str, frame: HexFrame) -> Refused | None:
    """Return what the device has against a command, if anything."""
    if frame.command == Answer.UNKNOWN:
        return Refused(control, "device_refused", detail="unknown command")
    if frame.flags:
        return Refused(control, "device_refused", detail=Flag(frame.flags).words)
    return None


class Writer:
    """Looks, writes, and looks again."""

    def __init__(self, table: WritableTable, exchange: Exchange, thrift: Thrift) -> None:
        """Talk through `exchange`; count in `thrift` what may wear the memory."""
        self._table = table
        self._exchange = exchange
        self._thrift = thrift

    async def change(
        self, control: str, register: int, raw: int, *, budget: int | None = None
    ) -> None:
        """Set a stored register unless it is so already, `budget` times a day at most.

        Raises Refused, and LinkError or NoAnswer when nothing was written.
        """
        before = await self._look(control, register)
        show = self._table[register].show
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
        # Whether a device wants to be told this first differs; the limit itself is looked at.
        with suppress(Refused):
            await self._tell(control, NETWORK_MODE, EXTERNAL_CONTROL)
        await self._write(control, VOLATILE_LIMIT, raw, before)

    async def _write(self, control: str, register: int, raw: int, before: int) -> None:
        """Set a register and make sure of it."""
        writable = self._table[register]
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
            # The device chose another limit: what it read back is shown.
            return
        raise Refused(control, "not_taken", detail=show(after))

    async def _look(self, control: str, register: int) -> int:
        """Ask for the number in a register."""
        answer = await self._exchange(asking(register))
        if refusal := _refusal(control, answer):
            raise refusal
        if (number := _number(self._table[register], answer)) is None:
            raise Refused(control, "device_refused", detail=f"value {answer.value.hex()}")
        return number

    async def _tell(self, control: str, register: int, raw: int, known: str = "") -> int | None:
        """Send a command that sets a register; return what the device says of it, if anything.

        No answer is no failure: what became of it is seen when the register is read.
        """
        command = setting(self._table, register, raw)
        try:
            answer = await self._exchange(command)
        except CellwireError as err:
            if not command.sent:
                raise
            if isinstance(err, NoAnswer):
                return None
            raise Refused(control, "unknown_state", detail=known) from err
        finally:
            if command.sent and self._table[register].stored:
                self._thrift.spend()
        if refusal := _refusal(control, answer):
            raise refusal
        return _number(self._table[register], answer)
