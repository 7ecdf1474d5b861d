"""Energy and charge that went into a battery and out of it, and cycles: counters that never fall.

They are the area below power and current, between samples that follow each other closely. Where
a device counts by itself, what it counted more than was seen is added, such as during a restart.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
import math
from typing import Any

from ..model import Reading

# Samples that are further apart than so many intervals have a gap between them.
INTERVALS = 3
# Above this nobody believes a counter, in Wh or Ah.
MOST = 1e9

# Counters in and out, what they add up, and the device's own counters: energy in Wh, charge in Ah.
_FLOWS = (
    ("energy_in", "energy_out", "power", "energy_charged", "energy_discharged"),
    ("charge_in", "charge_out", "current", "charged", "discharged"),
)
COUNTERS = tuple(name for into, out, *_ in _FLOWS for name in (into, out))
CYCLES = "cycles"
# Below this SoC in % it has too few digits to tell the capacity by what is left.
SURE_SOC = 20.0


class Integrator:
    """Adds up something that flows in both directions, from its samples."""

    def __init__(self) -> None:
        """Know no sample yet."""
        self._last: tuple[float, float] | None = None

    def add(self, at: float, value: float | None, longest: float) -> tuple[float, float]:
        """Take in a sample; return what flowed in and out since the last one, times hours.

        `at` and `longest`, the longest time to the last sample that is no gap, are in seconds. A
        gap adds nothing, nor does a sample without a value or one that is not newer.
        """
        last = self._last
        if value is None or (last and at <= last[0]):
            return 0.0, 0.0
        self._last = at, value
        if last is None or at - last[0] > longest:
            return 0.0, 0.0
        return _areas(last[1], value, (at - last[0]) / 3600)


def _areas(before: float, after: float, hours: float) -> tuple[float, float]:
    """Return the areas above and below zero of a straight line between two values."""
    if before * after >= 0:
        area = (before + after) / 2 * hours
        return max(area, 0.0), max(-area, 0.0)
    crossing = before / (before - after)
    areas = before / 2 * hours * crossing, after / 2 * hours * (1 - crossing)
    return max(areas), -min(areas)


@dataclass(slots=True)
class Count:
    """One counter. `own` is what the device's own one said last, if there is one to be trusted.

    `ahead` is what was added since then, which the device may have counted but not yet told.
    """

    value: float = 0.0
    own: float | None = None
    ahead: float = 0.0

    def add(self, increment: float, own: float | None = None) -> None:
        """Add what was seen to flow, or what the device counted if that is more."""
        self.value += increment
        self.ahead += increment
        if own is None or own == self.own:
            return
        if self.own is None:
            self.ahead = 0.0
        else:
            # One that fell was reset, and has counted this since.
            grown = own - self.own if own > self.own else own
            self.value += max(0.0, grown - self.ahead)
            self.ahead = max(0.0, self.ahead - grown)
        self.own = own

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Count:
        """Make the counter that `asdict` was made of. Raises TypeError or ValueError."""
        count = cls(**state)
        own = 0.0 if count.own is None else count.own
        if not all(0 <= number <= MOST for number in (count.value, own, count.ahead)):
            raise ValueError("a counter out of range")
        return count


def full_capacity(reading: Reading) -> float | None:
    """Return the full capacity in Ah as the device tells it, else by what is left and its share."""
    if reading.full_capacity:
        return reading.full_capacity
    if not reading.remaining_capacity or (reading.soc or 0.0) < SURE_SOC:
        return None
    return 100 * reading.remaining_capacity / (reading.soc or 100.0)


@dataclass(slots=True)
class Counters:
    """The counters of one unit. One that never had anything to count is not there."""

    counts: dict[str, Count] = field(default_factory=dict)
    _full: float | None = None
    _flows: tuple[Integrator, ...] = field(default_factory=lambda: (Integrator(), Integrator()))

    def add(
        self, reading: Reading, interval: float, floor: float, trusted: Collection[str] = ()
    ) -> float:
        """Count on with a reading. Returns the charge in Ah that it adds to what flowed out.

        `interval` is the usual time between two readings in s, `floor` the current in A below
        which it is noise, `trusted` the fields of the reading that are counters of the device's
        own that never fall.
        """
        before = self.value("charge_out") or 0.0
        floors = {"power": floor * (reading.voltage or 0.0), "current": floor}
        for flow, (into, out, source, own_in, own_out) in zip(self._flows, _FLOWS, strict=True):
            value: float | None = getattr(reading, source)
            if value is None:
                continue
            if abs(value) < floors[source]:
                value = 0.0
            increments = flow.add(reading.at, value, INTERVALS * interval)
            for name, own, increment in zip(
                (into, out), (own_in, own_out), increments, strict=True
            ):
                count = self.counts.setdefault(name, Count())
                count.add(increment, getattr(reading, own) if own in trusted else None)
        return (self.value("charge_out") or 0.0) - before

    def add_cycles(self, reading: Reading, discharged: float) -> None:
        """Count full cycles: the charge in Ah that flowed out, by what the battery holds when full.

        Where a reading does not tell the capacity, the last one counts. Before the first,
        nothing does.
        """
        self._full = full_capacity(reading) or self._full
        if self._full:
            self.counts.setdefault(CYCLES, Count()).value += discharged / self._full

    def value(self, name: str) -> float | None:
        """Return a counter in Wh, Ah or cycles, None if it is not there."""
        count = self.counts.get(name)
        return None if count is None else count.value

    def set(self, name: str, value: float) -> None:
        """Count on from a value. Raises KeyError if the counter is not there."""
        self.counts[name].value = value

    def state(self) -> dict[str, Any]:
        """Return what `from_state` makes the same counters of, as JSON has it."""
        return {name: asdict(count) for name, count in self.counts.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Counters:
        """Count on where `state` was taken. Raises TypeError or ValueError if it makes no sense."""
        names = (*COUNTERS, CYCLES)
        return cls({name: Count.from_state(state[name]) for name in names if name in state})

    @classmethod
    def beginning_at(cls, values: Mapping[str, float]) -> Counters:
        """Count on from values in Wh, Ah and cycles; those that make no sense are left out."""
        return cls(
            {
                name: Count(value)
                for name, value in values.items()
                if math.isfinite(value) and 0 <= value <= MOST
            }
        )
