"""Telling what a value does from how it trembles, so that noise does not fill the database."""

from dataclasses import dataclass

# How much a new value counts in the mean: about as much as all of the last minute's at 5 s.
WEIGHT = 0.1
# Values have few digits, but their differences don't.
EPSILON = 1e-9
NUMBERS = (float, int)


@dataclass(frozen=True, slots=True)
class Noise:
    """How a kind of value trembles, in its own unit.

    A change by more than a `jump` is none, nor is one of the mean by a `drift`, which is less than
    the last digit. Of large values a `share` is noise, and half of it in the mean.
    """

    jump: float
    drift: float
    share: float = 0.0


class Calm:
    """Decides which values of one entity are shown. Each that is shown was measured just now."""

    def __init__(self, noise: Noise) -> None:
        """Show the first value, whatever it is."""
        self._noise = noise
        self._shown: float | None = None
        self._mean = 0.0

    def shows(self, value: object) -> bool:
        """Take in a value, and tell whether it must be shown."""
        if value == self._shown == self._mean:
            return False
        if not isinstance(value, NUMBERS):
            self._shown = None
            return True
        if self._shown is None or abs(value - self._shown) > self._least(self._noise.jump, 1.0):
            self._shown = self._mean = value
            return True
        self._mean += WEIGHT * (value - self._mean)
        away = abs(self._mean - self._shown)
        # What is shown must be nearer to the mean, or it would seem to drift back at once.
        if away >= self._least(self._noise.drift, 0.5) and abs(value - self._mean) <= away / 2:
            self._shown = value
            return True
        return False

    def _least(self, change: float, part: float) -> float:
        """Return by how much a value has to change."""
        return max(change, part * self._noise.share * abs(self._shown or 0.0)) + EPSILON
