"""From the live registers 0 to 36 of a pack to a reading.

Source: docs/devices/hubble_am2.md, "Live registers, 0 to 36" and "Plausibility".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import Implausible
from ..model import Reading, Value, activity
from . import words
from .words import active, has

FIRST, COUNT = 0, 37
WARNINGS, PROTECTIONS, STATUS, BALANCING = 9, 10, 11, 12
CELLS = slice(15, 31)
TEMPERATURES = {"1": 31, "2": 32, "3": 33, "4": 34, "mosfet": 35, "environment": 36}
CELL_PROBES = ("1", "2", "3", "4")

# Volts of an input that has a cell, as long as nobody told how many there are.
SURE_CELL = (1.0, 5.0)
HIGHEST_CELL = 5.0
TEMPERATURE_RANGE = (-40.0, 125.0)
# A probe that is not there: -0.1 °C on any place, 0 °C on the board's own places.
NO_PROBE = 0xFFFF
# Such a value is only believed if a probe among the cells is as near to it, in K.
NEAR = 5.0
# Cells and pack are measured at once, and agreed within 0.1 V in all samples.
SUM_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class _Field:
    """A register, its scale, and the limits in the scaled unit."""

    register: int
    lowest: float
    highest: float
    divisor: int = 1
    signed: bool = False
    mask: int = 0xFFFF

    def value(self, registers: Sequence[int]) -> float | None:
        """Scale the register, None if it can't be true."""
        raw = registers[self.register] & self.mask
        number = _signed(raw) if self.signed else raw
        value = number if self.divisor == 1 else number / self.divisor
        return value if self.lowest <= value <= self.highest else None


# The lowest voltage leaves room below the usual protection at 39 V: it must be seen to trip.
_FIELDS: dict[str, _Field] = {
    "current": _Field(0, -200, 200, 100, signed=True),
    "voltage": _Field(1, 20, 65, 100),
    "soc": _Field(2, 0, 100, mask=0xFF),
    "soh": _Field(3, 0, 100, mask=0xFF),
    "remaining_capacity": _Field(4, 0, 250, 100),
    "full_capacity": _Field(5, 0, 250, 100),
    "design_capacity": _Field(6, 0, 250, 100),
    "cycles": _Field(7, 0, 20000),
}


def _signed(raw: int) -> int:
    return (raw ^ 0x8000) - 0x8000


def to_reading(
    registers: Sequence[int], cells: int | None, values: Mapping[str, Value], at: float
) -> Reading:
    """Give the registers their meaning.

    `cells` is the number of cells if it is known, `values` what was read of the pack before, `at`
    the moment of the answer in monotonic seconds. Fields that can't be true are None, and
    named in `raw`. Raises Implausible if nothing here can be true.
    """
    fields = {name: field.value(registers) for name, field in _FIELDS.items()}
    voltages = _cells(registers, cells)
    temperatures, impossible = _temperatures(registers)
    refused = [
        *(name for name, value in fields.items() if value is None),
        *(f"cell_{number}" for number, value in enumerate(voltages, 1) if value is None),
        *impossible,
    ]
    _check(fields["voltage"], voltages)
    protections, status = registers[PROTECTIONS], registers[STATUS]
    balancing = tuple(has(registers[BALANCING], cell) for cell in range(len(voltages)))
    cycles = fields["cycles"]
    return Reading(
        at=at,
        status=activity(fields["current"]),
        voltage=fields["voltage"],
        current=fields["current"],
        soc=fields["soc"],
        soh=fields["soh"],
        remaining_capacity=fields["remaining_capacity"],
        # Firmware that does not know a capacity says 0.
        full_capacity=fields["full_capacity"] or None,
        design_capacity=fields["design_capacity"] or None,
        cycles=None if cycles is None else int(cycles),
        cell_voltages=voltages,
        cells_balancing=balancing,
        balancing=any(balancing),
        temperatures=temperatures,
        charge_mosfet=has(status, words.CHARGE_MOSFET_BIT),
        discharge_mosfet=has(status, words.DISCHARGE_MOSFET_BIT),
        alarms=active(words.WARNINGS, registers[WARNINGS])
        | active(words.PROTECTIONS, protections)
        | active(words.FAULTS, status),
        values={
            **values,
            words.FULLY_CHARGED.id: has(protections, words.FULL_BIT),
            words.CHARGE_LIMITER.id: has(status, words.LIMITER_BIT),
            words.HEATING.id: has(status, words.HEATER_BIT),
        },
        raw={
            "warnings": registers[WARNINGS],
            "protections": protections,
            "status": status,
            "balancing": registers[BALANCING],
            "reserved": " ".join(f"{registers[place]:04X}" for place in (8, 13, 14)),
            "refused": " ".join(refused),
        },
    )


def is_whole(reading: Reading) -> bool:
    """Tell whether this is surely a pack, and not another kind of unit on the same bus."""
    known = (reading.voltage, reading.current, reading.soc, reading.full_capacity)
    return None not in known and bool(reading.cell_voltages)


def refusals(reading: Reading) -> int:
    """Return how many fields of a reading can't be true."""
    return len(str(reading.raw["refused"]).split())


def _cells(registers: Sequence[int], count: int | None) -> tuple[float | None, ...]:
    """Return the cells. Once their number is known, one that is nearly empty is still a cell."""
    volts = [raw / 1000 for raw in registers[CELLS]]
    if count is None:
        lowest, highest = SURE_CELL
        sure = [number for number, v in enumerate(volts, 1) if lowest <= v <= highest]
        count = max(sure, default=0)
    # 0 is what an input without a cell reads, as does FFFF.
    return tuple(v if 0 < v <= HIGHEST_CELL else None for v in volts[:count])


def _temperatures(registers: Sequence[int]) -> tuple[dict[str, float | None], list[str]]:
    """Return the temperatures, and the places whose values are impossible."""
    broken = has(registers[STATUS], words.SENSOR_FAULT_BIT)
    lowest, highest = TEMPERATURE_RANGE
    degrees = {place: _signed(registers[at]) / 10 for place, at in TEMPERATURES.items()}
    doubtful = {
        place
        for place, at in TEMPERATURES.items()
        if registers[at] == NO_PROBE or (place not in CELL_PROBES and not registers[at])
    }
    sure = [degrees[place] for place in CELL_PROBES if place not in doubtful]
    missing = {
        place
        for place in doubtful
        if broken or all(abs(degrees[place] - other) > NEAR for other in sure)
    }
    impossible = [
        f"temperature_{place}" for place, value in degrees.items() if not lowest <= value <= highest
    ]
    return {
        place: value if place not in missing and lowest <= value <= highest else None
        for place, value in degrees.items()
    }, impossible


def _check(voltage: float | None, cells: Sequence[float | None]) -> None:
    """Raise Implausible if cells and pack contradict each other, or neither is there."""
    present = [v for v in cells if v is not None]
    if voltage is None and not present:
        raise Implausible(words.NAME, "neither the pack nor a cell has a voltage")
    if voltage is None or not present or len(present) < len(cells):
        return
    if abs(sum(present) - voltage) > SUM_TOLERANCE * voltage:
        raise Implausible(words.NAME, f"cells sum up to {sum(present):.2f} V, not {voltage:.2f}")
