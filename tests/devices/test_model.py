"""What follows from a reading."""

from dataclasses import replace

import pytest

from custom_components.cellwire.devices.model import (
    NO_ALARM,
    NO_ERROR,
    Alarm,
    Kind,
    Quantity,
    Reading,
    Role,
    Severity,
    Status,
    Unit,
    UnitKind,
    activity,
    has_problem,
    worst_alarm,
)

UNIT = Unit(
    key="u",
    kind=UnitKind.BATTERY,
    manufacturer="m",
    alarms=(
        Alarm("full", Severity.INFO),
        Alarm("low", Severity.WARNING),
        Alarm("hot"),
        Alarm("short"),
    ),
)


def test_an_empty_reading_knows_nothing() -> None:
    reading = Reading(at=0.0)
    for name in (
        "power",
        "charging",
        "cell_voltage_min",
        "cell_voltage_max",
        "cell_min_number",
        "cell_max_number",
        "cell_voltage_delta",
        "cell_voltage_average",
    ):
        assert getattr(reading, name) is None
    assert worst_alarm(UNIT, reading.alarms) is None
    assert has_problem(UNIT, reading) is None


def test_readings_are_equal_by_their_values_not_their_time() -> None:
    assert Reading(at=1.0, voltage=52.0) == Reading(at=2.0, voltage=52.0)
    assert Reading(at=1.0, voltage=52.0) != Reading(at=1.0, voltage=52.1)


def test_a_changed_reading_is_worked_out_anew() -> None:
    reading = Reading(at=1.0, voltage=50.0, current=2.0, cell_voltages=(3.3, 3.2))
    assert (reading.power, reading.cell_min_number) == (100.0, 2)
    changed = reading.but(current=3.0, cell_voltages=(3.1, 3.2))
    assert changed == replace(reading, current=3.0, cell_voltages=(3.1, 3.2))
    assert (changed.power, changed.cell_min_number, changed.at) == (150.0, 1, 1.0)
    assert (reading.power, reading.cell_min_number) == (100.0, 2)
    assert reading.but() == reading


def test_cells_are_numbered_from_one_and_missing_ones_left_out() -> None:
    reading = Reading(at=0.0, cell_voltages=(None, 3.301, 3.299, 3.305, 3.299, None))
    assert reading.cell_voltage_min == 3.299
    assert reading.cell_min_number == 3
    assert reading.cell_voltage_max == 3.305
    assert reading.cell_max_number == 4
    assert reading.cell_voltage_delta == 0.006
    assert reading.cell_voltage_average == 3.301


@pytest.mark.parametrize(
    ("voltage", "current", "others", "power"),
    [
        (52.0, -10.5, {}, -546.0),
        (52.0, None, {}, None),
        (None, 1.0, {}, None),
        (28.0, 5.0, {"output_voltage_2": 24.0, "output_current_2": 0.5}, 152.0),
        (28.0, 5.0, {"output_voltage_3": 24.0, "output_current_3": None}, 140.0),
        (None, 5.0, {"output_voltage_2": 24.0, "output_current_2": 0.5}, None),
    ],
)
def test_power_is_positive_into_the_battery(
    voltage: float | None,
    current: float | None,
    others: dict[str, float | None],
    power: float | None,
) -> None:
    reading = Reading(at=0.0, voltage=voltage, current=current, values=others)
    assert reading.power == power


@pytest.mark.parametrize(
    ("current", "status", "charging"),
    [
        (None, None, None),
        (0.0, Status.IDLE, False),
        (0.04, Status.IDLE, False),
        (-0.04, Status.IDLE, False),
        (0.05, Status.CHARGING, True),
        (-0.05, Status.DISCHARGING, False),
    ],
)
def test_current_tells_what_a_battery_does(
    current: float | None, status: Status | None, *, charging: bool | None
) -> None:
    assert activity(current) is status
    assert Reading(at=0.0, current=current).charging is charging


@pytest.mark.parametrize(
    ("active", "worst", "problem"),
    [
        ((), NO_ALARM, False),
        (("full",), "full", False),
        (("full", "low"), "low", True),
        (("low", "short", "hot"), "hot", True),
        (("unheard_of",), NO_ALARM, False),
    ],
)
def test_the_worst_alarm_is_shown_and_information_is_no_problem(
    active: tuple[str, ...], worst: str, *, problem: bool
) -> None:
    reading = Reading(at=0.0, alarms=frozenset(active))
    assert worst_alarm(UNIT, reading.alarms) == worst
    assert has_problem(UNIT, reading) is problem


def test_an_error_is_a_problem() -> None:
    assert has_problem(UNIT, Reading(at=0.0, error=NO_ERROR)) is False
    assert has_problem(UNIT, Reading(at=0.0, error="hot")) is True


def test_equal_quantities_are_told_apart_by_number() -> None:
    quantity = Quantity(key="output", kind=Kind.VOLTAGE, role=Role.MEASUREMENT, number=2)
    assert quantity.id == "output_2"
    assert Quantity(key="limit", kind=Kind.VOLTAGE, role=Role.SETTING).id == "limit"


def test_a_reading_of_one_unit_follows_from_no_other() -> None:
    reading = Reading(at=0.0, voltage=12.0)
    assert reading.joined({"other": Reading(at=0.0, voltage=24.0)}) is reading
