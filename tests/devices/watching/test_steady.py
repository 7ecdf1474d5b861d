"""What is shown does not tremble, and agrees with all else that is shown."""

from dataclasses import asdict, replace
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cellwire.devices.model import (
    BATTERY_STATUSES,
    CURRENT_MAGNITUDE,
    OUTPUTS,
    Kind,
    Quantity,
    Reading,
    Role,
    Status,
    Unit,
    UnitKind,
    activity,
)
from custom_components.cellwire.devices.watching.steady import Steady

PACK = Unit(key="1", kind=UnitKind.BATTERY, manufacturer="m", via="bank", statuses=BATTERY_STATUSES)
CHARGER = Unit(
    key="charger",
    kind=UnitKind.CHARGER,
    manufacturer="m",
    statuses=tuple(Status),
    quantities=(
        *(quantity for quantities in OUTPUTS.values() for quantity in quantities),
        CURRENT_MAGNITUDE,
        Quantity(key="limit", kind=Kind.CURRENT, role=Role.SETTING),
        Quantity(key="mode", kind=Kind.CHOICE, role=Role.MEASUREMENT),
    ),
)
FIVE_SECONDS = 5.0


class Display:
    """Shows the readings of one unit, which come every five seconds."""

    def __init__(self, unit: Unit = PACK) -> None:
        self.steady = Steady()
        self.unit = unit
        self.at = 0.0

    def show(self, **values: Any) -> Reading:
        self.at += FIVE_SECONDS
        return self.steady.complete(self.unit.key, self.unit, Reading(at=self.at, **values))

    def minute(self, **values: Any) -> Reading:
        for _ in range(12):
            shown = self.show(**values)
        return shown


def total(reading: Reading) -> float:
    return sum(volts for volts in reading.cell_voltages if volts is not None)


def test_what_comes_first_is_shown_as_it_is() -> None:
    reading = Reading(
        at=1.0,
        status=Status.CHARGING,
        voltage=52.81,
        current=3.21,
        input_voltage=24.1,
        cell_voltages=(3.301, None, 3.299),
        temperatures={"mosfet": 21.5, "1": None},
        balance_current=0.3,
        energy_in=12.3,
        time_to_full=3600.0,
        values={"mode": "on"},
        raw={"code": 1},
    )
    assert asdict(Steady().complete("a", PACK, reading)) == asdict(reading)


def test_noise_is_not_shown_and_a_jump_is() -> None:
    display = Display()
    first = {"temperatures": {"1": 20.0}, "balance_current": 1.0, "input_voltage": 24.0}
    display.show(current=10.0, **first)
    shown = display.show(
        current=10.09, temperatures={"1": 20.9}, balance_current=1.05, input_voltage=24.04
    )
    assert shown.current == 10.0
    assert (shown.temperatures, shown.balance_current) == ({"1": 20.0}, 1.0)
    assert shown.input_voltage == 24.0
    shown = display.show(
        current=10.3, temperatures={"1": 21.1}, balance_current=1.2, input_voltage=24.06
    )
    assert (shown.current, shown.temperatures) == (10.3, {"1": 21.1})
    assert (shown.balance_current, shown.input_voltage) == (1.2, 24.06)
    # What stays is shown within a minute.
    assert display.minute(current=10.2).current == 10.2


def test_what_is_missing_is_missing_at_once_and_new_when_it_is_back() -> None:
    display = Display()
    full = {"voltage": 6.6, "current": 1.0, "cell_voltages": (3.3, 3.3)}
    display.show(**full)
    assert display.show(voltage=6.6).cell_voltages == ()
    display.show(**full)
    shown = display.show(voltage=None, current=None, cell_voltages=(3.3, None))
    assert (shown.voltage, shown.current, shown.cell_voltages) == (None, None, (3.3, None))
    shown = display.show(voltage=6.601, current=1.01, cell_voltages=(3.3, 3.301))
    assert (shown.voltage, shown.current) == (6.601, 1.01)
    assert shown.cell_voltages == (3.3, 3.301)


def test_extremes_are_those_of_the_cells_that_are_shown() -> None:
    display = Display()
    display.show(cell_voltages=(3.324, 3.320, 3.320))
    shown = display.show(cell_voltages=(3.321, 3.325, 3.320))
    assert shown.cell_voltages == (3.324, 3.320, 3.320)
    assert (shown.cell_voltage_max, shown.cell_max_number) == (3.324, 1)
    shown = display.show(cell_voltages=(3.320, 3.326, 3.320))
    assert shown.cell_voltages == (3.324, 3.326, 3.320)
    assert (shown.cell_voltage_max, shown.cell_max_number) == (3.326, 2)
    assert (shown.cell_voltage_delta, shown.cell_min_number) == (0.006, 3)


