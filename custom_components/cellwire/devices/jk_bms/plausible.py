"""Whether a reading with a right checksum makes sense.

The checksum is weak: two flipped bits can cancel. The checks are those that users of other
drivers turned out to need (docs/devices/jk_bms.md, "Plausibility").
"""

from dataclasses import replace
from typing import Any

from ...links.health import LinkHealth
from ..errors import Implausible
from ..model import Reading
from .words import NAME

CELL_RANGE = (0.5, 5.0)
LARGEST_CURRENT = 1000.0
# Pack voltage and sum of the cells agree within 15 mV in all recordings.
SUM_TOLERANCE = (0.01, 0.05)
# A count of cells that differs from the last one must come this often to be believed.
COUNT_REPEATS = 3
# After power-up the board says 0 % for about 16 s, whatever the cells have.
SOC_HOLD = 30.0
CLEARLY_ABOVE = 0.1
TEMPERATURE_JUMP = 20.0
# What is above these was decoded as unknown.
HIGHEST_RAW = {
    "soc": 100,
    "temperature_mosfet": 140,
    "temperature_1": 140,
    "temperature_2": 140,
}


class Judge:
    """Refuses readings that contradict themselves and fields that can't be true.

    Remembers what it needs of earlier readings of one board.
    """

    def __init__(self, health: LinkHealth) -> None:
        """Count what is refused into `health`."""
        self._health = health
        self._count = 0
        self._other_count = 0
        self._repeats = 0
        self._empty_since: float | None = None
        # The last believed temperature of each probe, and a jump that waits to be confirmed.
        self._temperatures: dict[str, float] = {}
        self._jumps: dict[str, float] = {}

    def check(self, reading: Reading, cell_list: bytes | None = None) -> Reading:
        """Return the reading without its impossible fields.

        `cell_list` is the raw list of a classic reply. Raises Implausible when cells and pack
        contradict each other: then nothing in the frame can be trusted.
        """
        try:
            if cell_list is not None:
                _check_list(cell_list)
            _check_cells(reading)
            self._check_count(len(reading.cell_voltages))
        except Implausible:
            self._health.rejected += 1
            raise
        self._health.rejected += sum(
            isinstance(raw := reading.raw.get(name), int) and raw > highest
            for name, highest in HIGHEST_RAW.items()
        )
        changes: dict[str, Any] = self._impossible_current(reading) | self._early_soc(reading)
        temperatures = {
            place: self._steady(place, value) for place, value in reading.temperatures.items()
        }
        if changes or temperatures != reading.temperatures:
            self._health.rejected += 1
            return replace(reading, temperatures=temperatures, **changes)
        return reading

    def _check_count(self, count: int) -> None:
        """No cells at all is unknown, another number is a change that has to prove itself."""
        if count in (0, self._count):
            self._repeats = 0
            return
        self._repeats = self._repeats + 1 if count == self._other_count else 1
        self._other_count = count
        if self._count and self._repeats < COUNT_REPEATS:
            raise Implausible(NAME, f"{count} cells instead of {self._count}")
        self._count = count
        self._repeats = 0

    def _impossible_current(self, reading: Reading) -> dict[str, None]:
        if reading.current is not None and abs(reading.current) > LARGEST_CURRENT:
            return dict.fromkeys(("current", "status"))
        return {}

    def _early_soc(self, reading: Reading) -> dict[str, None]:
        lowest = reading.cell_voltage_min
        limit = reading.values.get("cell_undervoltage_protection")
        if (
            reading.soc != 0
            or lowest is None
            or not isinstance(limit, int | float)
            or lowest < limit + CLEARLY_ABOVE
        ):
            self._empty_since = None
            return {}
        if self._empty_since is None:
            self._empty_since = reading.at
        if reading.at - self._empty_since < SOC_HOLD:
            return dict.fromkeys(("soc", "remaining_capacity", "cycles"))
        return {}

    def _steady(self, place: str, value: float | None) -> float | None:
        """Hold back the first sample of a jump; a second one near it is believed."""
        if value is None:
            return None
        believed = self._temperatures.get(place, value)
        jump = self._jumps.pop(place, believed)
        if min(abs(value - believed), abs(value - jump)) > TEMPERATURE_JUMP:
            self._jumps[place] = value
            return None
        self._temperatures[place] = value
        return value


def _check_list(cells: bytes) -> None:
    if len(cells) % 3 or any(
        cells[at] != number for number, at in enumerate(range(0, len(cells), 3), 1)
    ):
        raise Implausible(NAME, "the list of cells is out of order")


def _check_cells(reading: Reading) -> None:
    cells = [voltage for voltage in reading.cell_voltages if voltage is not None]
    lowest, highest = CELL_RANGE
    if any(not lowest <= voltage <= highest for voltage in cells):
        raise Implausible(NAME, "a cell is outside 0.5 to 5 V")
    if reading.voltage is None or not cells or len(cells) < len(reading.cell_voltages):
        return
    relative, absolute = SUM_TOLERANCE
    total = sum(cells)
    if abs(total - reading.voltage) > relative * reading.voltage + absolute:
        raise Implausible(
            NAME, f"cells sum up to {total:.2f} V, the pack has {reading.voltage:.2f}"
        )
