"""Noise is not shown, and whatever is no noise is: jumps at once, and drift within a minute."""

from random import Random

from custom_components.cellwire.calm import Calm, Noise

CELL = Noise(jump=0.005, drift=0.0007)
CURRENT = Noise(jump=0.1, drift=0.007, share=0.01)
MINUTE, HOUR = 12, 720


def shown(calm: Calm, values: list[float]) -> list[float]:
    return [value for value in values if calm.shows(value)]


def trembling(middle: float, seed: int, polls: int = HOUR) -> list[float]:
    dice = Random(seed)  # noqa: S311
    return [round(dice.gauss(middle, 0.0007), 3) for _ in range(polls)]


def test_noise_is_not_shown() -> None:
    for seed in range(20):
        assert len(shown(Calm(CELL), trembling(3.3304, seed))) <= 16


def test_what_is_shown_is_never_far_from_what_is() -> None:
    for seed in range(20):
        last = shown(Calm(CELL), trembling(3.3304, seed))[-1]
        assert abs(last - 3.3304) < 0.0015


def test_a_jump_is_shown_at_once() -> None:
    calm = Calm(CELL)
    assert shown(calm, [3.330, 3.331, 3.329, 3.335, 3.336, 3.330]) == [3.330, 3.336, 3.330]


def test_the_smallest_step_is_shown_within_a_minute() -> None:
    for noise, before, after in ((CELL, 3.330, 3.331), (CURRENT, 0.0, 0.01)):
        calm = Calm(noise)
        assert shown(calm, [before] * MINUTE) == [before]
        assert shown(calm, [after] * MINUTE) == [after]
        assert not shown(calm, [after] * HOUR)


def test_a_slow_drift_is_followed() -> None:
    calm = Calm(CELL)
    for poll, noise in enumerate(trembling(0.0, 1)):
        true = 3.3 + 0.03 * poll / HOUR
        calm.shows(round(true + noise, 3))
        assert calm._shown is not None
        assert abs(calm._shown - true) < 0.006


def test_of_large_values_a_share_is_noise() -> None:
    assert shown(Calm(CURRENT), [100.0, 100.9, 99.1, 101.1]) == [100.0, 101.1]


def test_nothing_and_words_are_shown_at_once() -> None:
    calm = Calm(CELL)
    assert calm.shows(3.330)
    assert calm.shows(None)
    assert calm.shows(3.331)
    assert calm.shows("charging")
    assert calm.shows(3.331)
