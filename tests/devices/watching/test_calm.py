"""Noise is not shown, and whatever is no noise is: jumps at once, and drift within a minute."""

from random import Random

import pytest

from custom_components.cellwire.devices.watching.calm import Calm, Climb, Noise, weight_after

CELL = Noise(jump=0.005, drift=0.0007)
CURRENT = Noise(jump=0.1, drift=0.007, share=0.01)
MINUTE, HOUR = 60, 3600
PACES = (1, 5, 20, 60)


def shown(calm: Calm, values: list[float], pace: float = 5.0) -> list[float]:
    """Return what is shown anew while values come so many seconds apart."""
    told = []
    for value in values:
        before = calm.shown
        if calm.take(value, weight_after(pace)) != before:
            told.append(value)
            assert calm.shown == value
    return told


def trembling(middle: float, seed: int, pace: int = 5, seconds: int = HOUR) -> list[float]:
    dice = Random(seed)  # noqa: S311
    return [round(dice.gauss(middle, 0.0007), 3) for _ in range(seconds // pace)]


@pytest.mark.parametrize("pace", PACES)
def test_noise_is_not_shown(pace: int) -> None:
    for seed in range(20):
        assert len(shown(Calm(CELL), trembling(3.3304, seed, pace), pace)) <= 25


@pytest.mark.parametrize("pace", PACES)
def test_what_is_shown_is_never_far_from_what_is(pace: int) -> None:
    for seed in range(20):
        last = shown(Calm(CELL), trembling(3.3304, seed, pace), pace)[-1]
        assert abs(last - 3.3304) < 0.0015


@pytest.mark.parametrize("pace", PACES)
def test_a_jump_is_shown_at_once(pace: int) -> None:
    values = [3.330, 3.331, 3.329, 3.335, 3.336, 3.330]
    if pace < MINUTE:
        assert shown(Calm(CELL), values, pace) == [3.330, 3.336, 3.330]
    assert shown(Calm(CELL), [3.330, 3.336], pace) == [3.330, 3.336]


@pytest.mark.parametrize("pace", PACES)
def test_the_smallest_step_is_shown_within_a_minute(pace: int) -> None:
    # Of what comes once a minute, one more has to agree.
    polls = max(2, MINUTE // pace)
    for noise, before, after in ((CELL, 3.330, 3.331), (CURRENT, 0.0, 0.01)):
        calm = Calm(noise)
        assert shown(calm, [before] * polls, pace) == [before]
        assert shown(calm, [after] * polls, pace) == [after]
        assert not shown(calm, [after] * (HOUR // pace), pace)


@pytest.mark.parametrize("pace", PACES)
def test_one_value_proves_no_small_change(pace: int) -> None:
    calm = Calm(CELL)
    assert shown(calm, [3.330, 3.331, 3.330, 3.330], pace) == [3.330]


@pytest.mark.parametrize("pace", PACES)
def test_a_slow_drift_is_followed(pace: int) -> None:
    calm = Calm(CELL)
    for poll, noise in enumerate(trembling(0.0, 1, pace)):
        true = 3.3 + 0.03 * poll * pace / HOUR
        calm.take(round(true + noise, 3), weight_after(pace))
        assert calm.shown is not None
        assert abs(calm.shown - true) < 0.006


def test_of_large_values_a_share_is_noise() -> None:
    assert shown(Calm(CURRENT), [100.0, 100.9, 99.1, 101.1]) == [100.0, 101.1]


def test_nothing_is_shown_at_once_and_what_comes_then() -> None:
    calm = Calm(CELL)
    values = [3.330, None, None, 3.331, 0.0, None, 0.0]
    assert [calm.take(value, 0.1) for value in values] == values


def test_the_same_moment_changes_nothing() -> None:
    calm = Calm(CELL)
    calm.take(3.330, 0.0)
    for _ in range(HOUR):
        assert calm.take(3.331, weight_after(0.0)) == 3.330
    assert weight_after(-5.0) == 0.0


def test_a_counter_shows_each_minute_that_it_grew() -> None:
    climb = Climb(5.0)
    # From 100 s on it grows for a minute and a half.
    seen = {at: climb.take(max(0, min(at, 190) - 100) / 20, at) for at in range(0, 400, 5)}
    told = [at for at, value in seen.items() if value != seen.get(at - 5)]
    assert told == [0, 120, 180, 240]
    assert seen[395] == 4.5


def test_a_counter_that_grew_much_or_fell_is_shown_at_once() -> None:
    climb = Climb(5.0)
    values = [(1.0, 1.0), (4.0, 1.0), (6.0, 6.0), (5.9, 5.9), (None, None), (7.0, 7.0)]
    assert [climb.take(value, 10.0) for value, _ in values] == [told for _, told in values]
