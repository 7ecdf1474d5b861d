"""What is shown of each unit: values that do not tremble, and that agree with each other.

The numbers that a device measures are steadied one by one. Whatever follows from others is not: it
is derived from what is shown of those, so that at any moment everything on a page fits together.
"""

from collections.abc import Iterable, Mapping
from typing import Any, override

from ..model import (
    BATTERY_STATUSES,
    CURRENT_MAGNITUDE,
    Kind,
    Reading,
    Role,
    Status,
    Unit,
    UnitKind,
    Value,
    activity,
)
from .calm import EPSILON, Calm, Climb, Noise, weight_after
from .watcher import Watcher

CELL = Noise(jump=0.005, drift=0.0007)
PACK = Noise(jump=0.05, drift=0.007)
AMPERES = Noise(jump=0.1, drift=0.007, share=0.01)
WATTS = Noise(jump=2.0, drift=0.7, share=0.01)
# Some boards measure whole degrees.
CELSIUS = Noise(jump=1.0, drift=0.6)
TIME_LEFT = Noise(jump=300, drift=60, share=0.02)
# Fields that nothing else follows from, and declared measurements by their kind.
FIELDS = {"input_voltage": PACK, "balance_current": AMPERES}
KINDS = {
    Kind.VOLTAGE: CELL,
    Kind.CURRENT: AMPERES,
    Kind.POWER: WATTS,
    Kind.TEMPERATURE: CELSIUS,
}
# By how much a counter grows that is shown at once, in Wh and Ah.
JUMPS = {"energy_in": 5.0, "energy_out": 5.0, "charge_in": 0.1, "charge_out": 0.1}
COUNTER_DIGITS = 4

# So many cells are moved by one bad wire: the cells on both sides of it.
BAD_WIRE = 2

# The voltage of a battery has two digits after the point, and each of its cells has three. It
# agrees with their sum as long as it is not farther away than its own last digit was rounded, or
# the cells' if there are only a few.
PACK_ROUNDING, CELL_ROUNDING = 0.005, 0.0005
VOLTAGE_DIGITS = 3


def _total(cells: Iterable[float | None]) -> float:
    return sum([voltage for voltage in cells if voltage is not None])


