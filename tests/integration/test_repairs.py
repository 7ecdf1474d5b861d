"""What a device itself wants to be put right: told once, and over when it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.devices.shared_address import CALM, SURE
from tests.bench.hid_port import HidPort
from tests.bench.hubble_am2 import LIVE, Pack
from tests.bench.icharger import SimulatedCharger
from tests.bench.jk_bms import Bus, recorded_board
from tests.bench.jk_switches import SwitchedBoard, password_frame
from tests.bench.line import Line
from tests.bench.modbus import RtuBus
from tests.bench.victron_charger import Charger
from tests.bench.victron_writes import SettableCharger
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking
from tests.waiting import until

from . import test_hubble_am2, test_icharger
from .conftest import CHARGING, AddEntry
from .repairing import Repairs
from .steps import call, refresh, value

CHARGE = "switch.jk_b1a24s15p_charge_mosfet"
LOCKED = "password_needed_entry_classic"
LIMIT = "number.blue_smart_ip22_24_12_1_charge_current_limit"
USED_UP = "budget_used_entry_vedirect"
ERROR = "lasting_error_entry_vedirect_charger"
SECRET = "hunter2"  # noqa: S105 - of no real board


async def allow(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Let an entry be controlled, and load it anew."""
    hass.config_entries.async_update_entry(entry, options={"allow_control": True, **options})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
async def settable(pty: PtyWire) -> AsyncIterator[None]:
    async with talking(SettableCharger(pty, [second()], period=0.1)):
        yield


async def limit(hass: HomeAssistant, entry: MockConfigEntry, current: float) -> None:
    """Set the current limit once it is offered: a charger has to be asked for much first."""
    for _ in range(100):
        state = hass.states.get(LIMIT)
        if state and state.state != STATE_UNAVAILABLE:
            break
        await asyncio.sleep(0.05)
        await refresh(hass, entry)
    await call(hass, "number", "set_value", LIMIT, value=current)
    assert value(hass, LIMIT) == str(current)


async def test_more_writes_for_today(
    hass: HomeAssistant, repairs: Repairs, settable: None, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect")
    await allow(hass, entry, daily_writes=1)
    await limit(hass, entry, 8.0)
    await refresh(hass, entry)
    await refresh(hass, entry)
    assert repairs.changes == [("create", USED_UP)]
    assert (await repairs.issues())[USED_UP]["translation_placeholders"]["budget"] == "1"
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: entry.runtime_data.device.writes_left == 0)
    await refresh(hass, entry)
    assert repairs.changes == []
    form = await repairs.open(USED_UP)
    (field,) = form["data_schema"]
    assert (field["name"], field["description"]) == ("daily_writes", {"suggested_value": 1})
    assert field["selector"]["number"].items() >= {"min": 0, "max": 1000}.items()
    result = await repairs.enter(form, daily_writes=5)
    assert result["type"] == "create_entry"
    assert entry.options == {"allow_control": True, "daily_writes": 5}
    assert entry.state is ConfigEntryState.LOADED
    await refresh(hass, entry)
    assert repairs.changes == [("remove", USED_UP)]
    await limit(hass, entry, 9.0)
    hass.config_entries.async_update_entry(
        entry, options={"allow_control": True, "daily_writes": 2}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: entry.runtime_data.device.writes_left == 0)
    await refresh(hass, entry)
    assert repairs.changes == [("create", USED_UP)]
    await allow(hass, entry, allow_control=False)
    assert repairs.changes == [("remove", USED_UP)]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_board_that_may_want_its_password(
    hass: HomeAssistant, repairs: Repairs, pty: PtyWire, add_entry: AddEntry
) -> None:
    SwitchedBoard(pty, CHARGING, wants=password_frame(SECRET))
    entry = await add_entry("classic")
    await allow(hass, entry)
    for _ in range(2):
        with pytest.raises(HomeAssistantError):
            await call(hass, "switch", "turn_off", CHARGE)
    assert repairs.changes == [("create", LOCKED)]
    await hass.config_entries.async_reload(entry.entry_id)
    assert list(await repairs.issues()) == [LOCKED]
    form = await repairs.open(LOCKED)
    assert form["data_schema"][0]["selector"]["text"]["type"] == "password"
    result = await repairs.enter(form, password=SECRET)
    assert result["type"] == "create_entry"
    assert entry.options == {"allow_control": True, "password": SECRET}
    assert repairs.changes == [("remove", LOCKED)]
    await call(hass, "switch", "turn_off", CHARGE)
    assert repairs.changes == []


async def test_a_board_that_takes_the_next_change_wants_none(
    hass: HomeAssistant, repairs: Repairs, pty: PtyWire, add_entry: AddEntry
) -> None:
    board = SwitchedBoard(pty, CHARGING)
    entry = await add_entry("classic")
    await allow(hass, entry)
    board.habits.applies = False
    with pytest.raises(HomeAssistantError):
        await call(hass, "switch", "turn_off", CHARGE)
    board.habits.applies = True
    await call(hass, "switch", "turn_off", CHARGE)
    assert repairs.changes == [("create", LOCKED), ("remove", LOCKED)]


