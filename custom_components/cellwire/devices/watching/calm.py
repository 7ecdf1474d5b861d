"""Telling what a value does from how it trembles, so that noise does not fill the database."""

from dataclasses import dataclass
import math

# A new value counts in the mean by the time since the last one, whether a device talks each second
# or is asked each minute: what is older than this counts a third. In seconds.
MEMORY = 47.5
# However seldom values come, one alone does not prove a small change.
MOST = 0.5
# Values have few digits, but their differences don't.
EPSILON = 1e-9
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Noise:
    """How a kind of value trembles, in its own unit.

    A change by more than a `jump` is none, nor is one of the mean by a `drift`, which is less than
    the last digit. Of large values a `share` is noise, and half of it in the mean.
    """

    jump: float
    drift: float
    share: float = 0.0


def weight_after(seconds: float) -> float:
    """Return how much a value counts in the mean that comes so long after the last one, 0 to 1."""
    return min(MOST, 1 - math.exp(-max(0.0, seconds) / MEMORY))


class Calm:
    """Decides which of the values that it takes in are shown. Each was measured: no mean is."""

    __slots__ = ("_mean", "_noise", "shown")

    def __init__(self, noise: Noise) -> None:
        """Show the first value, whatever it is."""
        self._noise = noise
        self.shown: float | None = None
        self._mean = 0.0

    def take(self, value: float | None, weight: float) -> float | None:
        """Take in a value that counts by its `weight` in the mean; return the one to be shown."""
        shown = self.shown
        if value == shown == self._mean:
            return shown
        if value is None or shown is None:
            return self.show(value)
        # The least change counts where there is no share: this is the way of every value.
        noise = self._noise
        share = noise.share * abs(shown)
        if abs(value - shown) > max(noise.jump, share) + EPSILON:
            return self.show(value)
        mean = self._mean = self._mean + weight * (value - self._mean)
        away = abs(mean - shown)
        # What is shown must be nearer to the mean, or it would seem to drift back at once.
        if away >= max(noise.drift, share / 2) + EPSILON and abs(value - mean) <= away / 2:
            self.shown = value
        return self.shown

    def show(self, value: float | None) -> float | None:
        """Show a value, whatever was shown before."""
        self.shown = value
        self._mean = value or 0.0
        return value


class Climb:
    """Decides which values of a counter are shown: one a minute, or when it grew by a `jump`.

    The minutes are those of the clock, so that counters that are added up are shown together.
    """

    __slots__ = ("_jump", "_minute", "shown")

    def __init__(self, jump: float) -> None:
        """Show the first value, whatever it is."""
        self._jump = jump
        self._minute = 0.0
        self.shown: float | None = None

    def take(self, value: float | None, at: float) -> float | None:
        """Take in a value of a moment in monotonic seconds; return the one to be shown."""
        shown = self.shown
        if (
            value is None
            or shown is None
            or not 0 <= value - shown < self._jump
            or at // MINUTE != self._minute
        ):
            self._minute = at // MINUTE
            self.shown = value
        return self.shown
