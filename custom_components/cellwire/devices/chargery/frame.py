"""Frames of the stream on COM3, and the spacer between them.

Source: docs/devices/chargery.md, "The frame" and "The spacer".
"""

from dataclasses import dataclass
from enum import IntEnum
import re
from typing import override

from ..framing import NEVER, Match, Scanner

HEADER = b"\x24\x24"
SPACER = b"h::3\r\n"
MOST_CELLS = 24


class Command(IntEnum):
    """What a frame is about; for the spacer, the byte that stands in this place."""

    SPACER = SPACER[2]
    CELLS = 0x56
    PACK = 0x57
    RESISTANCES = 0x58


# Total lengths that some protocol version has, from few cells to all.
LENGTHS: dict[int, frozenset[int]] = {
    Command.CELLS: frozenset((*range(10, 6 + 2 * MOST_CELLS + 1, 2), *range(11, 62, 2))),
    Command.PACK: frozenset((14, 15, 19)),
    Command.RESISTANCES: frozenset(range(10, 8 + 2 * MOST_CELLS + 1, 2)),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose length and checksum are right, from the header to the checksum."""

    command: Command
    raw: bytes


def checksum(data: bytes) -> int:
    """Return the 8-bit sum over everything before the checksum, header included."""
    return sum(data) & 0xFF


class FrameScanner(Scanner[Frame]):
    """Finds frames and spacers."""

    starts = re.compile(
        rb"\x24(?:\x24(?:[\x56-\x58]|\Z)|\Z)|h(?::(?::(?:3(?:\r(?:\n|\Z)|\Z)|\Z)|\Z)|\Z)"
    )

    @override
    def match(self, start: int) -> Match[Frame] | int:
        available = len(self.buffer) - start
        if self.buffer[start] == SPACER[0]:
            missing = len(SPACER) - available
            return missing if missing > 0 else Match(len(SPACER), Frame(Command.SPACER, SPACER))
        if available < 4:
            return 4 - available
        command, size = self.buffer[start + 2], self.buffer[start + 3]
        if size not in LENGTHS[command]:
            return NEVER
        if available < size:
            return size - available
        raw = bytes(self.buffer[start : start + size])
        if checksum(raw[:-1]) != raw[-1]:
            self.health.checksum_errors += 1
            return NEVER
        return Match(size, Frame(Command(command), raw))
