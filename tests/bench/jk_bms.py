"""Simulated JK boards: the classic protocol, and a bus of the newer generation."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field

from . import faults
from .captures import capture
from .faults import Fault
from .modbus import READ_SIZE, crc
from .wire import Wire

READ_ALL = (
    bytes.fromhex("4E5700130000000006030000000000006800000129"),
    bytes.fromhex("4E5700130000000006020000000000006800000128"),
    bytes.fromhex("4E5700130000000003030000000000006800000126"),
)
BAUDRATE = 115200
# A board begins to answer so long after the last byte of the question.
CLASSIC_DELAY = 0.0006
BUS_DELAY = 0.035


def edit(frame: bytes, values: dict[int, str], cells: list[int] | None = None) -> bytes:
    """Return a recorded classic reply with other values (hex by identifier) or cells (mV)."""
    info = frame[11:-9]
    end = 2 + info[1]
    old, rest = info[2:end], info[end:]
    if cells is not None:
        old = b"".join(bytes((n,)) + mv.to_bytes(2) for n, mv in enumerate(cells, 1))
    for identifier, value in values.items():
        new = bytes.fromhex(value)
        at = find(rest, identifier)
        rest = rest[: at + 1] + new + rest[at + 1 + len(new) :]
    return reframe(frame[8], b"\x79" + bytes((len(old),)) + old + rest)


def find(fields: bytes, identifier: int) -> int:
    """Return where an identifier stands in the list behind the cells."""
    sizes = {0x89: 4, 0xAA: 4, 0xB2: 10, 0xB4: 8, 0xB5: 4, 0xB6: 4, 0xB7: 15, 0xB9: 4, 0xBA: 24}
    short = {0x85, 0x86, 0x9D, 0xA9, 0xAB, 0xAC, 0xAE, 0xAF, 0xB1, 0xB3, 0xB8, 0xC0}
    at = 0
    while fields[at] != identifier:
        at += 1 + sizes.get(fields[at], 1 if fields[at] in short else 2)
    return at


def reframe(command: int, info: bytes) -> bytes:
    """Put an information field into a reply frame."""
    body = b"\x4e\x57" + (18 + len(info)).to_bytes(2) + bytes(4) + bytes((command, 0, 1))
    body += info + bytes(4) + b"\x68"
    return body + bytes(2) + (sum(body) & 0xFFFF).to_bytes(2)


class ClassicBoard:
    """A board that answers read-all with a recorded reply."""

    def __init__(self, wire: Wire, reply: bytes, forms: tuple[bytes, ...] = READ_ALL) -> None:
        """Answer only some forms of the question with `forms`."""
        self.wire = wire
        self.reply = reply
        self.forms = forms
        self.fault: Fault = faults.none
        self.echoes = False
        self.questions = 0
        self._input = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        wire.attach(self._receive)

    def _receive(self, data: bytes) -> None:
        self._input += data
        while len(self._input) >= len(READ_ALL[0]):
            question = bytes(self._input[: len(READ_ALL[0])])
            if question not in READ_ALL:
                del self._input[0]
                continue
            del self._input[: len(question)]
            self.questions += 1
            answer = reframe(question[8], self.reply[11:-9]) if question in self.forms else b""
            # A reply whose own checksum is wrong stays as it is.
            if self.reply[8] == question[8] and answer:
                answer = self.reply
            echo = question if self.echoes else b""
            self._later(self._answer(echo, answer))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, echo: bytes, answer: bytes) -> None:
        if echo:
            await self.wire.send(echo)
        if answer:
            await asyncio.sleep(CLASSIC_DELAY)
            for pause, piece in self.fault(answer):
                await asyncio.sleep(pause)
                await self.wire.send(piece)


@dataclass
class BusBoard:
    """One board on the bus: its three recorded frames by their type. None is never answered."""

    frames: dict[int, bytes | None]
    fault: Fault = field(default=faults.none)
    questions: list[int] = field(default_factory=list)


def resum(frame: bytes) -> bytes:
    """Return a data frame with the right sum."""
    return frame[:-1] + bytes((sum(frame[:-1]) & 0xFF,))


def recorded_board(name: str, serial: str | None = None) -> BusBoard:
    """Make a board of a recording, with a serial number instead of the blank one."""
    frames: dict[int, bytes | None] = {}
    for part in capture("jk_bms", name)["frames"]:
        data = bytes.fromhex(part["hex"])[part["payload_offset"] :][:300]
        frames.setdefault(data[4], data)
    about = frames[3]
    if about and serial:
        frames[3] = resum(about[:86] + serial.encode().ljust(16, b"\0") + about[102:])
    return BusBoard(frames)


CONTENTS = {0x1620: 2, 0x161E: 1, 0x161C: 3}


class Bus:
    """Boards on one RS485 line, by address."""

    def __init__(self, wire: Wire, boards: dict[int, BusBoard], *, echoes: bool = False) -> None:
        """With `echoes` the adapter sends back what it is given."""
        self.wire = wire
        self.boards = boards
        self.echoes = echoes
        self.padding = b""
        # What other Modbus devices answer to any read, by their address.
        self.strangers: dict[int, bytes] = {}
        self._input = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        wire.attach(self._receive)

    def _receive(self, data: bytes) -> None:
        self._input += data
        while len(self._input) >= READ_SIZE:
            read = bytes(self._input[:READ_SIZE])
            if crc(read[:-2]) == read[-2:]:
                del self._input[:READ_SIZE]
                self._later(self._reply(read, self.strangers.get(read[0], b"")))
                continue
            if len(self._input) < 11:
                return
            question = bytes(self._input[:11])
            if crc(question[:-2]) != question[-2:]:
                del self._input[0]
                continue
            del self._input[:11]
            self._later(self._answer(question))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, question: bytes, answer: bytes) -> None:
        await self.wire.send((question if self.echoes else b"") + answer)

    async def _answer(self, question: bytes) -> None:
        if self.echoes:
            await self.wire.send(question)
        content = CONTENTS[int.from_bytes(question[2:4])]
        board = self.boards.get(question[0])
        if board is None:
            return
        board.questions.append(content)
        frame = board.frames.get(content)
        if frame is None:
            return
        acknowledgement = question[:6] + crc(question[:6])
        await asyncio.sleep(BUS_DELAY)
        for pause, piece in board.fault(frame + self.padding + acknowledgement + self.padding):
            await asyncio.sleep(pause)
            await self.wire.send(piece)


class MasterBus:
    """A bus whose master talks unasked: plays one recorded cycle again and again."""

    def __init__(self, wire: Wire, cycle: float = 4.4) -> None:
        """Spread the recorded sequence over `cycle` seconds."""
        self.wire = wire
        sequence = capture("jk_bms", "pb_real_bus_master_cycle")["sequence"]
        self._sequence = [bytes.fromhex(part["hex"]) for part in sequence]
        self._pause = cycle / len(self._sequence)

    async def run(self) -> None:
        """Talk until cancelled."""
        while True:
            for part in self._sequence:
                await self.wire.send(part)
                await asyncio.sleep(self._pause)
