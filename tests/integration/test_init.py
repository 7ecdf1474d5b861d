"""Entries up, down and up again."""

import asyncio

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from custom_components.cellwire import async_remove_config_entry_device
from custom_components.cellwire.const import CONF_SERIALS, DOMAIN
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.jk_bms import Bus, ClassicBoard
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire

from .conftest import AddEntry


async def assert_free(wire: PtyWire) -> None:
    link = SerialLink(wire.address, 9600)
    await link.open()
    await link.close()


def tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if "cellwire" in task.get_name()]


async def test_set_up_unload_and_set_up_again(
    hass: HomeAssistant, pty: PtyWire, add_entry: AddEntry, variant: str
) -> None:
    entry = await add_entry(variant)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.async_entity_ids_count("sensor")
    for _ in range(2):
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert entry.state is ConfigEntryState.NOT_LOADED
        assert not tasks()
        await assert_free(pty)
        assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_a_device_that_does_not_answer_yet_is_tried_again(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire, add_entry: AddEntry
) -> None:
    board.fault = faults.silent
    entry = await add_entry("classic")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason == (
        "The JK-BMS does not answer: not one byte came. Is it switched on and awake, are RX and TX"
        " the right way round, is its protocol selected?"
    )
    await assert_free(pty)
    board.fault = faults.none
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_port_that_is_not_there_yet_is_tried_again(
    hass: HomeAssistant, victron: Charger, pty: PtyWire, add_entry: AddEntry
) -> None:
    await pty.unplug()
    entry = await add_entry("vedirect")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason == f"The port {pty.address} does not exist. Is the adapter plugged in?"
    assert not tasks()


async def test_another_device_is_not_mixed_with_the_old_one(
    hass: HomeAssistant, victron: Charger, pty: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect", **{CONF_SERIALS: {"charger": "HQ0000OTHER"}})
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.reason is not None
    assert entry.reason.startswith(
        "Another device answers here: serial number HQ2230XY6XR instead of HQ0000OTHER."
    )
    assert not hass.states.async_entity_ids("sensor")
    await assert_free(pty)


async def test_the_link_is_closed_when_home_assistant_stops(
    hass: HomeAssistant, pty: PtyWire, add_entry: AddEntry, variant: str
) -> None:
    entry = await add_entry(variant)
    assert entry.state is ConfigEntryState.LOADED
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert not tasks()
    await assert_free(pty)


async def test_a_unit_that_is_gone_can_be_deleted(
    hass: HomeAssistant, bus: Bus, add_entry: AddEntry, device_registry: dr.DeviceRegistry
) -> None:
    entry = await add_entry("modbus")
    bus.boards[3].fault = faults.silent
    await entry.runtime_data.async_refresh()
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    }
    assert devices.keys() == {"JK_PB2A16S15P 1", "JK_PB2A16S20P 3"}
    alive, gone = devices["JK_PB2A16S15P 1"], devices["JK_PB2A16S20P 3"]
    assert not await async_remove_config_entry_device(hass, entry, alive)
    assert await async_remove_config_entry_device(hass, entry, gone)
    await hass.config_entries.async_unload(entry.entry_id)
    assert not await async_remove_config_entry_device(hass, entry, gone)


async def test_devices_are_known_by_serial_number_or_entry(
    hass: HomeAssistant, bus: Bus, add_entry: AddEntry, device_registry: dr.DeviceRegistry
) -> None:
    entry = await add_entry("modbus")
    devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert {frozenset(device.identifiers) for device in devices} == {
        frozenset({(DOMAIN, "jk_bms_SERIAL1")}),
        # This board's serial number was not known when the entry was made.
        frozenset({(DOMAIN, "entry_modbus_3")}),
    }
    by_name = {device.name: device for device in devices}
    first = by_name["JK_PB2A16S15P 1"]
    assert (first.manufacturer, first.model, first.serial_number) == (
        "JiKong",
        "JK_PB2A16S15P",
        "SERIAL1",
    )
    assert (first.sw_version, first.hw_version) == ("15.10", "15.XA")
