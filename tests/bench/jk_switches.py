"""Simulated JK boards that can be switched: obedient, deaf, locked, or lost in between."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import override

from . import faults
from .faults import Fault
from .jk_bms import (
    BUS_DELAY,
    CLASSIC_DELAY,
    Bus,
    BusBoard,
    ClassicBoard,
    edit,
    find,
    recorded_board,
    reframe,
    resum,
)
from .modbus import crc
from .wire import Wire

WRITE, UNLOCK = 2, 5
# What a board can want of a request to write: source and transport, and what came before.
PLAIN = (3, 2)
UNLOCKED = (2, 0)
ANY_UNLOCK = b"\0\0"

# Bits of the state 0x8C that follow the switches, and bytes of a status frame that do.
STATE_BITS = {0xAB: 1, 0xAC: 2}
SETTINGS_PLACES = {0x1070: 0x76, 0x1074: 0x7A, 0x1078: 0x7E}
STATUS_PLACES = {0x1070: 0xC6, 0x1074: 0xC7}


def password_frame(password: str) -> bytes:
    """Return what must be in a frame that unlocks a board with a password."""
    return b"\xb2" + password.encode().ljust(10, b"\0")


@dataclass
class Habits:
    """How a board takes what is written to it.

    `delay` is the time until a write has its effect, `lose` is called when one arrived.
    """

    applies: bool = True
    delay: float = 0.0
    acknowledge: Fault = faults.none
    lose: Callable[[], None] | None = None
    writes: list[bytes] = field(default_factory=list)


class SwitchedBoard(ClassicBoard):
    """A classic board that takes the switches, in one form or both.

    `state` are the values of the identifiers that can be written, `unlocks` what was sent to
    unlock it.
    """

    def __init__(
        self,
        wire: Wire,
        reply: bytes,
        *,
        forms: tuple[tuple[int, int], ...] = (PLAIN, UNLOCKED),
        wants: bytes | None = None,
    ) -> None:
        """Take writes of these `forms`, after a frame that unlocks with `wants` if it is given."""
        super().__init__(wire, reply)
        self.habits = Habits()
        self.write_forms = forms
        self.wants = wants
        self.unlocks: list[bytes] = []
        self._frames = bytearray()

    @override
    def _receive(self, data: bytes) -> None:
        self._frames += data
        while len(self._frames) >= 4:
            if self._frames[:2] != b"NW":
                del self._frames[0]
                continue
            size = int.from_bytes(self._frames[2:4]) + 2
            if len(self._frames) < size:
                return
            frame = bytes(self._frames[:size])
            del self._frames[:size]
            if frame[8] == UNLOCK:
                self.unlocks.append(frame[11:-9])
            elif frame[8] == WRITE:
                self.habits.writes.append(frame)
                self._later(self._take(frame))
            else:
                super()._receive(frame)

    async def _take(self, frame: bytes) -> None:
        if self.habits.lose:
            self.habits.lose()
        if self.echoes:
            await self.wire.send(frame)
        await asyncio.sleep(CLASSIC_DELAY)
        self._later(self._apply(frame))
        for pause, piece in self.habits.acknowledge(reframe(WRITE, frame[11:12])):
            await asyncio.sleep(pause)
            await self.wire.send(piece)

    async def _apply(self, frame: bytes) -> None:
        await asyncio.sleep(self.habits.delay)
        unlocked = self.wants is None or self.wants in self.unlocks
        if self.habits.applies and unlocked and (frame[9], frame[10]) in self.write_forms:
            self.set(frame[11], frame[12])

    def set(self, identifier: int, value: int) -> None:
        """Set a switch, as the app would; what it switches follows."""
        self.reply = edit(self.reply, {identifier: f"{value:02X}"})
        if bit := STATE_BITS.get(identifier):
            fields = self.reply[13 + self.reply[12] : -9]
            state = fields[find(fields, 0x8C) + 2] & ~bit | bit * value
            self.reply = edit(self.reply, {0x8C: f"00{state:02X}"})


@dataclass
class SwitchedBusBoard(BusBoard):
    """A newer board that takes the switches."""

    habits: Habits = field(default_factory=Habits)

    def set(self, register: int, value: int) -> None:
        """Set a switch, as the app would; what it switches follows."""
        for content, places in ((1, SETTINGS_PLACES), (2, STATUS_PLACES)):
            frame = self.frames.get(content)
            at = places.get(register)
            if frame and at:
                self.frames[content] = resum(frame[:at] + bytes((value,)) + frame[at + 1 :])


def switched_board(name: str, serial: str | None = None) -> SwitchedBusBoard:
    """Make a board of a recording, with a serial number instead of the blank one."""
    return SwitchedBusBoard(recorded_board(name, serial).frames)


class SwitchedBus(Bus):
    """Boards on one RS485 line that can be switched, by address."""

    def __init__(self, wire: Wire, boards: dict[int, SwitchedBusBoard]) -> None:
        """Listen for writes of 32 bits beside the questions."""
        super().__init__(wire, dict(boards))
        self.switched = boards
        self._frames = bytearray()

    @override
    def _receive(self, data: bytes) -> None:
        self._frames += data
        while len(self._frames) >= 11:
            size = 9 + self._frames[6]
            if len(self._frames) < size:
                return
            frame = bytes(self._frames[:size])
            if crc(frame[:-2]) != frame[-2:]:
                del self._frames[0]
                continue
            del self._frames[:size]
            if size == 11:
                super()._receive(frame)
            else:
                self._later(self._take(frame))

    async def _take(self, frame: bytes) -> None:
        if self.echoes:
            await self.wire.send(frame)
        board = self.switched.get(frame[0])
        if board is None:
            return
        habits = board.habits
        habits.writes.append(frame)
        if habits.lose:
            habits.lose()
        self._later(self._apply(board, frame))
        await asyncio.sleep(BUS_DELAY)
        for pause, piece in habits.acknowledge(frame[:6] + crc(frame[:6])):
            await asyncio.sleep(pause)
            await self.wire.send(piece)

    async def _apply(self, board: SwitchedBusBoard, frame: bytes) -> None:
        await asyncio.sleep(board.habits.delay)
        if board.habits.applies:
            board.set(int.from_bytes(frame[2:4]), frame[10])
