"""Several packs side by side, taken as one battery: the totals of a bank.

A bank is whole or it says nothing: totals without one of the packs would be silently smaller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, override

from .model import Alarm, Kind, Quantity, Reading, Role, Unit, activity

BANK = "bank"
# A pack that does not answer. It makes the bank a problem and its totals unknown.
PACK_MISSING = Alarm("pack_missing")
PACKS = Quantity(key="packs", kind=Kind.COUNT, role=Role.SETTING, common=True)
PACKS_ANSWERING = Quantity(
    key="packs_answering", kind=Kind.COUNT, role=Role.MEASUREMENT, common=True
)
BANK_QUANTITIES = (PACKS, PACKS_ANSWERING)


@dataclass(frozen=True, kw_only=True)
class BankReading(Reading):
    """What the packs of a bank said together; `packs` is empty unless all of them answered.

    `labels` are what tells the packs apart for their owner.
    """

    packs: Mapping[str, Reading]
    labels: Mapping[str, str]

    @override
    def joined(self, parts: Mapping[str, Reading]) -> BankReading:
        packs = {key: parts[key] for key in self.packs}
        return replace(self, packs=packs, **_totals(packs))

    @cached_property
    @override
    def power(self) -> float | None:
        return _sum("power", self.packs)

    @cached_property
    @override
    def cell_voltage_min(self) -> float | None:
        return min((v for _, _, v in self._cells), default=None)

    @cached_property
    @override
    def cell_voltage_max(self) -> float | None:
        return max((v for _, _, v in self._cells), default=None)

    @cached_property
    @override
    def cell_min_number(self) -> int | None:
        return next((number for _, number, v in self._cells if v == self.cell_voltage_min), None)

    @cached_property
    @override
    def cell_max_number(self) -> int | None:
        return next((number for _, number, v in self._cells if v == self.cell_voltage_max), None)

    @cached_property
    @override
    def cell_min_pack(self) -> str | None:
        return next((pack for pack, _, v in self._cells if v == self.cell_voltage_min), None)

    @cached_property
    @override
    def cell_max_pack(self) -> str | None:
        return next((pack for pack, _, v in self._cells if v == self.cell_voltage_max), None)

    @cached_property
    @override
    def cell_voltage_average(self) -> float | None:
        voltages = [v for _, _, v in self._cells]
        return round(sum(voltages) / len(voltages), 3) if voltages else None

    @cached_property
    def _cells(self) -> list[tuple[str, int, float]]:
        """All connected cells: label of the pack, number in the pack, voltage."""
        return [
            (self.labels[key], number, voltage)
            for key, reading in self.packs.items()
            for number, voltage in enumerate(reading.cell_voltages, 1)
            if voltage is not None
        ]


def to_bank(units: Mapping[str, Unit], readings: Mapping[str, Reading]) -> BankReading | None:
    """Add up the packs: `units` are all that belong to the bank, `readings` those that answered.

    Current, power and capacities are summed, voltages averaged. SoC follows from the capacities;
    SoH is the mean by capacity of what the packs say, since packs may hold more than they were
    designed for. Returns None when no pack answered.
    """
    answering = {key: readings[key] for key in units if key in readings}
    if not answering:
        return None
    whole = len(answering) == len(units)
    packs = answering if whole else {}
    return BankReading(
        at=min(reading.at for reading in answering.values()),
        packs=packs,
        # Packs are known by what their owner sees on them.
        labels={key: units[key].label or key for key in packs},
        alarms=frozenset(() if whole else (PACK_MISSING.key,)),
        values={PACKS.id: len(units), PACKS_ANSWERING.id: len(answering)},
        **_totals(packs),
    )


def _totals(packs: Mapping[str, Reading]) -> dict[str, Any]:
    """Return the fields of a reading that follow from those of the packs."""
    current = _sum("current", packs)
    remaining, full = _sum("remaining_capacity", packs), _sum("full_capacity", packs)
    soc = round(100 * remaining / full, 1) if remaining is not None and full else None
    return {
        "status": activity(current),
        "voltage": _mean("voltage", packs),
        "current": current,
        # A BMS may count a little more than the battery holds.
        "soc": None if soc is None else min(100.0, soc),
        "soh": _share("soh", packs),
        "remaining_capacity": remaining,
        "full_capacity": full,
        "design_capacity": _sum("design_capacity", packs),
    }


def _values(name: str, packs: Mapping[str, Reading]) -> list[float] | None:
    """Return a value of every pack, None if a pack does not have it."""
    values = [getattr(reading, name) for reading in packs.values()]
    return None if not values or None in values else values


def _sum(name: str, packs: Mapping[str, Reading]) -> float | None:
    values = _values(name, packs)
    return None if values is None else round(sum(values), 3)


def _mean(name: str, packs: Mapping[str, Reading]) -> float | None:
    values = _values(name, packs)
    return None if values is None else round(sum(values) / len(values), 3)


def _share(name: str, packs: Mapping[str, Reading]) -> float | None:
    """Return the mean of a percentage, each pack counting by its capacity."""
    shares, capacities = _values(name, packs), _values("full_capacity", packs)
    if shares is None or capacities is None or not sum(capacities):
        return None
    weighted = zip(shares, capacities, strict=True)
    return round(sum(share * capacity for share, capacity in weighted) / sum(capacities), 1)
