"""One charger: what it measures, what can be set on it, and the mains that feed it."""

from dataclasses import replace
import time
from typing import Any, override

from ...links.link import Link
from ..device import Identity, Readings
from ..model import Reading, Status, Unit
from ..thrift import Thrift
from ..unknown import UnknownCodes
from ..vedirect import codes
from ..vedirect.device import VeDirectDevice
from ..vedirect.products import ProductClass
from .controls import PAUSE, Panel, find_limit
from .reading import (
    FIELDS,
    MEMORY_WRITES,
    MEMORY_WRITES_LEFT,
    UNIT,
    state_and_error,
    to_reading,
    to_unit,
    voltage,
)
from .registers import DEVICE_MODE, ERROR, MODE, REGISTERS, STATE
from .supply import Supply

NAME = "Victron Blue Smart charger"
# Without mains it is gone sooner: what it said last is not true any more.
ALIVE_WITHOUT_MAINS = 3.0


class ChargerDevice(VeDirectDevice):
    """One charger on a line of its own. `thrift` counts what may wear its memory."""

    name = NAME
    unit = UNIT
    classes = frozenset((ProductClass.AC_CHARGER,))
    fields = FIELDS
    registers = REGISTERS
    urgent = frozenset((STATE, ERROR))

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._codes = UnknownCodes("charger", link.name)
        self.thrift = Thrift(PAUSE)
        self._supply = Supply(lambda: self.settings.mains)
        self._panel = Panel(
            self.exchange, self.lock, lambda: self.settings, self._supply, self.thrift
        )

    @property
    @override
    def writes_left(self) -> int | None:
        return self.thrift.left(self.settings.daily_writes) if self._panel.wears else None

    @override
    def memory(self) -> dict[str, Any]:
        return dict(self.thrift.state()) if self.thrift.writes else {}

    @override
    async def start(self) -> None:
        self.thrift.resume(self.recalled)
        await super().start()
        if UNIT not in self.units:
            # Without mains it can't say what it is, but its owner can switch it on.
            self.units[UNIT] = self.describe(None, self.identity.serials.get(UNIT))
            self.learned()

    @override
    async def close(self) -> None:
        self.thrift.end(self.wires.ended())
        await self._panel.close()
        await super().close()

    @override
    def is_cut_off(self) -> bool:
        return self._supply.is_off()

    @override
    def is_excused(self) -> bool:
        return self._supply.excuses_silence()

    @override
    def opened(self) -> None:
        super().opened()
        self._urgent: tuple[object, object] | None = None

    @property
    @override
    def longest_silence(self) -> float:
        return ALIVE_WITHOUT_MAINS if self.is_excused() else super().longest_silence

    @override
    def describe(self, product: int | None, serial: str | None) -> Unit:
        return to_unit(product, serial, self._text, self._samples)

    @override
    def is_measured(self, now: float) -> bool:
        return voltage(self._text, self._samples, now) is not None

    @override
    def fresh(self) -> Readings:
        now = time.monotonic()
        if self.is_heard(now):
            reading = to_reading(self._text, self._samples, now)
            if self._refused:
                refused = " ".join(f"{register:04X}" for register in sorted(self._refused))
                reading = replace(reading, raw={**reading.raw, "refused": refused})
        elif self.is_excused():
            reading = Reading(at=now, status=Status.OFF)
        else:
            return {}
        if self.settings.allow_control and (left := self.writes_left) is not None:
            counts = {MEMORY_WRITES.id: self.thrift.writes, MEMORY_WRITES_LEFT.id: left}
            reading = replace(reading, values={**reading.values, **counts})
        return {UNIT: reading}

    @override
    def learned(self) -> None:
        """Offer what can be set by all that is known now."""
        product = self.product
        limit = None if product is None else find_limit(product, self._samples)
        has_mode: bool | None = None
        if DEVICE_MODE in self._refused:
            has_mode = False
        elif self._samples.knows(MODE.id) or "MODE" in self._text.labels:
            has_mode = True
        self._panel.learn(limit, has_mode=has_mode)
        self.offer(UNIT, self._panel.controls())

    @override
    def changed(self, now: float) -> None:
        state, error = state_and_error(self._text, self._samples, now)
        if self._urgent not in (None, (state, error)):
            self.hurry()
        self._urgent = (state, error)
        self._codes.look("state", state, codes.NAMED_STATES)
        self._codes.look("error", error, codes.ERRORS)
