"""Plain Modbus, which boards of the newer generation share with other devices on a bus.

Source: docs/devices/jk_bms.md, "Plain Modbus" and "Telling the generations apart".
"""

from dataclasses import dataclass
import re
import struct
from typing import override

from ..crc import crc
from ..framing import NEVER, Match, Scanner
from .modbus_frame import HEADER, PAYLOAD, SIZE, Content
from .modbus_reading import FIELDS
from .modbus_settings import HEATING, SETTINGS

READ = 3
EXCEPTION = 0x80
HEAD_SIZE = 3
EXCEPTION_SIZE = 5
# The first question: ten registers from 0x1200 on, which are cells in mV.
CELLS, CELL_COUNT = 0x1200, 10
# What can be cells. It tells boards from other devices and hides nothing: a board with no cell in
# this range among its first ten is not found by this question.
LOWEST_CELL, HIGHEST_CELL = 500, 5000


@dataclass(frozen=True, slots=True)
class Registers:
    """An answer: registers, big-endian, or None and the exception code."""

    address: int
    data: bytes | None
    code: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """Registers to read in one go: the offset of the first in bytes, and how many words.

    Boards without what is `optional` may decline it.
    """

    offset: int
    words: int
    optional: bool = False


BASES = {Content.STATUS: 0x1200, Content.SETTINGS: 0x1000, Content.ABOUT: 0x1400}
# About 40 words in one go work, 128 do not. What is secret in the about registers is not read.
PARTS = {
    Content.STATUS: (Part(0x00, 40), Part(0x50, 40), Part(0xA0, 40), Part(0xF0, 8, optional=True)),
    Content.SETTINGS: (Part(0x00, 40), Part(0x50, 28), Part(0x10C, 2), Part(0x116, 1)),
    Content.ABOUT: (Part(0x00, 16), Part(0x50, 8)),
}
# What the decoders take from the data frames, and how it is made: numbers turn round, texts don't.
LAYOUTS = {
    Content.STATUS: FIELDS,
    Content.SETTINGS: dict.fromkeys(SETTINGS, "i") | {HEATING - PAYLOAD: "2b"},
    Content.ABOUT: {0x00: "32s", 0x50: "16s"},
}


def read_request(address: int, register: int, words: int) -> bytes:
    """Build a question. A register is named by its place in bytes, but counted in words."""
    body = bytes((address, READ)) + register.to_bytes(2) + words.to_bytes(2)
    return body + crc(body)


def plain_request(address: str) -> bytes:
    """Build the question for the first registers of a board, in plain Modbus."""
    return read_request(int(address), CELLS, CELL_COUNT)


class PlainScanner(Scanner[Registers]):
    """Finds answers of a size, which is all by which they tell what they answer."""

    starts = re.compile(rb"[\x00-\x0f](?:\x03|\x83|\Z)")
    # How many words are expected.
    words = CELL_COUNT

    @override
    def match(self, start: int) -> Match[Registers] | int:
        available = len(self.buffer) - start
        if available < HEAD_SIZE:
            return HEAD_SIZE - available
        address, function, detail = self.buffer[start : start + HEAD_SIZE]
        refused = function != READ
        if not refused and detail != 2 * self.words:
            return NEVER
        size = EXCEPTION_SIZE if refused else HEAD_SIZE + detail + 2
        if available < size:
            return size - available
        raw = bytes(self.buffer[start : start + size])
        if crc(raw[:-2]) != raw[-2:]:
            self.health.checksum_errors += 1
            return NEVER
        data = None if refused else raw[HEAD_SIZE:-2]
        return Match(size, Registers(address, data, detail if refused else 0, raw))


def can_be_cells(answer: Registers) -> bool:
    """Tell whether an answer to a plain request can be that of a board."""
    return answer.data is not None and max(_words(answer.data)) <= HIGHEST_CELL


def are_cells(answer: Registers) -> bool:
    """Tell whether an answer to a plain request holds cells indeed."""
    return (
        answer.data is not None and can_be_cells(answer) and max(_words(answer.data)) >= LOWEST_CELL
    )


def is_foreign_answer(data: bytes, address: str) -> bool:
    """Tell whether a Modbus device that is no board answers a plain request."""
    scanner = PlainScanner()
    answers = scanner.feed(data) + scanner.flush()
    return any(each.address == int(address) and not can_be_cells(each) for each in answers)


def to_data(content: Content, registers: bytes) -> bytes:
    """Put registers, from the first on, into the data frame that a trigger would bring."""
    data = bytearray(SIZE)
    data[: PAYLOAD - 1] = HEADER + bytes((content,))
    for offset, layout in LAYOUTS[content].items():
        values = struct.unpack_from(f">{layout}", registers, offset)
        struct.pack_into(f"<{layout}", data, PAYLOAD + offset, *values)
    data[-1] = sum(data) & 0xFF
    return bytes(data)


def _words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 2}H", data)
