"""The place where entries meet."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cellwire.devices.errors import Refused
from custom_components.cellwire.exchange import NoSuchUnit, exchange_of
from tests.bench import faults
from tests.bench.jk_bms import ClassicBoard

from .conftest import AddEntry
from .steps import refresh

UNIT = "entry_classic_bms"


async def test_readings_are_found_and_followed_by_identity(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    exchange = exchange_of(hass)
    told: list[float | None] = []

    def look() -> None:
        try:
            reading = exchange.reading(UNIT)
        except NoSuchUnit:
            told.append(None)
        else:
            told.append(reading.voltage if reading else 0.0)

    leave = exchange.follow(look)
    entry = await add_entry("classic")
    # Who follows a unit that is yet to come hears of it at once.
    assert told[-1] == 53.15
    source, key = exchange.find(UNIT)
    assert source.unit(key).model == "JK_B1A24S15P"
    board.fault = faults.silent
    await refresh(hass, entry)
    assert told[-1] == 0.0
    board.fault = faults.none
    await refresh(hass, entry)
    assert told[-1] == 53.15
    await hass.config_entries.async_unload(entry.entry_id)
    assert told[-1] is None
    leave()
    count = len(told)
    await hass.config_entries.async_setup(entry.entry_id)
    assert len(told) == count


async def test_a_wish_goes_to_the_device_and_its_refusal_comes_back(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    await add_entry("classic")
    with pytest.raises(Refused):
        await exchange_of(hass).wish(UNIT, "discharge_mosfet", wish=False)
    with pytest.raises(NoSuchUnit):
        await exchange_of(hass).wish("nobody", "discharge_mosfet", wish=False)
