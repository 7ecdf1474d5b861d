"""Whether a reading with a right checksum makes sense.

The checksum is weak: two flipped bits can cancel. The checks are those that users of other
drivers turned out to need (docs/devices/jk_bms.md, "Plausibility"). None of them may hide the
fault that a board is there to show: what it says again is believed.
"""

from dataclasses import replace
from itertools import zip_longest
from typing import Any

from ...links.health import LinkHealth
from ..errors import Implausible
from ..model import Reading
from .cells import tolerance
from .words import NAME

# No cell of any chemistry survives this. It is no limit of the front end, which measures in 16 bits
# of 1 mV: an open balance lead can show more, and then the pack says the same or the board says so
# again. There is no lower limit, since a dead cell has every voltage down to 0.
HIGHEST_CELL = 5.0
# Two readings of one moment's fault are no further apart than this, in V and as a share: cells move
# with the load, damaged bytes at random.
SAME_CELL, SAME_PACK = 0.5, 0.05
# The vendor's range for the over-current protections ends here. Boards with more don't exist.
LARGEST_CURRENT = 1000.0
# A count of cells that differs from the last one must come this often to be believed: entities
# come and go with it, and cells vanished for one sample in the field.
COUNT_REPEATS = 3
# After power-up the board says 0 % and 0 cycles for about 16 s, whatever the cells have, and 0 mV
# for those that it did not measure yet. One owner measured it; this is twice that.
SOC_HOLD = 30.0
# No cell falls from so far above the under-voltage limit to 0 % at once.
CLEARLY_ABOVE = 0.1
# One owner saw a false 50 for one sample while the temperature crossed zero. Nothing that weighs as
# much as a battery gets so much warmer between two polls, but a probe can fall off.
TEMPERATURE_JUMP = 20.0
# What is above these was decoded as unknown. The vendor's ranges end here.
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
        # The last reading if it contradicted itself.
        self._contradiction: Reading | None = None
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
        contradict each other for the first time: then nothing in the frame can be trusted.
        """
        try:
            if cell_list is not None:
                _check_list(cell_list)
            self._check_cells(reading)
            self._check_count(len(reading.cell_voltages))
        except Implausible:
            self._health.rejected += 1
            raise
        self._health.rejected += sum(
            isinstance(raw := reading.raw.get(name), int) and raw > highest
            for name, highest in HIGHEST_RAW.items()
        )
        changes: dict[str, Any] = self._impossible_current(reading) | self._power_up(reading)
        temperatures = {
            place: self._steady(place, value) for place, value in reading.temperatures.items()
        }
        if changes or temperatures != reading.temperatures:
            self._health.rejected += 1
            return replace(reading, temperatures=temperatures, **changes)
        return reading

    def _check_cells(self, reading: Reading) -> None:
        """Refuse a contradiction, but not when the board says the same again."""
        before, self._contradiction = self._contradiction, None
        if (reason := contradiction(reading)) is None:
            return
        self._contradiction = reading
        if before is None or not _agree(before, reading):
            raise Implausible(NAME, reason)

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

    def _power_up(self, reading: Reading) -> dict[str, Any]:
        """Leave out what a board does not know yet when it has just been switched on."""
        limit = reading.values.get("cell_undervoltage_protection")
        is_new = not reading.cycles
        # A board that has just been switched on says 0 mV for cells that it did not measure yet.
        cells = [v for v in reading.cell_voltages if v is not None and (v or not is_new)]
        if (
            reading.soc != 0
            or not cells
            or not isinstance(limit, int | float)
            or min(cells) < limit + CLEARLY_ABOVE
        ):
            self._empty_since = None
            return {}
        if self._empty_since is None:
            self._empty_since = reading.at
        if reading.at - self._empty_since >= SOC_HOLD:
            return {}
        held: dict[str, Any] = dict.fromkeys(("soc", "remaining_capacity", "cycles"))
        if is_new:
            held["cell_voltages"] = tuple(voltage or None for voltage in reading.cell_voltages)
        return held

    def _steady(self, place: str, value: float | None) -> float | None:
        """Hold back the first sample of a jump; a second one that is as far away is believed."""
        if value is None:
            return None
        believed = self._temperatures.get(place, value)
        jump = self._jumps.pop(place, None)
        step = value - believed
        # Both to the same side: what rises fast must not be hidden for as long as it rises.
        is_said_again = jump is not None and (jump > believed) == (step > 0)
        if abs(step) > TEMPERATURE_JUMP and not is_said_again:
            self._jumps[place] = value
            return None
        self._temperatures[place] = value
        return value


def _check_list(cells: bytes) -> None:
    if len(cells) % 3 or any(
        cells[at] != number for number, at in enumerate(range(0, len(cells), 3), 1)
    ):
        raise Implausible(NAME, "the list of cells is out of order")


def contradiction(reading: Reading) -> str | None:
    """Say what the cells and the pack contradict each other in."""
    # With a cell that is unknown, or a dead one whose voltage may be below 0, the sum says nothing.
    comparable = reading.voltage is not None and all(reading.cell_voltages)
    total = sum(voltage or 0.0 for voltage in reading.cell_voltages)
    if comparable and total:
        pack = reading.voltage or 0.0
        if abs(total - pack) > tolerance(pack):
            return f"cells sum up to {total:.2f} V, the pack has {pack:.2f}"
        return None
    if (reading.cell_voltage_max or 0.0) > HIGHEST_CELL:
        return f"a cell has {reading.cell_voltage_max} V"
    return None


def _agree(one: Reading, other: Reading) -> bool:
    """Tell whether two readings have the same cells and the same pack, as far as they may move."""
    near = abs((one.voltage or 0.0) - (other.voltage or 0.0)) <= SAME_PACK * (one.voltage or 0.0)
    return near and all(
        a == b if a is None or b is None else abs(a - b) <= SAME_CELL
        for a, b in zip_longest(one.cell_voltages, other.cell_voltages)
    )