def test_of_a_battery_that_moved_all_cells_are_shown() -> None:
    display = Display()
    display.show(voltage=52.8, cell_voltages=(3.3,) * 16)
    # Half of them by a jump, the others by a little less.
    cells = (3.2947, 3.2953) * 8
    shown = display.show(voltage=52.72, cell_voltages=cells)
    assert (shown.voltage, shown.cell_voltages) == (52.72, cells)
    # Without a jump of any cell it may have moved as well.
    cells = (3.2920, 3.2926) * 8
    assert display.show(voltage=52.677, cell_voltages=cells).cell_voltages == cells


def test_a_bad_wire_is_not_worth_a_state_of_all_cells() -> None:
    display = Display()
    display.show(cell_voltages=(3.3,) * 16)
    for first, second in ((3.27, 3.329), (3.304, 3.296), (3.24, 3.36)):
        others = (3.301, 3.299) * 7
        shown = display.show(cell_voltages=(first, second, *others)).cell_voltages
        assert shown[2:] == (3.3,) * 14


def test_the_voltage_is_the_sum_of_what_is_shown_of_the_cells() -> None:
    dice = Random(1)  # noqa: S311
    display = Display()
    shown = []
    for poll in range(720):
        cells = tuple(round(dice.gauss(3.3 + poll / 1e5, 0.0007), 3) for _ in range(16))
        reading = display.show(voltage=round(sum(cells), 2), cell_voltages=cells)
        assert reading.voltage is not None
        assert abs(reading.voltage - total(reading)) <= 0.005 + 1e-9
        shown.append(reading.voltage)
    assert shown[0] == round(shown[0], 2)
    # It followed, and wrote no state for each change of a cell.
    assert shown[-1] == pytest.approx(16 * (3.3 + 719e-5), abs=0.01)
    assert sum(a != b for a, b in pairwise(shown)) < 60


def test_a_voltage_that_is_truly_apart_from_its_cells_stays_so() -> None:
    dice = Random(1)  # noqa: S311
    display = Display()
    for _ in range(720):
        cells = tuple(round(dice.gauss(3.3, 0.0007), 3) for _ in range(16))
        reading = display.show(voltage=round(sum(cells) + 0.12, 2), cell_voltages=cells)
        assert reading.voltage is not None
        assert 0.1 <= reading.voltage - total(reading) <= 0.14
    # The wires of a charger have a voltage of their own as soon as current flows.
    assert display.show(voltage=53.5, cell_voltages=cells).voltage == 53.5
    assert display.minute(voltage=53.48, cell_voltages=cells).voltage == 53.48


def test_a_voltage_without_cells_is_one_number() -> None:
    display = Display(CHARGER)
    assert display.show(voltage=28.68).voltage == 28.68
    assert display.show(voltage=28.70).voltage == 28.68
    assert display.show(voltage=28.74).voltage == 28.74
    assert display.minute(voltage=28.73).voltage == 28.73
    assert display.show(voltage=None).voltage is None
    assert display.show(voltage=28.72).voltage == 28.72


def test_a_single_cell_and_its_pack_are_the_same() -> None:
    display = Display()
    display.show(voltage=3.7, cell_voltages=(3.7,))
    for volts in (3.701, 3.704, 3.706, 3.705):
        shown = display.show(voltage=volts, cell_voltages=(volts,))
        assert (shown.voltage,) == shown.cell_voltages


def test_the_status_of_a_battery_is_what_the_current_says_that_is_shown() -> None:
    display = Display()
    assert display.show(status=Status.IDLE, current=0.0).status is Status.IDLE
    shown = display.show(status=Status.CHARGING, current=0.06)
    assert (shown.current, shown.status, shown.charging) == (0.0, Status.IDLE, False)
    shown = display.minute(status=Status.CHARGING, current=0.06)
    assert (shown.current, shown.status, shown.charging) == (0.06, Status.CHARGING, True)
    shown = display.show(status=Status.DISCHARGING, current=-3.0)
    assert (shown.current, shown.status) == (-3.0, Status.DISCHARGING)
    # Where the direction is not known, the device has the say.
    assert display.show(status=Status.IDLE, current=None).status is Status.IDLE


def test_the_current_of_a_charger_is_one_of_its_stage() -> None:
    display = Display(CHARGER)
    display.show(status=Status.BULK, current=0.08)
    assert display.show(status=Status.BULK, current=0.02).current == 0.08
    shown = display.show(status=Status.FLOAT, current=0.02)
    assert (shown.status, shown.current, shown.charging) == (Status.FLOAT, 0.02, False)


def test_power_is_voltage_times_current_as_they_are_shown() -> None:
    display = Display(CHARGER)
    outputs = {"output_voltage_2": 14.0, "output_current_2": 2.0}
    assert display.show(voltage=28.0, current=10.0, values=outputs).power == 308.0
    trembled = {"output_voltage_2": 14.004, "output_current_2": 2.05}
    shown = display.show(voltage=28.03, current=10.05, values=trembled)
    assert (shown.power, shown.values) == (308.0, outputs)
    shown = display.show(voltage=28.03, current=10.2, values=trembled)
    assert shown.power == round(28.0 * 10.2 + 28.0, 2)


