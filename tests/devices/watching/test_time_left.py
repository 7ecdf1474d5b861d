"""When a battery is full or empty, if it goes on like this."""

import math

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.devices.watching.time_left import MEMORY, MeanCurrent, time_left

FLOOR = 0.05


def battery(
    current: float | None, remaining: float | None = 60.0, full: float | None = 100.0
) -> Reading:
    return Reading(at=0.0, current=current, remaining_capacity=remaining, full_capacity=full)


@pytest.mark.parametrize(
    ("reading", "mean", "expected"),
    [
        (battery(10.0), 10.0, (4 * 3600, None)),
        (battery(10.0), 20.0, (2 * 3600, None)),
        (battery(-10.0), -10.0, (None, 6 * 3600)),
        # In whole minutes.
        (battery(-7.0), -7.0, (None, 514 * 60)),
        # It may hold more than it says it can.
        (battery(10.0, remaining=101.0), 10.0, (0, None)),
        (battery(-10.0, full=None), -10.0, (None, 6 * 3600)),
        (battery(10.0, full=None), 10.0, (None, None)),
        # Near zero, now or on the mean.
        (battery(0.4), 10.0, (None, None)),
        (battery(-10.0), -0.4, (None, None)),
        (battery(-0.04, full=None), -0.04, (None, None)),
        (battery(None), 10.0, (None, None)),
        (battery(10.0, remaining=None), 10.0, (None, None)),
        (battery(10.0), None, (None, None)),
    ],
)
def test_times(
    reading: Reading, mean: float | None, expected: tuple[float | None, float | None]
) -> None:
    assert time_left(reading, mean, FLOOR) == expected


def test_the_mean_follows_within_minutes() -> None:
    mean = MeanCurrent()
    mean.add(0.0, 10.0, 15.0)
    assert mean.value == 10.0
    for step in range(1, 61):
        mean.add(step * 5.0, 20.0, 15.0)
    assert mean.value == pytest.approx(20 - 10 * math.exp(-300 / MEMORY))


def test_the_mean_begins_anew() -> None:
    mean = MeanCurrent()
    mean.add(0.0, 10.0, 15.0)
    mean.add(5.0, None, 15.0)
    mean.add(0.0, 500.0, 15.0)
    assert mean.value == 10.0
    # After a gap, and when it turns.
    mean.add(16.0, 30.0, 15.0)
    assert mean.value == 30.0
    mean.add(17.0, -5.0, 15.0)
    assert mean.value == -5.0


@given(st.lists(st.floats(0, 500), min_size=1))
def test_the_mean_is_between_what_was_measured(currents: list[float]) -> None:
    mean = MeanCurrent()
    for at, current in enumerate(currents):
        mean.add(float(at), current, 15.0)
    assert mean.value is not None
    assert min(currents) - 1e-9 <= mean.value <= max(currents) + 1e-9
