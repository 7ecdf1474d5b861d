"""Counters that never fall, whatever is measured and whatever the device counts."""

from dataclasses import replace
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.devices.watching.energy import (
    COUNTERS,
    CYCLES,
    Count,
    Counters,
    Integrator,
    full_capacity,
)

INTERVAL = 5.0
LONGEST = 15.0
FLOOR = 0.05

values = st.floats(-10_000, 10_000)
# Not up to the longest: the sum of such pauses is rounded.
pauses = st.floats(0.01, LONGEST - 0.01)


def reading(at: float, power: float | None = None, **more: Any) -> Reading:
    """A reading of a battery with 50 V."""
    current = None if power is None else power / 50
    return Reading(at=at, voltage=50.0, current=current, **more)


def counted(counters: Counters) -> tuple[float | None, ...]:
    return tuple(counters.value(name) for name in COUNTERS)


@given(values, values, st.lists(pauses, min_size=1, max_size=30))
def test_linear_power_is_integrated_exactly(first: float, last: float, steps: list[float]) -> None:
    end = sum(steps)
    integrator = Integrator()
    at, into, out = 0.0, 0.0, 0.0
    for step in (0.0, *steps):
        at += step
        more_in, more_out = integrator.add(at, first + (last - first) * at / end, LONGEST)
        into, out = into + more_in, out + more_out
    if first * last < 0:
        areas = [each**2 / abs(last - first) / 2 * end / 3600 for each in (first, last)]
        expected = {first > 0: areas[0], last > 0: areas[1]}
    else:
        area = (first + last) / 2 * end / 3600
        expected = {True: max(area, 0.0), False: max(-area, 0.0)}
    assert into == pytest.approx(expected[True], rel=1e-6, abs=1e-6)
    assert out == pytest.approx(expected[False], rel=1e-6, abs=1e-6)


@given(values, values, pauses)
def test_a_change_of_sign_is_split_at_zero(before: float, after: float, pause: float) -> None:
    integrator = Integrator()
    assert integrator.add(0.0, before, LONGEST) == (0.0, 0.0)
    into, out = integrator.add(pause, after, LONGEST)
    assert into >= 0 <= out
    assert into - out == pytest.approx((before + after) / 2 * pause / 3600, abs=1e-9)
    if before * after > 0:
        assert 0.0 in (into, out)


def test_a_gap_adds_nothing_and_counting_goes_on_behind_it() -> None:
    integrator = Integrator()
    integrator.add(0.0, 360.0, LONGEST)
    assert integrator.add(15.0, 360.0, LONGEST) == (1.5, 0.0)
    assert integrator.add(30.1, 360.0, LONGEST) == (0.0, 0.0)
    assert integrator.add(40.1, 360.0, LONGEST) == (pytest.approx(1.0), 0.0)


def test_what_is_missing_or_not_new_adds_nothing() -> None:
    integrator = Integrator()
    integrator.add(0.0, 360.0, LONGEST)
    assert integrator.add(0.0, 9000.0, LONGEST) == (0.0, 0.0)
    assert integrator.add(5.0, None, LONGEST) == (0.0, 0.0)
    # One that was refused between two good ones is no gap.
    assert integrator.add(10.0, 360.0, LONGEST) == (1.0, 0.0)


def test_energy_and_charge_are_counted_in_both_directions() -> None:
    counters = Counters()
    for at in range(0, 3605, 5):
        counters.add(reading(float(at), 500.0), INTERVAL, FLOOR)
    for at in range(3700, 7305, 5):
        counters.add(reading(float(at), -250.0), INTERVAL, FLOOR)
    assert counted(counters) == pytest.approx((500.0, 250.0, 10.0, 5.0))


def test_noise_is_not_counted() -> None:
    counters = Counters()
    for at in range(0, 3605, 5):
        counters.add(reading(float(at), 2.4 if at % 2 else -2.4), INTERVAL, FLOOR)
    assert counted(counters) == (0.0, 0.0, 0.0, 0.0)
    for at in range(3605, 7205, 5):
        counters.add(reading(float(at), 2.6), INTERVAL, FLOOR)
    assert counters.value("energy_in") == pytest.approx(2.6, rel=0.01)


def test_power_of_several_outputs_counts_without_current_on_the_first() -> None:
    counters = Counters()
    second = {"output_voltage_2": 24.0, "output_current_2": 30.0}
    for at in (0.0, 5.0):
        more = Reading(at=at, voltage=28.0, current=0.0, values=second)
        counters.add(more, INTERVAL, FLOOR)
    assert counted(counters) == (1.0, 0.0, 0.0, 0.0)


def test_what_was_never_measured_has_no_counter() -> None:
    counters = Counters()
    counters.add(Reading(at=0.0, voltage=50.0), INTERVAL, FLOOR)
    assert counted(counters) == (None,) * 4
    counters.add(Reading(at=5.0, current=1.0), INTERVAL, FLOOR)
    assert counted(counters) == (None, None, 0.0, 0.0)


@given(
    st.lists(
        st.tuples(
            st.floats(-5, 60),
            st.none() | values,
            st.none() | st.floats(0, 1e6),
            st.none() | st.floats(0, 1e6),
        ),
        max_size=40,
    )
)
def test_a_counter_never_falls_also_over_restarts(
    samples: list[tuple[float, float | None, float | None, float | None]],
) -> None:
    counters, before, at = Counters(), [0.0] * 4, 0.0
    trusted = ("charged", "energy_discharged")
    for pause, power, charged, energy in samples:
        if pause > 50:
            counters = Counters.from_state(json.loads(json.dumps(counters.state())))
        at += pause
        counters.add(
            reading(at, power, charged=charged, energy_discharged=energy), INTERVAL, FLOOR, trusted
        )
        now = [value or 0.0 for value in counted(counters)]
        assert all(new >= old for new, old in zip(now, before, strict=True))
        before = now


