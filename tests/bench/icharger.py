"""A simulated iCharger at the level of its registers: USB and serial lines carry it alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from .captures import capture
from .icharger_channel import IDLE, Channel
from .icharger_memory import HEAD, PRESET, SYSTEM, Memory, to_registers
from .icharger_pack import Pack
from .icharger_program import CHARGE, DISCHARGE, operation_number
from .modbus import (
    HOLDING,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    INPUT,
    Refusal,
    Slave,
)

INFO, CONTROL = 0x0000, 0x8000
MOST_READ, MOST_WRITTEN = 30, 28
SLOT, CHANNEL, LOCK, ORDER = 1, 2, 3, 4
UNLOCKED = 0x55AA
BUSY = 6
STOP, RUN, MODIFY = 0, 1, 2
COMMITS = (3, 4, 5)
ORDERS = 10
# What an open output reads is near the voltage of as many charged cells, in mV.
FLOATING_CELL = 4007


@dataclass(frozen=True)
class Model:
    """How a model presents itself; lengths in bytes."""

    product: str
    device_id: int
    channels: int
    cells: int
    system_length: int
    memory_length: int
    slots: int = 64
    software: int = 2107
    hardware: int = 2000


MODELS = {
    "308 DUO": Model("iCharger 308Duo", 66, 2, 8, 118, 173, software=2108),
    "406 DUO": Model("iCharger 406Duo", 67, 2, 6, 120, 173, software=2109, hardware=2001),
    "4010 DUO": Model("iCharger 4010Duo", 64, 2, 10, 118, 173),
    # Of the same model, the first firmware whose presets may be changed.
    "4010 DUO 2.19": Model("iCharger 4010Duo", 64, 2, 10, 120, 173, software=2109),
    # The numbers of newer models are not known; these are made up.
    "X8": Model("X8", 0x50, 1, 8, 156, 192, slots=32, software=2008, hardware=1001),
    "DX8": Model("DX8", 0x58, 2, 8, 180, 192, software=1001, hardware=1000),
}


def recorded_settings(length: int) -> list[int]:
    """Return recorded settings in a layout; those of DX models are put together from the X."""
    if length in (118, 120):
        dumps = capture("icharger", "real_system_308_4010duo")["registers_constructed"]
        recorded: list[int] = list(dumps["4010/system/defaults"])
    else:
        recorded = list(capture("icharger", "real_x_s_family_read_system")["registers_from_0x8400"])
        if length == 180:
            recorded = [*recorded[:4], 0, *recorded[4:], 900, 900, 80, 80, 0]
        else:
            recorded.append(50)
    return recorded + [0] * (length // 2 - len(recorded))


class SimulatedCharger(Slave):
    """A charger with nothing plugged in, until `plug` does.

    Time passes by `advance`, or by itself with a clock in seconds, `speed` times as fast.
    """

    def __init__(
        self,
        model: str = "4010 DUO",
        serial: str = "1504308022",
        *,
        clock: Callable[[], float] | None = None,
        speed: float = 1.0,
    ) -> None:
        super().__init__()
        self.model = MODELS[model]
        self.serial = serial
        self.memory = Memory(
            recorded_settings(self.model.system_length), self.model.slots, self.model.memory_length
        )
        floating = FLOATING_CELL * self.model.cells
        self.channels = [Channel(self.model.cells, floating) for _ in range(self.model.channels)]
        self.control = [0] * 7
        # Ranges that are answered with an exception code, by the first address of their block.
        self.refusals: dict[int, int] = {}
        self.orders: list[int] = []
        # Orders that are acknowledged and not carried out, and all that was written.
        self.ignored: set[int] = set()
        # Orders that are answered with an exception code.
        self.declined: dict[int, int] = {}
        self.written: list[tuple[int, list[int]]] = []
        self._clock = clock
        self._speed = speed
        self._now = clock() if clock else 0.0

    @property
    def product(self) -> str:
        """What the USB device is called."""
        return f"Junsi {self.model.product} USB HID"

    def plug(self, channel: int, pack: Pack | None) -> None:
        """Connect a pack to a channel, counted from 1, or take it away."""
        self.channels[channel - 1].pack = pack

    def start(self, channel: int, operation: str, slot: int = 0) -> None:
        """Start a program as somebody at the panel would: channels count from 1."""
        preset = self.memory.presets[slot].flash
        self.channels[channel - 1].run(operation_number(operation, preset), preset)

    def stop(self, channel: int) -> None:
        """Press STOP at the panel."""
        self.channels[channel - 1].stop()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._apply_limits()
        for channel in self.channels:
            channel.advance(seconds)

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        self._catch_up()
        if not 0 < count <= MOST_READ:
            raise Refusal(ILLEGAL_VALUE)
        if function != (INPUT if address < CONTROL else HOLDING):
            raise Refusal(ILLEGAL_FUNCTION)
        start = self._block(address, count)
        at = address - start
        if start in (SYSTEM, HEAD, PRESET):
            return self.memory.mirror(start).read(at, count)
        return self._live(start)[at : at + count]

    @override
    def write(self, address: int, values: list[int]) -> None:
        self._catch_up()
        if not 0 < len(values) <= MOST_WRITTEN:
            raise Refusal(ILLEGAL_VALUE)
        start = self._block(address, len(values))
        self.written.append((address, list(values)))
        if start in (SYSTEM, HEAD, PRESET):
            self.memory.mirror(start).write(address - start, values)
        elif start == CONTROL:
            self._order(address - start, values)
        else:
            raise Refusal(ILLEGAL_ADDRESS)

    def info(self) -> list[int]:
        """Return the registers that say what charger this is."""
        return [
            self.model.device_id,
            *to_registers(self.serial.encode().ljust(12, b"\0")),
            self.model.software,
            self.model.hardware,
            self.model.system_length,
            self.model.memory_length,
            *(channel.word for channel in self.channels),
        ]

    def _live(self, start: int) -> list[int]:
        if start == INFO:
            return self.info()
        return self.control if start == CONTROL else self.channels[start // 0x100 - 1].registers()

    def _block(self, address: int, count: int) -> int:
        """Return where the block begins that has these registers."""
        sizes = {
            INFO: 11 + self.model.channels,
            **{0x100 * number: 58 for number, _ in enumerate(self.channels, 1)},
            CONTROL: len(self.control),
            SYSTEM: len(self.memory.system.flash),
            HEAD: len(self.memory.head.flash),
            PRESET: len(self.memory.presets[0].flash),
        }
        for start, size in sizes.items():
            if start <= address and address + count <= start + size:
                if code := self.refusals.get(start):
                    raise Refusal(code)
                return start
        raise Refusal(ILLEGAL_ADDRESS)

    def _order(self, at: int, values: list[int]) -> None:
        self.control[at : at + len(values)] = values
        if self.control[SLOT] >= self.model.slots or self.control[CHANNEL] >= len(self.channels):
            raise Refusal(ILLEGAL_VALUE)
        self.memory.selected = self.control[SLOT]
        order = self.control[ORDER]
        if not at <= ORDER < at + len(values) or self.control[LOCK] != UNLOCKED:
            return
        self.orders.append(order)
        if code := self.declined.get(order):
            raise Refusal(code)
        if order in self.ignored:
            return
        if order == MODIFY or order >= ORDERS:
            raise Refusal(ILLEGAL_VALUE)
        channel = self.channels[self.control[CHANNEL]]
        if order == STOP:
            channel.stop()
        elif order == RUN:
            if channel.run_status != IDLE:
                raise Refusal(BUSY)
            channel.run(self.control[0], self.memory.presets[self.control[SLOT]].flash)
        elif order in COMMITS:
            self.memory.commit(order)

    def _catch_up(self) -> None:
        if self._clock:
            before, self._now = self._now, self._clock()
            self.advance((self._now - before) * self._speed)

    def _apply_limits(self) -> None:
        """Take the power limits of old DUOs from their settings."""
        if self.model.system_length in (118, 120):
            settings = self.memory.system.flash
            for number, channel in enumerate(self.channels):
                channel.power = {CHARGE: settings[34 + number], DISCHARGE: settings[36 + number]}
