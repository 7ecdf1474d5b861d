"""The counters of all units behind an entry, and what a reading gains from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import logging
from typing import Any, override

from ..model import RESTING_CURRENT, Reading, Unit, UnitKind
from .energy import COUNTERS, CYCLES, INTERVALS, MOST, Counters
from .time_left import MeanCurrent, time_left
from .watcher import Watcher

_LOGGER = logging.getLogger(__name__)

# Digits after the point of Wh and Ah.
DIGITS = {"energy_in": 1, "energy_out": 1, "charge_in": 3, "charge_out": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What a kind of device counts, and what is counted for it.

    Currents below `noise_floor`, in A, are noise. `trusted` are the fields of a reading that are
    counters of the device itself and never fall in its life. `cycles` is for batteries that don't
    tell them.
    """

    noise_floor: float = RESTING_CURRENT
    trusted: tuple[str, ...] = ()
    cycles: bool = False


class NotSet(ValueError):
    """A counter was not set, and `reason` says why."""

    def __init__(self, reason: str) -> None:
        """Say why: "is_a_sum", "not_offered" or "out_of_range"."""
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Account:
    """The counters of one unit, and the key of the unit that it is a part of."""

    counters: Counters
    via: str | None = None


@dataclass
class Ledger(Watcher):
    """Counts for each unit, by its identity.

    A bank is the sum of its packs: it counts nothing by itself, and what a pack counted that is
    silent or gone stays in it. `before` is where the counters of a unit stood, in Wh, Ah and
    cycles, if what was kept of it is lost.
    """

    counting: Counting
    before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    _accounts: dict[str, _Account] = field(default_factory=dict)
    _means: dict[str, MeanCurrent] = field(default_factory=dict)

    name = "energy"

    @override
    def recall(self, kept: Mapping[str, Any]) -> None:
        for identity, state in kept.items():
            try:
                counters = Counters.from_state(state["counters"])
                self._accounts[identity] = _Account(counters, state["via"])
            except (KeyError, TypeError, ValueError) as err:
                _LOGGER.warning(
                    "The counters of %s can't be read and begin anew: %r", identity, err
                )

    @override
    def memory(self) -> dict[str, Any]:
        return {
            identity: {"via": account.via, "counters": account.counters.state()}
            for identity, account in self._accounts.items()
        }

    @override
    def add(self, identity: str, unit: Unit, reading: Reading, interval: float) -> None:
        mean = self._means.setdefault(identity, MeanCurrent())
        mean.add(reading.at, reading.current, INTERVALS * interval)
        if unit.kind is UnitKind.BANK:
            return
        account = self._accounts.get(identity)
        if account is None:
            account = _Account(Counters.beginning_at(self.before.get(identity, {})))
            self._accounts[identity] = account
        account.via = unit.via
        counting = self.counting
        discharged = account.counters.add(reading, interval, counting.noise_floor, counting.trusted)
        if counting.cycles:
            account.counters.add_cycles(reading, discharged)

    @override
    def complete(self, identity: str, unit: Unit, reading: Reading) -> Reading:
        """Return the reading with what was counted, and with the times until full and empty."""
        mean = self._means.setdefault(identity, MeanCurrent())
        to_full, to_empty = time_left(reading, mean.value, self.counting.noise_floor)
        gained: dict[str, Any] = {name: self._value(identity, unit, name) for name in COUNTERS}
        if self.counting.cycles and (account := self._accounts.get(identity)):
            cycles = account.counters.value(CYCLES)
            gained[CYCLES] = None if cycles is None else int(cycles)
        return reading.but(time_to_full=to_full, time_to_empty=to_empty, **gained)

    @override
    def forget(self, identity: str) -> None:
        """Forget what flowed lately. What was counted stays: it is a part of the bank's sum."""
        self._means.pop(identity, None)

    def set(self, identity: str, unit: Unit | None, counter: str, value: float) -> None:
        """Let a counter go on from a value in Wh or Ah. Raises NotSet."""
        if unit and unit.kind is UnitKind.BANK:
            raise NotSet("is_a_sum")
        account = self._accounts.get(identity)
        if account is None or counter not in COUNTERS or counter not in account.counters.counts:
            raise NotSet("not_offered")
        if not 0 <= value <= MOST:
            raise NotSet("out_of_range")
        account.counters.set(counter, value)

    def _value(self, identity: str, unit: Unit, name: str) -> float | None:
        accounts = [
            account
            for key, account in self._accounts.items()
            if (account.via == unit.key if unit.kind is UnitKind.BANK else key == identity)
        ]
        digits = DIGITS[name]
        # Rounded before they are added: a bank is the sum of what is shown of its packs.
        values = [
            round(value, digits)
            for each in accounts
            if (value := each.counters.value(name)) is not None
        ]
        return round(sum(values), digits) if values else None
