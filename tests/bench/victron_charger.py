"""A simulated Blue Smart charger: plays a recorded stream and answers questions for registers."""

import asyncio
from collections.abc import Sequence
from functools import cache
import itertools
import re

from . import faults
from .captures import recording
from .faults import Fault
from .wire import Wire

BAUDRATE = 19200
SERIAL = "HQ2230XY6XR"
PRODUCT = 0xA334
# Where the stream can be cut: a text block with the frames behind it takes a second.
_SECOND = re.compile(rb"(?=\r\nPID)")

_LABELS = {"SER": "SER#", "HC": "HC#"}

# What an IP22 24/12 with firmware 3.42 has; other registers are unknown to it.
REGISTERS: dict[int, bytes] = {
    0x0100: bytes.fromhex("0034A3FF"),
    0x0102: bytes.fromhex("00FF4203"),
    0x010A: SERIAL.encode(),
    0x010B: b"Blue Smart IP22 Charger 24/12 (1)",
    0x010C: f"BSC IP22 24/12...{SERIAL}\0".encode(),
    0x0140: (0x40C100FC).to_bytes(4, "little"),
    0x0206: b"\x00",
    0xE001: b"\x00",
    0xE002: bytes(4),
    0xEDDA: b"\x00",
    0xEDE9: (2640).to_bytes(2, "little"),
    0xEDF0: (120).to_bytes(2, "little"),
    0xEDF1: b"\x00",
    0xEDF2: (-3240).to_bytes(2, "little", signed=True),
    0xEDF5: (2640).to_bytes(2, "little"),
    0xEDF6: (2760).to_bytes(2, "little"),
    0xEDF7: (2880).to_bytes(2, "little"),
    0xEDFC: (2400).to_bytes(2, "little"),
    0xEDFE: b"\x01",
}


def hex_frame(command: int, data: bytes) -> bytes:
    """Build a HEX frame."""
    check = (0x55 - command - sum(data)) & 0xFF
    return f":{command:X}{data.hex().upper()}{check:02X}\n".encode()


def block(**fields: str) -> bytes:
    """Build a text block; `SER` and `HC` stand for the labels with a number sign."""
    text = b"".join(
        f"\r\n{_LABELS.get(label, label)}\t{value}".encode() for label, value in fields.items()
    )
    text += b"\r\nChecksum\t"
    return text + bytes((-sum(text) & 0xFF,))


@cache
def recorded_seconds() -> tuple[bytes, ...]:
    """Cut the recorded stream of 52 s into its seconds."""
    stream = recording("victron_charger", "02_ip22_24_12_fw342_stream")
    return tuple(part for part in _SECOND.split(stream) if part)


class Charger:
    """Talks once a second and answers in between."""

    def __init__(
        self,
        wire: Wire,
        seconds: Sequence[bytes] | None = None,
        registers: dict[int, bytes] | None = None,
        *,
        period: float = 1.0,
    ) -> None:
        """Play `seconds` over and over, one each `period`; what is asked comes of `registers`."""
        self.wire = wire
        self.seconds = list(recorded_seconds() if seconds is None else seconds)
        self.registers = dict(REGISTERS if registers is None else registers)
        self.period = period
        self.fault: Fault = faults.none
        self.deaf = False
        self.powered = True
        self.questions: list[int] = []
        for second in reversed(self.seconds):
            self._remember(second)
        self._input = bytearray()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._sending = asyncio.Lock()
        wire.attach(self._receive)

    async def run(self) -> None:
        """Talk until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._talk())
            tasks.create_task(self._answer())

    async def _talk(self) -> None:
        for count in itertools.count():
            second = self.seconds[count % len(self.seconds)]
            if self.powered:
                self._remember(second)
            await self._send(second)
            await asyncio.sleep(self.period)

    async def _answer(self) -> None:
        while True:
            await self._send(await self._answers.get())

    async def _send(self, data: bytes) -> None:
        """Send what is left of it on its way, if there is power: one thing after the other."""
        async with self._sending:
            for pause, piece in self.fault(data) if self.powered else ():
                await asyncio.sleep(pause)
                await self.wire.send(piece)

    def _remember(self, second: bytes) -> None:
        """Answer with what was sent unasked before, and be who the text says."""
        if product := re.search(rb"PID\t0x([0-9A-F]{4})", second):
            number = int(product[1], 16).to_bytes(2, "little")
            self.registers[0x0100] = b"\0" + number + b"\xff"
        if serial := re.search(rb"SER#\t([^\r]+)", second):
            self.registers[0x010A] = serial[1]
        for frame in re.findall(rb":A([0-9A-F]{6,})\n", second):
            data = bytes.fromhex(frame.decode())
            self.registers[int.from_bytes(data[:2], "little")] = data[3:-1]

    def _receive(self, data: bytes) -> None:
        self._input += data
        *lines, rest = bytes(self._input).split(b"\n")
        self._input = bytearray(rest)
        for line in lines:
            if line and self.powered and not self.deaf:
                self._answers.put_nowait(self._reply(line))

    def _reply(self, line: bytes) -> bytes:
        try:
            command = int(line[1:2], 16)
            data = bytes.fromhex(line[2:].decode())
        except ValueError:
            return hex_frame(4, b"\xaa\xaa")
        if line[:1] != b":" or (command + sum(data)) & 0xFF != 0x55 or not data:
            return hex_frame(4, b"\xaa\xaa")
        if command != 7:
            return self.reply_to_other(command, data)
        register = int.from_bytes(data[:2], "little")
        self.questions.append(register)
        if register not in self.registers:
            return hex_frame(7, data[:2] + b"\x01")
        return hex_frame(7, data[:2] + b"\x00" + self.registers[register])

    def reply_to_other(self, command: int, _data: bytes) -> bytes:
        """Answer a command that asks for no register; `_data` ends with its check byte."""
        return hex_frame(3, bytes((command,)))
