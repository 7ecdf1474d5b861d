"""Simulated JK boards of the newer generation that answer plain Modbus and no trigger."""

import asyncio
import time
from typing import override

from .jk_bms import BUS_DELAY, Bus, BusBoard
from .modbus import HOLDING, ILLEGAL_ADDRESS, crc
from .wire import Wire

# The frames that hold the same data, by the first register of each kind.
BASES = {0x1200: 2, 0x1000: 1, 0x1400: 3}
SPAN = 0x126
# Where 32 bits, and where two single bytes or texts are; all else has 16 bits.
WIDE = {
    2: {0x40, 0x8C, 0x90, 0x94, 0x98, 0xA0, 0xA8, 0xAC, 0xB0, 0xB4, 0xBC, 0xF0, 0x100, 0x108},
    1: set(range(0, 0x114, 4)),
    3: {0x20, 0x24},
}
BYTES = {
    2: {0x48, 0xA6, 0xB8, 0xC0, 0xD0, 0xEE, 0x10C, 0x112},
    1: {0x116, 0x118},
    3: {*range(0, 0x20, 2), *range(0x28, 0xB4, 2)},
}


def registers(frame: bytes) -> bytes:
    """Turn the data of a frame into registers, big-endian."""
    content, data = frame[4], frame[6:]
    image = bytearray()
    while len(image) < SPAN:
        at = len(image)
        width = 4 if at in WIDE[content] else 2
        number = data[at : at + width]
        image += number if at in BYTES[content] else number[::-1]
    return bytes(image)


class PlainBoards(Bus):
    """Boards on one line that only know how to be read."""

    def __init__(self, wire: Wire, boards: dict[int, BusBoard], *, haste: float = 0.0) -> None:
        """Leave unanswered what is asked within `haste` seconds of the question before."""
        super().__init__(wire, boards)
        self.haste = haste
        # Registers from this offset of the status on do not exist.
        self.end = SPAN
        self.reads: list[tuple[int, int, int]] = []
        self._read_at = 0.0

    @override
    async def _answer(self, question: bytes) -> None:
        """Say nothing to a trigger."""

    @override
    async def _reply(self, question: bytes, answer: bytes) -> None:
        before, self._read_at = self._read_at, time.monotonic()
        address, register, words = (
            question[0],
            int.from_bytes(question[2:4]),
            int.from_bytes(question[4:6]),
        )
        self.reads.append((address, register, words))
        board = self.boards.get(address)
        if board is None or self._read_at - before < self.haste:
            return
        base = register & 0xFE00 if register & 0xFE00 in BASES else register & 0xFF00
        frame = board.frames.get(BASES.get(base, 0))
        offset = register - base
        body = bytes((address, HOLDING | 0x80, ILLEGAL_ADDRESS))
        if frame and (base != 0x1200 or offset + 2 * words <= self.end):
            body = bytes((address, HOLDING, 2 * words))
            body += registers(frame)[offset : offset + 2 * words]
        await asyncio.sleep(BUS_DELAY)
        for pause, piece in board.fault(body + crc(body)):
            await asyncio.sleep(pause)
            await self.wire.send(piece)
