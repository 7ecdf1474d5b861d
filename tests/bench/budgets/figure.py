"""A measured figure, what it may be, and what physics would allow."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
import statistics
import time

HEAD = ("What", "Measured", "On a reference core", "Budget", "Physical limit", "Met")

# Budgets of CPU time are for a core that makes so many small objects in this time, in seconds.
REFERENCE_OBJECTS = 100_000
REFERENCE_TIME = 0.02
REFERENCE_ROUNDS = 7


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    `budget` is None for what is shown for comparison only. `slowness` tells how many times
    slower than a reference core the machine was, for figures that depend on it.
    """

    what: str
    measured: float
    unit: str
    budget: float | None = None
    limit: str = ""
    is_cpu_time: bool = False
    slowness: float = 1.0

    @property
    def met(self) -> bool:
        """Whether the figure is within its budget. A faster core makes no budget smaller."""
        return self.budget is None or self.measured / max(1.0, self.slowness) <= self.budget

    @property
    def row(self) -> tuple[str, ...]:
        """The figure as texts."""
        there = self._text(self.measured / self.slowness) if self.is_cpu_time else ""
        budget = "" if self.budget is None else f"{self.budget:g} {self.unit}".strip()
        met = "" if self.budget is None else "yes" if self.met else "NO"
        return (self.what, self._text(self.measured), there, budget, self.limit, met)

    def _text(self, value: float) -> str:
        return f"{value:.3g} {self.unit}".strip() if value < 1000 else f"{value:.0f} {self.unit}"


type Measurement = Callable[[], Coroutine[object, object, list[Figure]]]


def slowness() -> float:
    """Return how many times longer than a reference core this one takes for the same work.

    The work is like that of Home Assistant: small dictionaries, tuples and texts.
    """
    times = []
    for _ in range(REFERENCE_ROUNDS):
        begin = time.thread_time()
        for _ in range(20):
            made = [{"a": n, "b": (n, str(n))} for n in range(REFERENCE_OBJECTS // 20)]
            made.clear()
        times.append(time.thread_time() - begin)
    return statistics.median(times) / REFERENCE_TIME


def measured(measure: Measurement) -> list[Figure]:
    """Measure in this process."""
    before = slowness()
    figures = asyncio.run(measure())
    factor = (before + slowness()) / 2
    return [replace(each, slowness=factor) if each.is_cpu_time else each for each in figures]


def print_figures(figures: Sequence[Figure]) -> None:
    """Print the figures in columns."""
    rows = [HEAD, *(figure.row for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip(), flush=True)
    if factors := [figure.slowness for figure in figures if figure.is_cpu_time]:
        print(
            f"A reference core makes {REFERENCE_OBJECTS} small objects in"
            f" {REFERENCE_TIME * 1e3:g} ms; this one took"
            f" {min(factors):.1f} to {max(factors):.1f} times as long."
        )
