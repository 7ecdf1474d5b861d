"""Resistances are those of the battery that is connected, or nothing is said of them."""

import json

import pytest

from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.resistances import ResistanceWatch
from custom_components.cellwire.devices.model import Reading
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack

from .conftest import MakeDevice

FOUR = (3.8, 3.81, 3.8, 3.79)
OLD, NEW = (56, 57, 70, 56), (30, 31, 29, 30)
RESISTANCES = [5.6, 5.7, 7.0, 5.6]


def watch() -> ResistanceWatch:
    """One that has seen a battery with what was measured on it."""
    each = ResistanceWatch()
    assert each.is_measured(FOUR, 0.0, OLD)
    return each


@pytest.mark.parametrize(
    "cells",
    [
        (),
        FOUR[:3],
        (*FOUR, 3.8),
        (3.8, None, 3.8, 3.79),
        # Another battery of four cells.
        (3.8, 3.81, 3.8, 3.9),
        tuple(cell + 0.11 for cell in FOUR),
    ],
)
def test_from_the_moment_that_cells_vanish_or_jump_they_are_another_s(
    cells: tuple[float | None, ...],
) -> None:
    each = watch()
    assert not each.is_measured(cells, 0.0, OLD)
    # Whatever comes then, and also if it is the old one again.
    assert not each.is_measured(cells, 0.0, OLD)
    assert not each.is_measured(FOUR, 0.0, OLD)
    assert not each.is_measured(FOUR, 5.0, OLD)
    # Until something was measured.
    assert each.is_measured(FOUR, 5.0, NEW)
    assert each.is_measured(FOUR, 0.0, NEW)


def test_what_a_current_does_to_cells_is_no_other_battery() -> None:
    each = watch()
    for cells, current in (
        (tuple(cell + 0.2 for cell in FOUR), 10.0),
        (tuple(cell + 0.3 for cell in FOUR), 10.0),
        (FOUR, 0.0),
        (tuple(cell - 0.3 for cell in FOUR), -10.0),
        (tuple(cell + 0.09 for cell in FOUR), None),
        (FOUR, 0.0),
        (tuple(cell + 0.09 for cell in FOUR), 0.02),
    ):
        assert each.is_measured(cells, current, OLD)


def test_a_measurement_that_came_with_the_change_is_not_trusted() -> None:
    each = watch()
    assert not each.is_measured(FOUR[:3], 0.0, NEW)
    assert not each.is_measured(FOUR[:3], 0.0, NEW)
    assert each.is_measured(FOUR[:3], 0.0, OLD)


@pytest.mark.parametrize("kept", [None, 7, "56", [5.6], [None]])
def test_what_is_no_memory(kept: object) -> None:
    each = ResistanceWatch()
    each.recall(kept)
    assert each.stale is None


async def measured(device: ChargerDevice, charger: SimulatedCharger) -> Reading:
    """Charge for as long as it takes until resistances were measured."""
    charger.start(1, "charge", slot=7)
    for _ in range(10):
        charger.advance(5)
        reading = (await device.read())["channel_1"]
    return reading


async def test_the_next_battery_does_not_have_those_of_the_last_one(
    make_device: MakeDevice,
) -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4, resistances=RESISTANCES, capacity=5.0))
    device = make_device(charger)
    await device.start()
    assert (await measured(device, charger)).cell_resistances == tuple(RESISTANCES)
    for _ in range(2):
        charger.stop(1)
    reading = (await device.read())["channel_1"]
    assert reading.cell_resistances == tuple(RESISTANCES)
    assert reading.values["line_resistance"] == 4.0
    charger.plug(1, None)
    await device.read()
    charger.plug(1, Pack([0.5] * 4, resistances=[3.0] * 4, capacity=5.0))
    for _ in range(3):
        reading = (await device.read())["channel_1"]
    assert len(reading.cell_voltages) == 4
    assert reading.cell_resistances == (None,) * 4
    assert reading.values["cell_resistance_total"] is None
    assert reading.values["line_resistance"] is None
    # A restart does not make them its own.
    kept = json.loads(json.dumps(device.memory()))
    await device.close()
    assert list(kept) == ["resistances"]
    again = make_device(charger)
    again.recalled = kept
    assert again.memory() == {}
    await again.start()
    assert again.memory() == kept
    assert (await again.read())["channel_1"].cell_resistances == (None,) * 4
    assert (await measured(again, charger)).cell_resistances == (3.0,) * 4
    assert again.memory() == {}