def test_what_the_device_counted_more_is_added() -> None:
    count = Count()
    count.add(0.4)
    # Where it stands at first is of no interest, nor that it stays there.
    count.add(0.1, 2000.0)
    count.add(0.2, 2000.0)
    assert count.value == pytest.approx(0.7)
    # It counted what was seen already, and then much more: nobody was looking.
    count.add(0.0, 2000.1)
    assert count.value == pytest.approx(0.7)
    count.add(0.0, 2005.0)
    assert count.value == pytest.approx(5.5)


def test_a_counter_of_the_device_that_was_reset_goes_on_from_zero() -> None:
    count = Count(10.0, own=2000.0)
    count.add(0.0, 0.0)
    assert count.value == 10.0
    count.add(0.0, 3.0)
    assert count.value == 13.0
    count.add(0.0, 1.0)
    assert count.value == 14.0


def test_only_trusted_counters_of_the_device_count() -> None:
    counters = Counters()
    for at, charged in ((0.0, 100.0), (100.0, 150.0)):
        counters.add(reading(at, 0.0, charged=charged), INTERVAL, FLOOR)
    assert counters.value("charge_in") == 0.0


def test_a_restart_goes_on_where_it_was() -> None:
    counters = Counters()
    for at in (0.0, 5.0, 10.0):
        counters.add(reading(at, 3600.0, charged=at), INTERVAL, FLOOR, ("charged",))
    kept = json.loads(json.dumps(counters.state()))
    again = Counters.from_state(kept)
    assert (counted(again), again.state()) == (counted(counters), kept)
    again.add(reading(0.0, 3600.0, charged=12.0), INTERVAL, FLOOR, ("charged",))
    assert again.value("energy_in") == counters.value("energy_in")
    assert again.value("charge_in") == 12.0


def test_a_counter_is_set() -> None:
    counters = Counters.beginning_at({"energy_in": 5.0})
    counters.set("energy_in", 1.0)
    assert counters.value("energy_in") == 1.0
    with pytest.raises(KeyError):
        counters.set("energy_out", 1.0)


@pytest.mark.parametrize(
    "state",
    [
        {"energy_in": 1.0},
        {"energy_in": {"value": "much"}},
        {"energy_in": {"value": -1.0}},
        {"energy_in": {"value": float("nan")}},
        {"energy_in": {"value": 1e10}},
        {"energy_in": {"value": 1.0, "own": float("inf")}},
        {"energy_in": {"value": 1.0, "other": 1.0}},
    ],
)
def test_a_state_that_makes_no_sense_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Counters.from_state(state)


def test_what_is_not_known_of_a_state_is_left_out() -> None:
    assert Counters.from_state({"later": {"value": 1.0}}).state() == {}
    begun = Counters.beginning_at(
        {"energy_in": 5.0, "energy_out": float("nan"), "charge_in": -1.0, "charge_out": 1e10}
    )
    assert counted(begun) == (5.0, None, None, None)


def test_a_reading_without_a_voltage_leaves_the_energy_alone() -> None:
    counters = Counters()
    counters.add(reading(0.0, 100.0), INTERVAL, FLOOR)
    counters.add(replace(reading(5.0, 100.0), voltage=None), INTERVAL, FLOOR)
    assert counters.value("energy_in") == 0.0
    assert counters.value("charge_in") == pytest.approx(2 * 5 / 3600)


CAPACITY: dict[str, Any] = {"remaining_capacity": 91.0, "soc": 91.0}


@pytest.mark.parametrize(
    ("values", "capacity"),
    [
        ({"full_capacity": 280.0, **CAPACITY}, 280.0),
        (CAPACITY, 100.0),
        ({"remaining_capacity": 20.0, "soc": 20.0}, 100.0),
        ({"remaining_capacity": 19.0, "soc": 19.0}, None),
        ({"full_capacity": 0.0}, None),
        ({"remaining_capacity": 0.0, "soc": 50.0}, None),
        ({"remaining_capacity": 50.0}, None),
        ({"soc": 50.0}, None),
    ],
)
def test_the_full_capacity(values: dict[str, Any], capacity: float | None) -> None:
    assert full_capacity(Reading(at=0.0, **values)) == capacity


def test_cycles_follow_from_what_flowed_out_and_the_capacity_of_that_time() -> None:
    counters = Counters()

    def discharge(at: float, **values: float) -> float | None:
        state = reading(at, -1800.0, **values)
        counters.add_cycles(state, counters.add(state, 3600.0, FLOOR))
        return counters.value(CYCLES)

    # 36 Ah flow in each hour.
    assert discharge(0.0) is None
    assert discharge(3600.0) is None
    assert discharge(2 * 3600.0, **CAPACITY) == pytest.approx(0.36)
    # What the capacity is, is not told below 20 %: the last one counts.
    assert discharge(3 * 3600.0, soc=5.0, remaining_capacity=9.0) == pytest.approx(0.72)
    assert discharge(4 * 3600.0, full_capacity=50.0) == pytest.approx(1.44)
    before = counters.value(CYCLES)
    # A charge counts for nothing, nor does setting a counter.
    for at in (30_000.0, 33_600.0):
        charging = reading(at, 9000.0, **CAPACITY)
        counters.add_cycles(charging, counters.add(charging, 3600.0, FLOOR))
    counters.set("charge_out", 5000.0)
    assert discharge(50_000.0, **CAPACITY) == before
    again = Counters.from_state(json.loads(json.dumps(counters.state())))
    assert again.value(CYCLES) == before
