"""Contradictions are found: those that are made here, and those of a deadband for each value."""

from itertools import islice
from typing import Any

import pytest

from custom_components.cellwire.devices.jk_bms.fields import split
from custom_components.cellwire.devices.jk_bms.frame import FrameScanner
from custom_components.cellwire.devices.jk_bms.reading import to_reading, to_unit
from custom_components.cellwire.devices.model import Reading, Unit
from custom_components.cellwire.devices.watching.calm import Calm, Noise, weight_after
from custom_components.cellwire.devices.watching.steady import AMPERES, CELL, PACK, WATTS, Steady
from custom_components.cellwire.sensor import offered
from tests.agreement import Page, Value, facts
from tests.bench.noisy_pack import POLLS_AN_HOUR, USES, Use, noisy_replies

PAUSE = 3600 / POLLS_AN_HOUR
ONE: dict[str, Any] = {
    "voltage": 6.61,
    "current": 2.0,
    "power": 13.22,
    "status": "charging",
    "charging": "on",
    "time_to_full": 60.0,
    "remaining_capacity": 4.0,
    "full_capacity": 10.0,
    "energy_in": 1.5,
    "cell_voltage_1": 3.301,
    "cell_voltage_2": 3.309,
    "cell_voltage_min": 3.301,
    "cell_voltage_max": 3.309,
    "cell_voltage_delta": 0.008,
    "cell_voltage_average": 3.305,
    "cell_min_number": 1.0,
    "cell_max_number": 2.0,
    "current_magnitude": 2.0,
}
OTHER = ONE | {"energy_in": 2.0, "cell_voltage_average": 3.304}
OTHER |= {"cell_voltage_1": 3.3, "cell_voltage_min": 3.3}
OTHER |= {"cell_voltage_2": 3.308, "cell_voltage_max": 3.308}
BANK: dict[str, Any] = {
    "voltage": 6.61,
    "current": 4.0,
    "power": 26.44,
    "soc": 40.0,
    "remaining_capacity": 8.0,
    "full_capacity": 20.0,
    "energy_in": 3.5,
    "cell_voltage_min": 3.3,
    "cell_voltage_max": 3.309,
    "cell_voltage_delta": 0.009,
    "cell_voltage_average": 3.3045,
    "cell_min_number": 1.0,
    "cell_max_number": 2.0,
    "cell_min_pack": "2",
    "cell_max_pack": "1",
}
CHARGER: dict[str, Any] = {
    "voltage": 14.0,
    "current": 2.0,
    "output_voltage_2": 13.0,
    "output_current_2": 1.0,
    "power": 41.0,
    "status": "bulk",
}


def bank(**changes: Value) -> Page:
    packs = (Page("Pack 1", ONE), Page("Pack 2", OTHER))
    return Page("Bank", BANK | changes, packs)


def wrong(page: Page) -> set[str]:
    return {what for what, holds in facts(page) if not holds}


def test_what_agrees_is_not_complained_of() -> None:
    for page in (Page("Pack 1", ONE), Page("Pack 2", OTHER), bank(), Page("Charger", CHARGER)):
        assert not wrong(page)
        assert len(list(facts(page))) > 0
    assert not list(facts(Page("Empty", {})))


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("voltage", 6.63, "voltage and sum of cells"),
        ("power", 13.3, "power and voltage times current"),
        ("status", "idle", "status and current"),
        ("charging", "off", "charging and current"),
        ("time_to_empty", 5.0, "time_to_empty and current"),
        ("cell_voltage_min", 3.302, "min of cells"),
        ("cell_voltage_max", 3.308, "max of cells"),
        ("cell_voltage_delta", 0.007, "cell difference"),
        ("cell_voltage_average", 3.307, "mean of cells"),
        ("cell_min_number", 2.0, "number of min cell"),
        ("cell_max_number", 3.0, "number of max cell"),
        ("current_magnitude", 1.9, "magnitude and current"),
    ],
)
def test_a_contradiction_of_a_pack_is_found(key: str, value: Value, what: str) -> None:
    assert what in wrong(Page("Pack 1", ONE | {key: value}))


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("voltage", 6.63, "voltage of bank"),
        ("current", 4.1, "current of bank"),
        ("power", 26.5, "power of bank"),
        ("energy_in", 3.502, "energy_in of bank"),
        ("remaining_capacity", 8.1, "remaining_capacity of bank"),
        ("soc", 40.2, "state of charge of bank"),
        ("cell_min_pack", "1", "number of min cell"),
        ("cell_max_pack", "2", "number of max cell"),
    ],
)
def test_a_contradiction_of_a_bank_is_found(key: str, value: Value, what: str) -> None:
    assert what in wrong(bank(**{key: value}))


def test_a_contradiction_of_a_charger_is_found() -> None:
    page = Page("Charger", CHARGER | {"power": 28.0})
    assert wrong(page) == {"power and voltage times current"}


def shown(unit: Unit, reading: Reading) -> dict[str, Value]:
    values = {each.key: each.value(unit, reading) for each in offered(unit, reading)}
    return {
        key: float(value) if isinstance(value, int | float) else str(value)
        for key, value in values.items()
        if value is not None
    }


def noise_of(key: str) -> Noise | None:
    noises = {"voltage": PACK, "current": AMPERES, "power": WATTS}
    return CELL if key.startswith("cell_voltage") else noises.get(key)


def contradictory(use: Use, *, steadied: bool) -> int:
    """Return how many of an hour's polls show a contradiction: each value calm alone, or all."""
    steady, polls = Steady(), 0
    calms: dict[str, Calm] = {}
    for poll, raw in enumerate(islice(noisy_replies(use), POLLS_AN_HOUR)):
        fields = split(FrameScanner().feed(raw)[0].info)
        unit, reading = to_unit(fields), to_reading(fields, PAUSE * poll)
        if steadied:
            reading = steady.complete("pack", unit, reading)
        values = shown(unit, reading)
        for key, value in () if steadied else tuple(values.items()):
            if (noise := noise_of(key)) and isinstance(value, float):
                calm = calms.setdefault(key, Calm(noise))
                values[key] = calm.take(value, weight_after(PAUSE)) or 0.0
        polls += bool(wrong(Page("Pack", values)))
    return polls


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_deadband_for_each_value_contradicts_itself_and_a_steady_reading_never(use: Use) -> None:
    assert contradictory(use, steadied=False) > POLLS_AN_HOUR / 20
    assert contradictory(use, steadied=True) == 0
