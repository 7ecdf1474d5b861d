"""Which units of a bus to ask, so that a silent one does not hold up the others."""

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
import time

from ..links.health import LinkHealth
from .errors import NoAnswer, OnlyEcho

# A silent unit is asked every 1, 2, 4, 8, 12, 12 ... cycles.
LONGEST_WAIT = 12
# One address where nobody is known is asked so often, in seconds: 15 of them in five minutes.
LOOKOUT_INTERVAL = 20.0


class Attendance:
    """Keeps who answers and who does not.

    Units that answer are asked in each cycle. Of the silent ones one is asked in a cycle, each
    less and less often; if it answers, so may the others, and they are asked until one does not.
    Only when nobody answers, all are asked, and once more when the first one does again: then the
    line was at fault, which says nothing of the others.
    """

    def __init__(self, units: Iterable[str]) -> None:
        """Take all units for present at first."""
        self._wait = dict.fromkeys(units, 0)
        self._due = dict.fromkeys(self._wait, 0)
        self._cycle = 0
        self._line_is_back = False
        # Whether a unit did not answer in this cycle.
        self.missed_one = False

    def cycle(self) -> Iterator[str]:
        """Begin a cycle and give the units to ask in it, one by one.

        What became of one is to be noted before the next is taken.
        """
        self._cycle += 1
        self.missed_one = False
        present = [unit for unit, wait in self._wait.items() if not wait]
        if self._line_is_back or not present:
            self._line_is_back = False
            yield from tuple(self._wait)
            return
        silent = sorted((unit for unit, wait in self._wait.items() if wait), key=self._rank)
        is_due = bool(silent) and self._due[silent[0]] <= self._cycle
        yield from present
        for unit in silent if is_due else ():
            yield unit
            if self._wait.get(unit):
                return

    def _rank(self, unit: str) -> tuple[bool, int, int]:
        """Put those first that are due, and among them those that fell silent last."""
        return self._due[unit] > self._cycle, self._wait[unit], self._due[unit]

    def is_present(self, unit: str) -> bool:
        """Tell whether a unit answered when it was last asked."""
        return not self._wait[unit]

    def add(self, unit: str) -> None:
        """Ask one more unit from the next cycle on."""
        self._wait[unit] = self._due[unit] = 0

    def remove(self, unit: str) -> None:
        """Ask a unit no more. One that is not known is no error."""
        self._wait.pop(unit, None)
        self._due.pop(unit, None)

    def answered(self, unit: str) -> None:
        """Note an answer."""
        if unit in self._wait:
            self._line_is_back = self._line_is_back or all(self._wait.values())
            self._wait[unit] = 0

    def missed(self, unit: str) -> None:
        """Note a silence; the next attempt comes after twice as many cycles as the last one."""
        if unit not in self._wait:
            # It was removed while it was being asked.
            return
        self.missed_one = True
        self._wait[unit] = min(2 * self._wait[unit] or 1, LONGEST_WAIT)
        self._due[unit] = self._cycle + self._wait[unit]


class Lookout:
    """Where to look for units that join a bus: at one address now and then, each in its turn."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """Take all addresses for searched just now."""
        self._turns = cycle(addresses)
        self._count = len(addresses)
        self._due = time.monotonic() + LOOKOUT_INTERVAL

    def next(self, known: Container[str]) -> str | None:
        """Return the address to ask now; None if it is too early, or if all are `known`."""
        now = time.monotonic()
        if now < self._due:
            return None
        free = (address for address in islice(self._turns, self._count) if address not in known)
        if (address := next(free, None)) is not None:
            self._due = now + LOOKOUT_INTERVAL
        return address


@contextmanager
def expecting_nobody(health: LinkHealth) -> Iterator[None]:
    """Keep a silence out of the counters: where no unit is known, it is no fault of the link."""
    timeouts, answer_time = health.timeouts, health.answer_time
    try:
        yield
    except NoAnswer, OnlyEcho:
        health.timeouts, health.answer_time = timeouts, answer_time
        raise
