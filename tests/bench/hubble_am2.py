"""Simulated packs with a PACE BMS, for a bus of tests/bench/modbus.py."""

from collections.abc import Sequence
import math
import time
from typing import Any, override

from .captures import capture
from .modbus import HOLDING, ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, Refusal, Slave

BAUDRATE = 9600
# A pack begins to answer so long after the last byte of the question.
DELAY = 0.03
LIVE, SETTINGS, TEXTS = 0, 60, 150
VERSION = "P13S120A-12290-2.05T"


def vector(name: str) -> Any:
    """Return a made exchange."""
    return capture("hubble_am2", "constructed_vectors")["vectors"][name]


def registers_of(reply: str) -> list[int]:
    """Return the registers in a reply, given as hexadecimal bytes."""
    data = bytes.fromhex(reply)[3:-2]
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def text_registers(version: str, serial: str, pack_serial: str = "") -> list[int]:
    """Build registers 150 to 179, padded with spaces and zeros as a pack may do it."""
    data = version.encode().ljust(20) + serial.encode().ljust(20)
    data += pack_serial.encode().ljust(20, b"\0")
    return [int.from_bytes(data[at : at + 2]) for at in range(0, 60, 2)]


class Pack(Slave):
    """A pack that answers with blocks of registers, and refuses to read what is in none of them.

    `asked` keeps the first register of each request.
    """

    def __init__(
        self,
        live: Sequence[int] | None = None,
        *,
        serial: str = "122900112250937",
        version: str = VERSION,
        pack_serial: str = "2022-03-04 10:11",
        delay: float = 0.0,
    ) -> None:
        """Answer with the live registers of a recording unless others are given."""
        super().__init__()
        self.delay = delay
        self.asked: list[int] = []
        self.blocks: dict[int, list[int]] = {
            LIVE: list(live or vector("live_block_pack_1")["registers"]),
            SETTINGS: list(vector("settings_block_60_114")["registers"]),
            TEXTS: text_registers(version, serial, pack_serial),
        }

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        self.asked.append(address)
        if function != HOLDING:
            raise Refusal(ILLEGAL_FUNCTION)
        for first, block in self.blocks.items():
            if first <= address and address + count <= first + len(block):
                return block[address - first : address - first + count]
        raise Refusal(ILLEGAL_ADDRESS)


class ChargingPack(Pack):
    """A pack that is being charged: its values move as those of a real one do.

    `number` makes the packs of a bank differ a little. A charge from 40 % to full takes some
    minutes, and then begins anew.
    """

    full = 10500
    minutes = 20.0

    def __init__(self, number: int, delay: float = DELAY) -> None:
        """Begin to charge."""
        super().__init__(serial=f"12290011225093{number}", delay=delay)
        self.number = number
        self._begin = time.monotonic()

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        if address == LIVE:
            self.blocks[LIVE] = self.live(time.monotonic() - self._begin)
        return super().read(function, address, count)

    def live(self, seconds: float) -> list[int]:
        """Return registers 0 to 36 after some seconds."""
        share = 0.4 + 0.03 * self.number + seconds / 60 / self.minutes
        share = 0.4 + (share - 0.4) % 0.6
        wave = math.sin(seconds / 7 + self.number)
        # The current falls off near the end; each cell has its own small offset.
        current = round(100 * min(35 + 2 * wave, 400 * (1.003 - share)))
        cells = [
            round(3600 + 550 * share + 6 * math.sin(3 * cell + self.number) + wave)
            for cell in range(1, 14)
        ]
        warmth = round(10 * (21 + self.number / 2 + 3 * share))
        return [
            current, round(sum(cells) / 10), int(100 * share), 100,
            round(self.full * share), self.full, 10000, 400 + 11 * self.number,
            0, 0, 0, 0x0D00, 1 << cells.index(max(cells)) if share > 0.9 else 0, 0, 0,
            *cells, 0, 0, 0,
            warmth, warmth + 1, warmth + 1, warmth - 1, warmth + 30, warmth + 15,
        ]  # fmt: skip


def charging_packs(count: int = 3) -> dict[int, Slave]:
    """Make a bank of packs that are being charged, for the demo."""
    return {number: ChargingPack(number) for number in range(1, count + 1)}
