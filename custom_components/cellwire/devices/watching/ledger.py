"""The counters of all units behind an entry, and what a reading gains from them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
import logging
from typing import Any

from ..errors import Refused
from ..model import Reading, Unit, UnitKind
from .energy import COUNTERS, CYCLES, INTERVALS, MOST, Counters
from .time_left import MeanCurrent, time_left

_LOGGER = logging.getLogger(__name__)

# Digits behind the point of Wh and Ah.
DIGITS = {"energy_in": 1, "energy_out": 1, "charge_in": 3, "charge_out": 3}


@dataclass(slots=True)
class _Account:
    """The counters of one unit, and the key of the unit that it is a part of."""

    counters: Counters
    via: str | None = None


@dataclass(slots=True)
class Ledger:
    """Counts for each unit, by its identity.

    A bank is the sum of its packs: it counts nothing by itself, and what a pack counted that is
    silent or gone stays in it. `floor` is the current in A below which it is noise, `trusted` the
    counters of the device that never fall, and `before` where the counters of a unit stood, in Wh,
    Ah and cycles, if what was kept of it is lost. `count_cycles` is for batteries that don't tell
    their cycles.
    """

    floor: float
    trusted: Collection[str]
    before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    count_cycles: bool = False
    _accounts: dict[str, _Account] = field(default_factory=dict)
    _means: dict[str, MeanCurrent] = field(default_factory=dict)

    @property
    def recalled(self) -> Mapping[str, Any]:
        """What is to be known again after a restart: what `memory` returned before."""
        return self.memory()

    @recalled.setter
    def recalled(self, kept: Mapping[str, Any]) -> None:
        for identity, state in kept.items():
            try:
                counters = Counters.from_state(state["counters"])
                self._accounts[identity] = _Account(counters, state["via"])
            except (KeyError, TypeError, ValueError) as err:
                _LOGGER.warning(
                    "The counters of %s can't be read and begin anew: %r", identity, err
                )

    def memory(self) -> dict[str, Any]:
        """Return what must be known again after a restart, as JSON has it."""
        return {
            identity: {"via": account.via, "counters": account.counters.state()}
            for identity, account in self._accounts.items()
        }

    def add(self, identity: str, unit: Unit, reading: Reading, interval: float) -> None:
        """Count on with a new reading; `interval` is the usual time between two of them in s."""
        mean = self._means.setdefault(identity, MeanCurrent())
        mean.add(reading.at, reading.current, INTERVALS * interval)
        if unit.kind is UnitKind.BANK:
            return
        account = self._accounts.get(identity)
        if account is None:
            account = _Account(Counters.beginning_at(self.before.get(identity, {})))
            self._accounts[identity] = account
        account.via = unit.via
        discharged = account.counters.add(reading, interval, self.floor, self.trusted)
        if self.count_cycles:
            account.counters.add_cycles(reading, discharged)

    def complete(self, identity: str, unit: Unit, reading: Reading) -> Reading:
        """Return the reading with what was counted, and with the times until full and empty."""
        mean = self._means.setdefault(identity, MeanCurrent())
        to_full, to_empty = time_left(reading, mean.value, self.floor)
        gained: dict[str, Any] = {name: self._value(identity, unit, name) for name in COUNTERS}
        if self.count_cycles and (account := self._accounts.get(identity)):
            cycles = account.counters.value(CYCLES)
            gained[CYCLES] = None if cycles is None else int(cycles)
        return replace(reading, time_to_full=to_full, time_to_empty=to_empty, **gained)

    def set(self, identity: str, unit: Unit | None, counter: str, value: float) -> None:
        """Let a counter go on from a value in Wh or Ah. Raises Refused."""
        if unit and unit.kind is UnitKind.BANK:
            raise Refused(counter, "is_a_sum")
        account = self._accounts.get(identity)
        if account is None or counter not in COUNTERS or counter not in account.counters.counts:
            raise Refused(counter, "not_offered")
        if not 0 <= value <= MOST:
            raise Refused(counter, "out_of_range")
        account.counters.set(counter, value)

    def _value(self, identity: str, unit: Unit, name: str) -> float | None:
        accounts = [
            account
            for key, account in self._accounts.items()
            if (account.via == unit.key if unit.kind is UnitKind.BANK else key == identity)
        ]
        values = [value for each in accounts if (value := each.counters.value(name)) is not None]
        return round(sum(values), DIGITS[name]) if values else None
