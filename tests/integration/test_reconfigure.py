"""Moving a device to another port, and the options."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import CONF_INTERVAL, CONF_SERIALS
from tests.bench import faults
from tests.bench.jk_bms import Bus, ClassicBoard, recorded_board
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking

from .conftest import CHARGING, AddEntry


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[PtyWire]:
    """Plug a second adapter in."""
    wire = PtyWire(tmp_path / "other")
    await wire.plug()
    yield wire
    await wire.unplug()


async def move(hass: HomeAssistant, entry: MockConfigEntry, port: str) -> ConfigFlowResult:
    form = await entry.start_reconfigure_flow(hass)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "reconfigure")
    return await enter(hass, form["flow_id"], port)


async def enter(hass: HomeAssistant, flow_id: str, port: str) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(flow_id, {CONF_PORT: port})
    if result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        result = await hass.config_entries.flow.async_configure(flow_id)
    await hass.async_block_till_done()
    return result


async def test_a_charger_moves(
    hass: HomeAssistant, victron: Charger, other: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect")
    async with talking(Charger(other, [second(V="27000")], period=0.1)):
        result = await move(hass, entry, other.address)
        assert (result["type"], result["reason"]) == (
            FlowResultType.ABORT,
            "reconfigure_successful",
        )
        assert entry.data[CONF_PORT] == other.address
        assert entry.state is ConfigEntryState.LOADED
        state = hass.states.get("sensor.blue_smart_ip22_24_12_1_voltage")
        assert state is not None
        assert float(state.state) == 27.0
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("tries", [0, 1])
async def test_an_entry_that_is_deleted_under_the_dialog_ends_it(
    hass: HomeAssistant,
    board: ClassicBoard,
    other: PtyWire,
    add_entry: AddEntry,
    caplog: pytest.LogCaptureFixture,
    tries: int,
) -> None:
    entry = await add_entry("classic")
    form = await entry.start_reconfigure_flow(hass)
    for _ in range(tries):
        # The entry was unloaded to have its port free, and waits for the dialog to end.
        form = await enter(hass, form["flow_id"], other.address)
        assert form["errors"]
    await hass.config_entries.async_remove(entry.entry_id)
    if hass.config_entries.flow.async_progress():
        result = await enter(hass, form["flow_id"], other.address)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_gone")
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()
    assert "UnknownEntry" not in caplog.text


async def test_the_same_port_is_all_right(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    result = await move(hass, entry, pty.address)
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED


async def test_an_entry_that_could_not_be_set_up_moves(
    hass: HomeAssistant, board: ClassicBoard, other: PtyWire, add_entry: AddEntry
) -> None:
    board.fault = faults.silent
    entry = await add_entry("classic")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    ClassicBoard(other, CHARGING)
    result = await move(hass, entry, other.address)
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED


async def test_an_entry_that_met_a_stranger_moves_back(
    hass: HomeAssistant, victron: Charger, other: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect", **{CONF_SERIALS: {"charger": "HQ0000OTHER"}})
    assert entry.state is ConfigEntryState.SETUP_ERROR
    async with talking(Charger(other, [second(SER="HQ0000OTHER")], period=0.1)):
        result = await move(hass, entry, other.address)
        assert result["reason"] == "reconfigure_successful"
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_another_device_is_refused_and_the_old_one_goes_on(
    hass: HomeAssistant, victron: Charger, pty: PtyWire, other: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect")
    async with talking(Charger(other, [second(SER="HQ0000OTHER")], period=0.1)):
        result = await move(hass, entry, other.address)
    assert result["errors"] == {"base": "wrong_identity"}
    said: Any = result["description_placeholders"]
    assert said == {"expected": "HQ2230XY6XR", "found": "HQ0000OTHER"}
    # The port is free for another try, and the entry comes back when the user gives up.
    assert entry.state is ConfigEntryState.NOT_LOADED
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_PORT] == pty.address


async def test_another_generation_is_refused(
    hass: HomeAssistant, board: ClassicBoard, other: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    Bus(other, {1: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1")})
    result = await move(hass, entry, other.address)
    assert result["errors"] == {"base": "other_device"}
    said: Any = result["description_placeholders"]
    assert said["found"] == "JK_PB2A16S15P SERIAL1"


async def test_a_port_where_nobody_answers_and_then_the_right_one(
    hass: HomeAssistant, victron: Charger, other: PtyWire, pty: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect")
    result = await move(hass, entry, other.address)
    assert (result["step_id"], result["errors"]) == ("reconfigure", {"base": "no_answer"})
    result = await enter(hass, result["flow_id"], pty.address)
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED


async def test_the_port_of_another_entry_is_refused(
    hass: HomeAssistant, board: ClassicBoard, other: PtyWire, pty: PtyWire, add_entry: AddEntry
) -> None:
    await add_entry("classic")
    async with talking(Charger(other, [second()], period=0.1)):
        entry = await add_entry("vedirect", port=other.address)
        result = await move(hass, entry, pty.address)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_boards_that_joined_the_bus_are_added(
    hass: HomeAssistant, bus: Bus, pty: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("modbus")
    bus.boards[5] = recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL5")
    result = await move(hass, entry, pty.address)
    assert result["reason"] == "reconfigure_successful"
    # Board 3 is known by its entry for ever, though its serial number can be read now.
    assert entry.data[CONF_SERIALS] == {"1": "SERIAL1", "3": None, "5": "SERIAL5"}
    assert entry.runtime_data.data.keys() == {"1", "3", "5"}


async def test_an_entry_that_does_not_unload_keeps_its_port(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")

    async def refuse(*_: object) -> bool:
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("custom_components.cellwire.async_unload_entry", refuse)
        result = await move(hass, entry, pty.address)
    assert result["errors"] == {"base": "link_busy"}
    hass.config_entries.flow.async_abort(result["flow_id"])


async def test_the_interval_is_an_option(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    assert entry.runtime_data.update_interval.total_seconds() == 5
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "init")
    said: Any = form["description_placeholders"]
    assert said == {"shortest": "1"}
    for impossible in (0, 3601):
        with pytest.raises(InvalidData):
            await hass.config_entries.options.async_configure(
                form["flow_id"], {CONF_INTERVAL: impossible}
            )
    result = await hass.config_entries.options.async_configure(form["flow_id"], {CONF_INTERVAL: 30})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == {CONF_INTERVAL: 30, "allow_control": False}
    assert entry.runtime_data.update_interval.total_seconds() == 30


async def test_values_come_at_the_interval(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    hass.config_entries.async_update_entry(entry, options={CONF_INTERVAL: 1})
    await hass.config_entries.async_reload(entry.entry_id)
    asked = board.questions
    await asyncio.sleep(2.7)
    assert 2 <= board.questions - asked <= 3