async def test_a_password_that_does_not_help_can_be_corrected_in_the_options(
    hass: HomeAssistant, repairs: Repairs, pty: PtyWire, add_entry: AddEntry
) -> None:
    SwitchedBoard(pty, CHARGING, wants=password_frame(SECRET))
    entry = await add_entry("classic")
    await allow(hass, entry, password="wrong")  # noqa: S106
    with pytest.raises(HomeAssistantError):
        await call(hass, "switch", "turn_off", CHARGE)
    assert repairs.changes == [("create", LOCKED)]
    await allow(hass, entry, password=SECRET)
    assert repairs.changes == [("remove", LOCKED)]
    await call(hass, "switch", "turn_off", CHARGE)
    assert value(hass, CHARGE) != STATE_ON


async def test_an_error_of_a_charger_that_needs_a_person(
    hass: HomeAssistant,
    repairs: Repairs,
    victron: Charger,
    add_entry: AddEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    entry = await add_entry("vedirect")
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    device_registry.async_update_device(device.id, name_by_user="Garage")

    async def says(error: str) -> None:
        victron.seconds[:] = [second(ERR=error)]
        victron.registers[0xEDDA] = bytes((int(error),))
        await until(lambda: entry.runtime_data.device.fresh()["charger"].raw["error"] == int(error))
        await refresh(hass, entry)
        await refresh(hass, entry)

    # A charger that is too hot cools down by itself.
    await says("17")
    assert repairs.changes == []
    await says("20")
    assert repairs.changes == [("create", ERROR)]
    issue = (await repairs.issues())[ERROR]
    assert issue["learn_more_url"].endswith("/docs/devices/victron_charger.md")
    assert issue["translation_placeholders"] == {
        "name": entry.title,
        "unit": "Garage",
        "error": "Bulk time limit exceeded",
    }
    await hass.config_entries.async_reload(entry.entry_id)
    assert repairs.changes == []
    await says("67")
    assert repairs.changes == [("update", ERROR)]
    await says("0")
    assert repairs.changes == [("remove", ERROR)]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_program_that_ended_because_of_the_wiring(
    hass: HomeAssistant, repairs: Repairs, usb: Path
) -> None:
    charger = SimulatedCharger(serial=test_icharger.SERIAL)
    port = HidPort(usb, charger.product, charger.serial, charger)
    await port.plug()
    entry = await test_icharger.set_up(hass)
    charger.channels[1].fail(0x0F00)
    await refresh(hass, entry)
    issue = "lasting_error_entry_icharger_channel_2"
    assert repairs.changes == [("create", issue)]
    texts = (await repairs.issues())[issue]["translation_placeholders"]
    assert texts["error"] == "Battery polarity reversed"
    charger.channels[1].run_status = charger.channels[1].error = 0
    await refresh(hass, entry)
    assert repairs.changes == [("remove", issue)]
    await hass.config_entries.async_unload(entry.entry_id)
    await port.unplug()


async def ask(hass: HomeAssistant, entry: MockConfigEntry, *, times: int) -> None:
    """Read the bus, and ask everybody each time."""
    for _ in range(times):
        attendance = entry.runtime_data.device._attendance
        attendance._due = dict.fromkeys(attendance._due, 0)
        await refresh(hass, entry)


async def test_two_packs_with_one_address(
    hass: HomeAssistant, repairs: Repairs, pty: PtyWire
) -> None:
    line = Line(pty)
    RtuBus(line.tap(), {1: Pack(serial="PACK1"), 3: Pack(serial="PACK3")})
    entry = await test_hubble_am2.set_up(hass, pty.address)
    assert entry.state is ConfigEntryState.LOADED
    twin = Pack(serial="PACK4")
    twin.blocks[LIVE] = [register ^ 0x0155 for register in twin.blocks[LIVE]]
    tap = line.tap()
    RtuBus(tap, {3: twin})
    await ask(hass, entry, times=SURE + 1)
    issue = f"shared_address_{entry.entry_id}_3"
    assert repairs.changes == [("create", issue)]
    assert (await repairs.issues())[issue]["translation_placeholders"]["address"] == "3"
    await hass.config_entries.async_reload(entry.entry_id)
    await ask(hass, entry, times=1)
    assert repairs.changes == []
    await tap.unplug()
    await ask(hass, entry, times=CALM + 1)
    assert repairs.changes == [("remove", issue)]


async def test_a_pack_that_is_taken_away_takes_its_issue_along(
    hass: HomeAssistant, repairs: Repairs, pty: PtyWire, add_entry: AddEntry
) -> None:
    line = Line(pty)
    boards = {
        1: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1"),
        3: recorded_board("pb_real_16s_sw15.41_addr3", "SERIAL3"),
    }
    Bus(line.tap(), boards)
    entry = await add_entry("modbus")
    Bus(line.tap(), {3: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL4")})
    await ask(hass, entry, times=SURE + 1)
    issue = "shared_address_entry_modbus_3"
    assert repairs.changes == [("create", issue)]
    coordinator = entry.runtime_data
    assert await coordinator.forget(coordinator.unit_identity("3"))
    await refresh(hass, entry)
    assert repairs.changes == [("remove", issue)]
