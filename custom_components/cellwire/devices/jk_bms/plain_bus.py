"""Boards that answer plain Modbus and no trigger: read register by register, as the last resort.

Source: docs/devices/jk_bms.md, "Plain Modbus".
"""

import asyncio
from typing import override

from ...links.health import Direction
from ...links.link import Link
from ..asked import IDLE_GAP, Asker
from ..crc import crc
from ..device import Identity
from ..errors import BadAnswer, Declined, NoAnswer
from .board import Board
from .modbus import PACE, QUESTIONS, BusDevice
from .modbus_frame import Content
from .plain import BASES, HEAD_SIZE, PARTS, Part, PlainScanner, Registers, read_request, to_data
from .redact import scrub
from .switches import Switch
from .words import NAME

VARIANT = "modbus_plain"
TIMEOUT = 0.5
# An answer does not say what it answers, so a late one must be over before the next question.
QUIET = IDLE_GAP
# Half of the reads failed on a bus of several boards, for one owner.
READ_ATTEMPTS = 3
# Between two questions where there are several boards, on top of the usual pause.
SLOWLY = 0.3


class PlainBus(BusDevice):
    """Boards that are read by function 3 alone. What they don't answer to is not written either."""

    switches: tuple[Switch, ...] = ()

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        wires = self.wires
        self._registers = PlainScanner(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, scrub(noise))
        )
        self._reader = Asker(self, NAME, self._registers, pace=PACE, quiet=QUIET)

    @property
    @override
    def talking_time(self) -> float:
        question = READ_ATTEMPTS * (SLOWLY + self._reader.patience(TIMEOUT))
        reads = sum(times * len(PARTS[content]) for content, times in QUESTIONS.items())
        return 3 * reads * question * (len(self._boards) + 1)

    @override
    async def ask(self, address: str, content: Content, timeout: float | None = None) -> bytes:
        parts = PARTS[content]
        last = parts[-1]
        registers = bytearray(last.offset + 2 * last.words)
        for part in parts:
            try:
                data = await self._read(address, content, part)
            except Declined:
                if not part.optional:
                    raise
            else:
                registers[part.offset : part.offset + len(data)] = data
        return to_data(content, bytes(registers))

    @override
    async def _status(self, address: str, board: Board) -> bytes:
        return await self.ask(address, Content.STATUS)

    async def _read(self, address: str, content: Content, part: Part) -> bytes:
        """Read some registers, a present board's again when they don't come."""
        present = address in self._boards and self._attendance.is_present(address)
        attempts = READ_ATTEMPTS if present else 1
        while True:
            attempts -= 1
            try:
                return await self._read_once(address, content, part)
            except NoAnswer, BadAnswer:
                if not attempts:
                    raise

    async def _read_once(self, address: str, content: Content, part: Part) -> bytes:
        if len(self._boards) > 1:
            await asyncio.sleep(SLOWLY)
        self._registers.words = part.words
        await self._reader.send(
            read_request(int(address), BASES[content] + part.offset, part.words)
        )
        while True:
            for answer in await self._reader.frames(TIMEOUT):
                if answer.address == int(address):
                    self._note(answer, content)
                    if answer.data is None:
                        raise Declined(NAME, answer.code)
                    return answer.data

    def _note(self, answer: Registers, content: Content) -> None:
        shown = answer.raw
        if content is Content.ABOUT and answer.data:
            # A serial number may be among it.
            blank = shown[:HEAD_SIZE] + bytes(len(answer.data))
            shown = blank + crc(blank)
        self.wires.trace.add(Direction.RECEIVED, shown, (answer.address, len(shown)))
        self._reader.answered()
