"""Batteries for the simulated charger: cells that have an open-circuit voltage and resistances."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# How slowly a cell follows the current, in seconds.
RELAXATION = 30.0

# Open-circuit voltage in V by state of charge, 0 to 1.
CURVES: dict[str, tuple[tuple[float, float], ...]] = {
    "lipo": ((0, 3.0), (0.05, 3.55), (0.2, 3.7), (0.5, 3.82), (0.8, 4.02), (1, 4.2)),
    "life": ((0, 2.5), (0.05, 3.1), (0.2, 3.25), (0.9, 3.33), (1, 3.6)),
    "nimh": ((0, 1.0), (0.1, 1.2), (0.9, 1.35), (1, 1.5)),
}


@dataclass
class Cell:
    """One cell: Ah, mΩ at once, and mΩ that come with time."""

    curve: Sequence[tuple[float, float]]
    soc: float = 0.5
    capacity: float = 5.0
    resistance: float = 5.0
    slow_resistance: float = 8.0
    lag: float = 0.0

    @property
    def rest_voltage(self) -> float:
        """Voltage without current in V, as far as the cell has recovered."""
        points = list(self.curve)
        at = min(max(bisect_right(points, (self.soc, 99.0)), 1), len(points) - 1)
        (low, v_low), (high, v_high) = list(pairwise(points))[at - 1]
        return v_low + (v_high - v_low) * (self.soc - low) / (high - low) + self.lag

    def voltage(self, current: float) -> float:
        """Voltage in V with a current in A, positive into the cell."""
        return self.rest_voltage + current * self.resistance / 1000

    def current_for(self, voltage: float) -> float:
        """Current in A that brings the cell to a voltage now."""
        return (voltage - self.rest_voltage) / (self.resistance / 1000)

    def step(self, current: float, seconds: float) -> None:
        """Let a current in A flow for some seconds."""
        self.soc += current * seconds / 3600 / self.capacity
        target = current * self.slow_resistance / 1000
        self.lag += (target - self.lag) * min(1.0, seconds / RELAXATION)


class Pack:
    """Cells in a row. `main` and `balance` tell which of its leads are plugged in."""

    def __init__(
        self,
        socs: Sequence[float],
        *,
        chemistry: str = "lipo",
        capacity: float = 5.0,
        resistances: Sequence[float] = (),
        leads: float = 4.0,
        main: bool = True,
        balance: bool = True,
    ) -> None:
        """Begin with a state of charge of each cell; capacity in Ah, resistances in mΩ."""
        curve = CURVES[chemistry]
        each = resistances or [5.0] * len(socs)
        self.cells = [
            Cell(curve, soc=soc, capacity=capacity, resistance=resistance)
            for soc, resistance in zip(socs, each, strict=True)
        ]
        self.leads = leads
        self.main = main
        self.balance = balance

    def voltages(self, current: float = 0.0) -> list[float]:
        """Voltage of each cell in V."""
        return [cell.voltage(current) for cell in self.cells]

    def voltage(self, current: float = 0.0) -> float:
        """Voltage in V at the output of the charger, leads included."""
        return sum(self.voltages(current)) + current * self.leads / 1000

    def step(self, current: float, seconds: float) -> None:
        """Let a current in A flow for some seconds."""
        for cell in self.cells:
            cell.step(current, seconds)
