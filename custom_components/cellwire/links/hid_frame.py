"""Modbus in USB reports, as chargers of Junsi speak it: bytes to answers and back, nothing else.

A report has 64 bytes. A frame is its own length, a type and a Modbus PDU, without address,
checksum or number of the request; what stands behind it in the report is left over from earlier
ones. See docs/usb_hid.md, "Reports".
"""

from collections.abc import Sequence
from dataclasses import dataclass
import struct

REPORT_SIZE = 64
HOLDING, INPUT, WRITE = 3, 4, 16
MOST_READ, MOST_WRITTEN = 30, 28

_MODBUS = 0x30
_LOG_TYPES = frozenset((0x10, 0x11, 0x20))
_EXCEPTION = 0x80
_EXCEPTION_SIZE = 4
_WRITTEN_SIZE = 7
# Length, type, function and number of bytes; the registers follow.
_READ_HEAD = 4
_REGISTERS = 0x10000
# The system takes the number of a report in front, 0 where reports have none.
_REPORT_NUMBER = b"\x00"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a charger answered: the registers that were read, or the code of an exception."""

    registers: tuple[int, ...] = ()
    exception: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A question or an order, and what may pass for an answer to it."""

    function: int
    address: int
    count: int
    values: tuple[int, ...] = ()

    @property
    def is_order(self) -> bool:
        """Whether it writes something."""
        return self.function == WRITE

    @property
    def report(self) -> bytes:
        """The report to write, 64 bytes behind the number of the report."""
        pdu = self._head
        if self.values:
            pdu += struct.pack(f">B{self.count}H", 2 * self.count, *self.values)
        frame = bytes((len(pdu) + 2, _MODBUS)) + pdu
        return _REPORT_NUMBER + frame.ljust(REPORT_SIZE, b"\x00")

    def answer(self, report: bytes) -> Answer | None:
        """Return the answer in a report, or None if it is none to this request.

        Reads are told from one another by function and size only, writes by their address too.
        """
        frame = report[: report[0]] if report else b""
        if len(frame) < _EXCEPTION_SIZE or len(frame) != report[0] or frame[1] != _MODBUS:
            return None
        if frame[2] == self.function | _EXCEPTION and len(frame) == _EXCEPTION_SIZE:
            return Answer(exception=frame[3])
        if self.is_order:
            return Answer() if frame[2:] == self._head else None
        size = 2 * self.count
        if frame[2] != self.function or frame[3] != size or len(frame) != _READ_HEAD + size:
            return None
        return Answer(struct.unpack(f">{self.count}H", frame[_READ_HEAD:]))

    @property
    def _head(self) -> bytes:
        return struct.pack(">BHH", self.function, self.address, self.count)


def read_request(function: int, address: int, count: int) -> Request:
    """Ask for up to 30 registers, function 3 or 4. Raises ValueError for what can't be asked."""
    _check(address, count, MOST_READ)
    return Request(function, address, count)


def write_request(address: int, values: Sequence[int]) -> Request:
    """Write up to 28 registers of 16 bits. Raises ValueError for what can't be written."""
    _check(address, len(values), MOST_WRITTEN)
    if not all(0 <= value < _REGISTERS for value in values):
        raise ValueError(f"registers have 16 bits: {list(values)}")
    return Request(WRITE, address, len(values), tuple(values))


def is_log_frame(report: bytes) -> bool:
    """Tell whether a report is one that chargers send unasked while a program runs."""
    return len(report) > 1 and report[1] in _LOG_TYPES


def is_damaged_answer(report: bytes) -> bool:
    """Tell whether a report is an answer to something, but none that a charger would give."""
    if len(report) <= 1 or report[1] != _MODBUS:
        return False
    frame = report[: report[0]]
    if len(frame) < _EXCEPTION_SIZE or len(frame) != report[0]:
        return True
    if frame[2] in (HOLDING, INPUT):
        return len(frame) != _READ_HEAD + frame[3] or bool(frame[3] % 2)
    if frame[2] == WRITE:
        return len(frame) != _WRITTEN_SIZE
    return frame[2] & ~_EXCEPTION not in (HOLDING, INPUT, WRITE) or len(frame) != _EXCEPTION_SIZE


def _check(address: int, count: int, most: int) -> None:
    if not 0 < count <= most:
        raise ValueError(f"one report takes 1 to {most} registers, not {count}")
    if not 0 <= address <= _REGISTERS - count:
        raise ValueError(f"there are no registers from {address} on")
