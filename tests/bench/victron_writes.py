"""A simulated charger that can be set, and that counts what is done to its memory."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import override

from .victron_charger import REGISTERS, Charger, hex_frame
from .wire import Wire

CURRENT_LIMIT, VOLATILE_LIMIT, NETWORK_MODE, DEVICE_MODE = 0xEDF0, 0x2015, 0x200E, 0x0200
UNKNOWN, READ_ONLY, PARAMETER = 1, 2, 4
NO_LIMIT = b"\xff\xff"
SET = 8

# Beyond those of an IP22: what a Phoenix Smart IP43 12/50 can be asked and told.
PHOENIX: dict[int, bytes] = REGISTERS | {
    0x0140: (0x4043C1FC).to_bytes(4, "little"),
    0xEDDF: (500).to_bytes(2, "little"),
    0xEDC8: (125).to_bytes(2, "little"),
    CURRENT_LIMIT: (500).to_bytes(2, "little"),
    VOLATILE_LIMIT: NO_LIMIT,
    NETWORK_MODE: b"\x01",
    DEVICE_MODE: b"\x01",
}


def tenths(amperes: float) -> bytes:
    """Write a current as a register holds it."""
    return round(amperes * 10).to_bytes(2, "little")


class SettableCharger(Charger):
    """Takes what an IP22 or an IP43 takes, clamps, refuses, and fails on demand."""

    def __init__(
        self,
        wire: Wire,
        seconds: Sequence[bytes] | None = None,
        registers: dict[int, bytes] | None = None,
        *,
        period: float = 1.0,
        clamp: tuple[float, float] = (3.0, 12.0),
    ) -> None:
        """Clamp currents in A; nothing was written yet."""
        super().__init__(wire, seconds, registers, period=period)
        self.clamp = clamp
        # Every command that set something as (register, value), and what it did to the registers.
        self.commands: list[tuple[int, int]] = []
        self.writes: Counter[int] = Counter()
        # Flags to refuse a register with, whatever is asked.
        self.refuses: dict[int, int] = {}
        # Registers that are set without an answer, answered without being set, and lost.
        self.mute: set[int] = set()
        self.stubborn: set[int] = set()
        self.lost: set[int] = set()
        # A register behind whose setting the cable is pulled.
        self.unplugs_at: int | None = None
        # How long a volatile limit holds, in seconds.
        self.holds = 60.0
        self._forgetting: asyncio.TimerHandle | None = None
        self._pulling: asyncio.Task[None] | None = None

    @override
    async def run(self) -> None:
        try:
            await super().run()
        finally:
            if self._forgetting:
                self._forgetting.cancel()

    @override
    def reply_to_other(self, command: int, data: bytes) -> bytes:
        if command != SET:
            return super().reply_to_other(command, data)
        register, value = int.from_bytes(data[:2], "little"), data[3:-1]
        self.commands.append((register, int.from_bytes(value, "little")))
        if register in self.lost:
            return b""
        flags = self.refuses.get(register, 0 if register in self.registers else UNKNOWN)
        if flags:
            return hex_frame(SET, data[:2] + bytes((flags,)) + value)
        if register not in self.stubborn:
            value = self._take(register, value)
        if register == self.unplugs_at:
            self._pulling = asyncio.create_task(self.wire.unplug())
        if register in self.mute:
            return b""
        return hex_frame(SET, data[:2] + b"\0" + value)

    def _take(self, register: int, value: bytes) -> bytes:
        """Put a value into a register; return what the register holds then."""
        if register in (CURRENT_LIMIT, VOLATILE_LIMIT):
            lowest, highest = self.clamp
            value = tenths(min(max(int.from_bytes(value, "little") / 10, lowest), highest))
        if register == VOLATILE_LIMIT:
            self._hold()
        self.registers[register] = value
        self.writes[register] += 1
        return value

    def _hold(self) -> None:
        if self._forgetting:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(self.holds, self._forget)

    def _forget(self) -> None:
        self.registers[VOLATILE_LIMIT] = NO_LIMIT


class Plug:
    """A smart plug that feeds a charger. It may be away, or not obey."""

    def __init__(
        self,
        charger: Charger | None = None,
        *,
        is_on: bool | None = True,
        obeys: bool = True,
        vanishes: bool = False,
    ) -> None:
        """Feed a charger, perhaps."""
        self.charger = charger
        self.is_on = is_on
        self.obeys = obeys
        self.vanishes = vanishes
        self.turned: list[bool] = []

    async def turn(self, *, on: bool) -> None:
        """Switch, as a switch of Home Assistant does it: the new state comes a little later."""
        self.turned.append(on)
        if self.vanishes:
            self.is_on = None
        elif self.obeys:
            asyncio.get_running_loop().call_later(0.05, partial(self._set, on=on))

    def _set(self, *, on: bool) -> None:
        self.is_on = on
        if self.charger:
            self.charger.powered = on