class _Shown:
    """What is shown of one unit."""

    def __init__(self, unit: Unit, reading: Reading) -> None:
        """Show a reading as it is."""
        self.unit = unit
        self.reading = reading
        # What the unit counted and does not show yet, by the name of the counter.
        self.behind: dict[str, float] = {}
        self._at = reading.at
        self._weight = 0.0
        self._status = reading.status
        self._voltage: float | None = None
        self._apart = Calm(PACK)
        self._current = Calm(AMPERES)
        self._cells: list[Calm] = []
        self._temperatures: dict[str, Calm] = {}
        self._others: dict[str, Calm] = {}
        self._counters = {name: Climb(jump) for name, jump in JUMPS.items()}
        self._declared = _declared(unit)

    def steady(self, unit: Unit, reading: Reading) -> None:
        """Show a unit that measures."""
        self._begin(unit, reading)
        changes: dict[str, Any] = {}
        current = self._steady_current(unit, reading)
        cells, moved = self._steady_cells(reading.cell_voltages)
        changes["current"] = current
        changes["cell_voltages"] = cells
        changes["voltage"] = self._steady_voltage(reading, cells, moved=moved)
        if current is not None and unit.statuses == BATTERY_STATUSES:
            changes["status"] = activity(current)
        if reading.temperatures:
            changes["temperatures"] = {
                place: self._calm(self._temperatures, place, CELSIUS, value)
                for place, value in reading.temperatures.items()
            }
        for name, noise in FIELDS.items():
            changes[name] = self._calm(self._others, name, noise, getattr(reading, name))
        changes["values"] = self._steady_values(reading.values, current)
        for name, climb in self._counters.items():
            counted: float | None = getattr(reading, name)
            changes[name] = shown = climb.take(counted, reading.at)
            self.behind[name] = (counted or 0.0) - (shown or 0.0)
        self._show(reading, changes)

    def join(self, unit: Unit, reading: Reading, parts: Iterable[_Shown]) -> None:
        """Show a unit that is made of others, by what is shown of those."""
        self._begin(unit, reading)
        parts = list(parts)
        reading = reading.joined({part.unit.key: part.reading for part in parts})
        changes: dict[str, Any] = {
            "voltage": self._near(reading.voltage, reading.voltage, PACK_ROUNDING)
        }
        for name in JUMPS:
            counted: float | None = getattr(reading, name)
            if counted is not None:
                behind = sum(part.behind.get(name, 0.0) for part in parts)
                changes[name] = round(counted - behind, COUNTER_DIGITS)
        self._show(reading, changes)

    def _begin(self, unit: Unit, reading: Reading) -> None:
        if unit is not self.unit:
            self.unit = unit
            self._declared = _declared(unit)
        self._weight = weight_after(reading.at - self._at)
        self._at = reading.at

    def _show(self, reading: Reading, changes: dict[str, Any]) -> None:
        """Show a reading with its changes, and the time that is left by the current that shows."""
        flow = activity(changes.get("current", reading.current))
        to_full = reading.time_to_full if flow is Status.CHARGING else None
        to_empty = reading.time_to_empty if flow is Status.DISCHARGING else None
        changes["time_to_full"] = self._calm(self._others, "time_to_full", TIME_LEFT, to_full)
        changes["time_to_empty"] = self._calm(self._others, "time_to_empty", TIME_LEFT, to_empty)
        self.reading = reading.but(**changes)

    def _calm(
        self, calms: dict[str, Calm], name: str, noise: Noise, value: float | None
    ) -> float | None:
        calm = calms.get(name)
        if calm is None:
            if value is None:
                return None
            calm = calms[name] = Calm(noise)
        return calm.take(value, self._weight)

    def _steady_current(self, unit: Unit, reading: Reading) -> float | None:
        """Return the current, always one of the same status: with a new status it is shown anew.

        The status of a battery follows from the current that is shown, so it needs no care.
        """
        if reading.status is not self._status and unit.statuses != BATTERY_STATUSES:
            self._current.show(None)
        self._status = reading.status
        return self._current.take(reading.current, self._weight)

    def _steady_cells(
        self, measured: tuple[float | None, ...]
    ) -> tuple[tuple[float | None, ...], bool]:
        """Return the cells, and whether all are shown anew because the battery moved as a whole.

        If only those were shown that moved a little more than the others, cells that are alike
        would seem to differ. A bad wire moves no more than two, and to both sides.
        """
        calms = self._cells
        del calms[len(measured) :]
        while len(calms) < len(measured):
            calms.append(Calm(CELL))
        counts = self._weight
        cells = tuple(
            [calm.take(volts, counts) for calm, volts in zip(calms, measured, strict=True)]
        )
        hidden = [
            volts - shown
            for volts, shown in zip(measured, cells, strict=True)
            if volts != shown and volts is not None and shown is not None
        ]
        if len(hidden) <= BAD_WIRE or abs(sum(hidden)) <= len(hidden) * CELL.jump / 2:
            return cells, False
        for calm, volts in zip(calms, measured, strict=True):
            calm.show(volts)
        return measured, True

    def _steady_voltage(
        self, reading: Reading, cells: tuple[float | None, ...], *, moved: bool
    ) -> float | None:
        """Return the voltage: what is shown of the cells, and by how much it is truly apart.

        A device may measure it for itself, with wires in between. Where it has no cells, it is
        apart by all of it.
        """
        voltage = reading.voltage
        if moved or voltage is None:
            self._apart.show(None)
        if voltage is None:
            return self._near(None, None, 0.0)
        apart = self._apart.take(voltage - _total(reading.cell_voltages), self._weight) or 0.0
        count = len(cells) - cells.count(None)
        if count and abs(apart) <= PACK_ROUNDING + EPSILON:
            apart = 0.0
        total = round(_total(cells) + apart, VOLTAGE_DIGITS)
        return self._near(voltage, total, min(PACK_ROUNDING, count * CELL_ROUNDING))

    def _near(self, measured: float | None, wanted: float | None, slack: float) -> float | None:
        """Return the voltage that was shown if it is near enough, else a new one."""
        shown = self._voltage
        if measured is None or wanted is None:
            self._voltage = None
        elif shown is None or abs(shown - wanted) > slack + EPSILON:
            self._voltage = measured if abs(measured - wanted) <= slack + EPSILON else wanted
        return self._voltage

    def _steady_values(
        self, values: Mapping[str, Value], current: float | None
    ) -> Mapping[str, Value]:
        changed: dict[str, Value] = {}
        for name, noise in self._declared:
            value = values.get(name)
            if isinstance(value, float | int):
                changed[name] = self._calm(self._others, name, noise, value)
            else:
                self._others.pop(name, None)
        if current is not None and changed.get(CURRENT_MAGNITUDE.id) is not None:
            changed[CURRENT_MAGNITUDE.id] = abs(current)
        return {**values, **changed} if changed else values


def _declared(unit: Unit) -> tuple[tuple[str, Noise], ...]:
    """Return which of the values that a unit declared tremble, and how."""
    return tuple(
        (quantity.id, KINDS[quantity.kind])
        for quantity in unit.quantities
        if quantity.role is Role.MEASUREMENT and quantity.kind in KINDS
    )


class Steady(Watcher):
    """Decides what is shown, last of all watchers."""

    def __init__(self) -> None:
        """Show what comes first as it is."""
        self._units: dict[str, _Shown] = {}

    @override
    def complete(self, identity: str, unit: Unit, reading: Reading) -> Reading:
        known = self._units.get(identity)
        if known is None:
            known = self._units[identity] = _Shown(unit, reading)
        if unit.kind is UnitKind.BANK:
            known.join(unit, reading, self._parts(unit))
        else:
            known.steady(unit, reading)
        return known.reading

    @override
    def silent(self, identity: str) -> None:
        self._units.pop(identity, None)

    @override
    def forget(self, identity: str) -> None:
        self.silent(identity)

    def _parts(self, unit: Unit) -> list[_Shown]:
        return [each for each in self._units.values() if each.unit.via == unit.key]
