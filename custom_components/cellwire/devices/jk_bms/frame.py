"""Frames of the classic protocol, "4E 57": requests out, replies in.

Source: docs/devices/jk_bms.md, "The classic frame" and "Reading everything".
"""

from dataclasses import dataclass
import re
from typing import override

from ..framing import NEVER, Match, Scanner

HEADER = b"\x4e\x57"
END = 0x68
# The length field counts everything but the header.
SHORTEST = 0x13
LONGEST = 400
# Before the information field: header 2, length 2, terminal number 4, command, source, transport.
INFO = 11
# Behind it: record number 4, end byte, checksum 4.
TAIL = 9

WRITE = 2
READ_ONE = 3
UNLOCK = 5
READ_ALL = 6

FROM_BMS = 0
FROM_GPS = 2
FROM_PC = 3

REQUEST = 0
REPLY = 1
UPLOAD = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose length, end byte and checksum are right."""

    command: int
    source: int
    transport: int
    info: bytes
    raw: bytes

    @property
    def is_reply(self) -> bool:
        """Whether a BMS answers with it; the echo of a request is none."""
        return self.transport == REPLY and self.source == FROM_BMS


def checksum(data: bytes) -> int:
    """Return the 16-bit sum over everything from the header to the end byte."""
    return sum(data) & 0xFFFF


def build(command: int, source: int, transport: int, info: bytes) -> bytes:
    """Build a frame; the terminal and record numbers are 0, as everybody sends them."""
    length = SHORTEST - 1 + len(info)
    head = HEADER + length.to_bytes(2) + bytes(4) + bytes((command, source, transport))
    body = head + info + bytes(4) + bytes((END,))
    return body + checksum(body).to_bytes(4)


# Every board reported answers the first form, most the second as well; the third brings the same
# list under command 3 (docs/devices/jk_bms.md, "Reading everything").
READ_ALL_REQUESTS = tuple(
    build(command, source, REQUEST, b"\x00")
    for command, source in ((READ_ALL, FROM_PC), (READ_ALL, FROM_GPS), (READ_ONE, FROM_PC))
)


class FrameScanner(Scanner[Frame]):
    """Finds classic frames, requests and replies alike."""

    starts = re.compile(rb"\x4e(?:\x57|\Z)")

    @override
    def match(self, start: int) -> Match[Frame] | int:
        available = len(self.buffer) - start
        if available < 4:
            return 4 - available
        length = int.from_bytes(self.buffer[start + 2 : start + 4])
        if not SHORTEST <= length <= LONGEST:
            return NEVER
        size = length + len(HEADER)
        if available < size:
            return size - available
        raw = bytes(self.buffer[start : start + size])
        if raw[-5] != END:
            return NEVER
        # The upper half of the checksum is reserved and says nothing.
        if checksum(raw[:-4]) != int.from_bytes(raw[-2:]):
            self.health.checksum_errors += 1
            return NEVER
        return Match(size, Frame(raw[8], raw[9], raw[10], raw[INFO:-TAIL], raw))