def test_declared_measurements_tremble_and_nothing_else() -> None:
    display = Display(CHARGER)
    display.show(values={"output_current_2": 1.0, "limit": 5.0, "mode": "on"})
    shown = display.show(values={"output_current_2": 1.05, "limit": 5.05, "mode": "off"})
    assert shown.values == {"output_current_2": 1.0, "limit": 5.05, "mode": "off"}
    assert display.show(values={"output_current_2": None}).values["output_current_2"] is None
    assert display.show(values={"output_current_2": 1.05}).values["output_current_2"] == 1.05


def test_a_current_without_its_direction_is_the_same_current() -> None:
    display = Display(CHARGER)
    name = CURRENT_MAGNITUDE.id
    display.show(current=-1.0, values={name: 1.0})
    display.show(current=None, values={name: 0.9})
    shown = display.show(current=-0.96, values={name: 0.96})
    assert (shown.current, shown.values[name]) == (-0.96, 0.96)


def test_what_a_unit_declares_later_is_steadied_too() -> None:
    display = Display(replace(CHARGER, quantities=()))
    assert display.show(values={"output_current_2": 1.0}).values["output_current_2"] == 1.0
    display.unit = CHARGER
    display.show(values={"output_current_2": 1.0})
    assert display.show(values={"output_current_2": 1.05}).values["output_current_2"] == 1.0


def test_the_time_that_is_left_fits_the_current() -> None:
    display = Display()
    display.show(current=0.06, time_to_full=36000.0)
    shown = display.show(current=0.06, time_to_full=36120.0)
    assert (shown.time_to_full, shown.time_to_empty) == (36000.0, None)
    shown = display.show(current=-0.03, time_to_empty=72000.0)
    assert (shown.current, shown.time_to_full, shown.time_to_empty) == (0.06, None, None)
    shown = display.show(current=-0.06, time_to_empty=72000.0)
    assert (shown.current, shown.time_to_empty) == (-0.06, 72000.0)


def test_counters_are_shown_each_minute() -> None:
    display = Display()
    display.at = 1195.0
    assert display.show(energy_in=100.0, charge_in=2.0).energy_in == 100.0
    assert display.show(energy_in=104.9, charge_in=2.09).energy_in == 100.0
    shown = display.show(energy_in=105.0, charge_in=2.1)
    assert (shown.energy_in, shown.charge_in) == (105.0, 2.1)
    display.at = 1255.0
    assert display.show(energy_in=105.1, charge_in=2.11).energy_in == 105.1


def test_the_same_reading_again_changes_nothing() -> None:
    display = Display()
    display.show(current=1.0, voltage=52.8, cell_voltages=(3.3,) * 16)
    cells = (3.301, *(3.3,) * 15)
    reading = Reading(at=10.0, current=1.05, voltage=52.8, cell_voltages=cells)
    once = display.steady.complete("1", PACK, reading)
    for _ in range(100):
        assert display.steady.complete("1", PACK, reading) == once


@pytest.mark.parametrize("ending", ["silent", "forget"])
def test_a_unit_that_is_back_is_shown_whatever_it_says(ending: str) -> None:
    display = Display()
    display.show(current=1.0)
    getattr(display.steady, ending)("1")
    getattr(display.steady, ending)("1")
    assert display.show(current=1.05).current == 1.05


numbers = st.none() | st.floats(-5, 5)


@settings(max_examples=200)
@given(
    st.lists(
        st.builds(
            Reading,
            at=st.floats(0, 1e4),
            status=st.none() | st.sampled_from(BATTERY_STATUSES),
            voltage=numbers,
            current=numbers,
            cell_voltages=st.lists(st.none() | st.floats(0.0, 5.0), max_size=4).map(tuple),
            temperatures=st.dictionaries(st.sampled_from("12"), numbers),
            time_to_full=st.none() | st.floats(0, 1e5),
            time_to_empty=st.none() | st.floats(0, 1e5),
            energy_in=st.none() | st.floats(0, 100),
        ),
        max_size=12,
    )
)
def test_whatever_comes_agrees(readings: list[Reading]) -> None:
    steady = Steady()
    for reading in readings:
        shown = steady.complete("1", PACK, reading)
        assert [v is None for v in shown.cell_voltages] == [
            v is None for v in reading.cell_voltages
        ]
        assert (shown.voltage is None) is (reading.voltage is None)
        assert (shown.current is None) is (reading.current is None)
        if shown.current is not None:
            assert shown.status is activity(shown.current)
            assert abs(shown.current - (reading.current or 0.0)) <= 0.1 + 1e-6
        if shown.voltage is not None and reading.voltage is not None:
            apart = reading.voltage - total(reading)
            assert abs(shown.voltage - total(shown) - apart) <= 0.08
        assert shown.time_to_full is None or shown.status is Status.CHARGING
        assert shown.time_to_empty is None or shown.status is Status.DISCHARGING
