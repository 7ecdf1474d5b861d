"""How long a battery takes until it is full or empty, if it goes on like this."""

import math

from ..model import Reading

# The current is averaged over some minutes: a kettle is no reason to fear the night. In seconds.
MEMORY = 300.0
# Below its capacity divided by so many hours a battery rests, and nothing can be foretold.
SLOWEST = 200.0
STEP = 60


class MeanCurrent:
    """The mean of a current in A, in which older samples count less and less."""

    def __init__(self) -> None:
        """Know no sample yet."""
        self.value: float | None = None
        self._at = 0.0

    def add(self, at: float, current: float | None, longest: float) -> None:
        """Take in a sample; one that turned, or comes more than `longest` s late, begins anew."""
        if current is None or (self.value is not None and at <= self._at):
            return
        pause, self._at = at - self._at, at
        if self.value is None or pause > longest or self.value * current < 0:
            self.value = current
        else:
            self.value += (current - self.value) * (1 - math.exp(-pause / MEMORY))


def time_left(
    reading: Reading, mean: float | None, floor: float
) -> tuple[float | None, float | None]:
    """Return the times until full and until empty, in whole minutes, given in seconds.

    `mean` is the mean current, `floor` what is noise, both in A. At most one is known: none of
    them near zero current, or without the capacities.
    """
    remaining, full, current = reading.remaining_capacity, reading.full_capacity, reading.current
    if remaining is None or current is None or mean is None:
        return None, None
    if min(abs(current), abs(mean)) < max(floor, (full or 0.0) / SLOWEST):
        return None, None
    if mean < 0:
        return None, _seconds(remaining, -mean)
    return None if full is None else _seconds(max(0.0, full - remaining), mean), None


def _seconds(charge: float, current: float) -> float:
    return float(round(charge / current * 3600 / STEP) * STEP)
