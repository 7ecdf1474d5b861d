"""A Chargery BMS in Home Assistant: over a WebSocket and over a serial port."""

import asyncio
from collections.abc import AsyncIterator
import logging
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_PORT, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.cellwire.const import (
    CONF_FAMILY,
    CONF_INTERVAL,
    CONF_SERIALS,
    CONF_VARIANT,
    DOMAIN,
)
from custom_components.cellwire.device_entry.keeper import DeviceKeeper
from custom_components.cellwire.devices import streaming
from custom_components.cellwire.devices.chargery import reading
from custom_components.cellwire.devices.chargery.frame import Command
from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.devices.watching import energy
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from custom_components.cellwire.links.serial import SerialLink
from custom_components.cellwire.links.websocket import WebSocketLink
from tests.bench.chargery import DISCHARGE, Bms, pack_frame, recorded_frames, talking
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until

from .conftest import AddEntry
from .steps import enter, value

FAST = 0.05
VOLTAGE = "sensor.bms16t_voltage"
TOTAL = "53.294"
FRAMES = recorded_frames("real_v1_25_frames_16s")


@pytest.fixture
async def behind_websocket(websocket_wire: WebSocketWire) -> AsyncIterator[Bms]:
    async with talking(Bms(websocket_wire, period=FAST)) as simulator:
        yield simulator


@pytest.fixture
async def on_port(pty: PtyWire) -> AsyncIterator[Bms]:
    async with talking(Bms(pty, period=FAST)) as simulator:
        yield simulator


async def choose(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    """Open the flow, choose the type of the device and the kind of link."""
    flow = hass.config_entries.flow
    menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    links = await flow.async_configure(menu["flow_id"], {"next_step_id": "chargery"})
    assert (links["type"], links["step_id"]) == (FlowResultType.MENU, "chargery")
    assert links["menu_options"] == ["chargery_serial", "chargery_websocket"]
    # The frontend asks for a step again when its page is loaded anew.
    assert (await flow.async_configure(menu["flow_id"]))["menu_options"] == links["menu_options"]
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": f"chargery_{kind}"})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, f"chargery_{kind}")
    assert not form["errors"]
    assert suggested(form) is None
    return form


def suggested(form: ConfigFlowResult) -> str | None:
    assert form["data_schema"]
    (marker,) = form["data_schema"].schema
    port: str | None = (marker.description or {}).get("suggested_value")
    return port


def selector(form: ConfigFlowResult) -> str:
    assert form["data_schema"]
    (each,) = form["data_schema"].schema.values()
    return str(each.selector_type)


async def test_found_behind_a_websocket(
    hass: HomeAssistant, behind_websocket: Bms, websocket_wire: WebSocketWire
) -> None:
    form = await choose(hass, "websocket")
    assert selector(form) == "text"
    found = await enter(hass, form["flow_id"], f" {websocket_wire.address} ")
    assert (found["type"], found["step_id"]) == (FlowResultType.FORM, "found")
    assert found["description_placeholders"] == {
        "name": "BMS16T",
        "units": "- BMS16T, protocol V1.24-V1.25",
    }
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "BMS16T"
    assert result["data"] == {
        CONF_FAMILY: "chargery",
        CONF_PORT: websocket_wire.address,
        CONF_VARIANT: "stream",
        CONF_SERIALS: {"bms": None},
    }
    entry = result["result"]
    assert isinstance(entry.runtime_data.device.wires.link, WebSocketLink)
    assert value(hass, VOLTAGE) == TOTAL
    assert not websocket_wire.received
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_found_on_a_port(hass: HomeAssistant, on_port: Bms, pty: PtyWire) -> None:
    form = await choose(hass, "serial")
    assert selector(form) == "serial_port"
    assert (await enter(hass, form["flow_id"], pty.address))["step_id"] == "found"
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.data[CONF_PORT] == pty.address
    assert isinstance(entry.runtime_data.device.wires.link, SerialLink)
    assert value(hass, VOLTAGE) == TOTAL
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_found_behind_a_serial_server(hass: HomeAssistant, tcp: TcpWire) -> None:
    async with talking(Bms(tcp, period=FAST)):
        form = await choose(hass, "serial")
        assert (await enter(hass, form["flow_id"], tcp.address))["step_id"] == "found"
    hass.config_entries.flow.async_abort(form["flow_id"])


@pytest.mark.parametrize(
    ("kind", "port", "error"),
    [
        ("websocket", "/dev/ttyUSB0", "link_invalid"),
        ("websocket", "192.168.0.7:6432", "link_invalid"),
        ("websocket", "ws://127.0.0.1", "link_invalid"),
        ("websocket", "ws://127.0.0.1:1", "link_refused"),
        ("serial", "ws://127.0.0.1:6432", "link_invalid"),
        ("serial", "/nowhere", "link_missing"),
    ],
)
async def test_what_is_wrong_with_an_address_is_said_where_it_was_entered(
    hass: HomeAssistant, socket_enabled: None, kind: str, port: str, error: str
) -> None:
    form = await choose(hass, kind)
    result = await enter(hass, form["flow_id"], port)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, f"chargery_{kind}")
    assert result["errors"] == {"base": error}
    assert selector(result) == selector(form)
    # To be mended, not to be typed again.
    assert suggested(result) == port


@pytest.mark.parametrize("kind", ["serial", "websocket"])
async def test_silence_is_the_fault(
    hass: HomeAssistant, pty: PtyWire, websocket_wire: WebSocketWire, kind: str
) -> None:
    wire = pty if kind == "serial" else websocket_wire
    form = await choose(hass, kind)
    result = await enter(hass, form["flow_id"], wire.address)
    assert result["step_id"] == f"chargery_{kind}"
    assert result["errors"] == {"base": "chargery_silent"}
    assert result["description_placeholders"] == {"device": "Chargery BMS", "seconds": "1"}
    async with talking(Bms(wire, period=FAST)):
        assert (await enter(hass, form["flow_id"], wire.address))["step_id"] == "found"
    hass.config_entries.flow.async_abort(form["flow_id"])


async def test_an_address_that_has_been_set_up(
    hass: HomeAssistant, behind_websocket: Bms, websocket_wire: WebSocketWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("chargery", port=websocket_wire.address)
    form = await choose(hass, "websocket")
    result = await enter(hass, form["flow_id"], websocket_wire.address)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    await hass.config_entries.async_unload(entry.entry_id)


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> ConfigFlowResult:
    menu = await entry.start_reconfigure_flow(hass)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "reconfigure")
    assert menu["menu_options"] == ["reconfigure_serial", "reconfigure_websocket"]
    step = f"reconfigure_{kind}"
    form = await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": step})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, step)
    return form


async def test_moved_to_a_serial_server_and_back(
    hass: HomeAssistant,
    behind_websocket: Bms,
    websocket_wire: WebSocketWire,
    on_port: Bms,
    pty: PtyWire,
    add_entry: AddEntry,
) -> None:
    on_port.frames[0x57] = pack_frame(7.0)
    entry = await add_entry("chargery")
    assert value(hass, "sensor.bms16t_current") == "7.0"
    form = await reconfigure(hass, entry, "websocket")
    assert suggested(form) is None
    result = await enter(hass, form["flow_id"], websocket_wire.address)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data[CONF_PORT] == websocket_wire.address
    assert value(hass, "sensor.bms16t_current") == "22.8"

    form = await reconfigure(hass, entry, "websocket")
    assert suggested(form) == websocket_wire.address
    hass.config_entries.flow.async_abort(form["flow_id"])
    form = await reconfigure(hass, entry, "serial")
    assert suggested(form) is None
    result = await enter(hass, form["flow_id"], pty.address)
    assert result["reason"] == "reconfigure_successful"
    assert value(hass, "sensor.bms16t_current") == "7.0"
    assert suggested(await reconfigure(hass, entry, "serial")) == pty.address
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_move_to_where_nobody_talks(
    hass: HomeAssistant, on_port: Bms, websocket_wire: WebSocketWire, add_entry: AddEntry
) -> None:
    entry = await add_entry("chargery")
    form = await reconfigure(hass, entry, "websocket")
    result = await enter(hass, form["flow_id"], websocket_wire.address)
    assert (result["step_id"], result["errors"]) == (
        "reconfigure_websocket",
        {"base": "chargery_silent"},
    )
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("platform", [Platform.SENSOR, Platform.BINARY_SENSOR])
async def test_a_bms_in_full(
    hass: HomeAssistant,
    websocket_wire: WebSocketWire,
    add_entry: AddEntry,
    entity_registry: er.EntityRegistry,
    without_link_sensors: None,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    monkeypatch.setattr(DeviceKeeper, "platforms", (platform,))
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(lambda _: True))
    # The counters of a BMS that talks would grow meanwhile.
    monkeypatch.setattr(energy, "INTERVALS", 0)
    simulator = Bms(websocket_wire, FRAMES | {0x57: pack_frame()}, period=FAST)
    async with talking(simulator):
        entry = await add_entry("chargery", port=websocket_wire.address)
        simulator.turn()
        await until(lambda: fresh(entry).cell_resistances)
        await entry.runtime_data.async_refresh()
        await hass.async_block_till_done()
        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)
        await hass.config_entries.async_unload(entry.entry_id)


def fresh(entry: MockConfigEntry) -> Reading:
    values: Reading = entry.runtime_data.device.fresh()["bms"]
    return values


async def test_it_is_known_by_its_entry(
    hass: HomeAssistant,
    on_port: Bms,
    add_entry: AddEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """These are pinned: another one would cost every user the history of an entity."""
    entry = await add_entry("chargery")
    unique = {
        each.unique_id: each.entity_id
        for each in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    }
    assert unique["entry_chargery_bms_voltage"] == VOLTAGE
    assert unique["entry_chargery_bms_cell_voltage_16"] == "sensor.bms16t_cell_16_voltage"
    assert unique["entry_chargery_bms_temperature_2"] == "sensor.bms16t_temperature_2"
    assert unique["entry_chargery_bms_remaining_energy"] == "sensor.bms16t_remaining_energy"
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert (device.manufacturer, device.model, device.serial_number) == (
        "Chargery",
        "BMS16T",
        None,
    )
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("kind", ["serial", "websocket"])
async def test_silent_and_heard_again(
    hass: HomeAssistant,
    pty: PtyWire,
    websocket_wire: WebSocketWire,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    monkeypatch.setattr(reading, "AGES", dict.fromkeys(Command, 0.5))
    monkeypatch.setattr(streaming, "HEARD_SECONDS", 0.5)
    wire = pty if kind == "serial" else websocket_wire
    async with talking(Bms(wire, period=FAST)) as simulator:
        entry = await add_entry("chargery", port=wire.address)
        hass.config_entries.async_update_entry(entry, options={CONF_INTERVAL: 1})
        await hass.config_entries.async_reload(entry.entry_id)
        assert value(hass, VOLTAGE) == TOTAL
        simulator.is_silent = True
        await until(lambda: value(hass, VOLTAGE) == STATE_UNAVAILABLE)
        assert "Nothing was heard from the Chargery BMS in 1 seconds" in caplog.text
        assert "is COM 3 wired" in caplog.text
        simulator.is_silent = False
        await until(lambda: value(hass, VOLTAGE) == TOTAL)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_the_websocket_closes_and_opens_again(
    hass: HomeAssistant,
    behind_websocket: Bms,
    websocket_wire: WebSocketWire,
    add_entry: AddEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    entry = await add_entry("chargery", port=websocket_wire.address)
    await websocket_wire.unplug()
    await until(lambda: value(hass, VOLTAGE) == STATE_UNAVAILABLE)
    await asyncio.sleep(0.6)
    await websocket_wire.plug()
    await until(lambda: value(hass, VOLTAGE) == TOTAL, 6.0)
    assert "Traceback" not in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)
    assert not [task for task in asyncio.all_tasks() if "cellwire" in task.get_name()]


async def test_diagnostics(hass: HomeAssistant, on_port: Bms, add_entry: AddEntry) -> None:
    entry = await add_entry("chargery")
    await until(lambda: entry.runtime_data.device.is_whole)
    await entry.runtime_data.async_refresh()
    data = await async_get_config_entry_diagnostics(hass, entry)
    assert data["readings"]["bms"]["raw"] == {
        "layout": "V1.24-V1.25",
        "mode": 1,
        "temperature_1": "0083",
        "temperature_2": "0084",
        "places": 16,
    }
    received = {each["hex"] for each in data["link"]["last_bytes"]}
    assert FRAMES[0x56].hex().upper() in received
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("kept", "before", "after"),
    [({"cycles": {"value": 11.9999}}, "11", "12"), ({"energy_out": {"value": 0.9999}}, "0", "0")],
    ids=["counted before", "of an older version"],
)
async def test_cycles_are_counted_and_kept(
    hass: HomeAssistant,
    pty: PtyWire,
    add_entry: AddEntry,
    hass_storage: dict[str, Any],
    kept: dict[str, Any],
    before: str,
    after: str,
) -> None:
    key, unit = f"{DOMAIN}.entry_chargery", "entry_chargery_bms"
    data = {"energy": {unit: {"via": None, "counters": kept}}}
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": data}
    discharging = pack_frame(6000.0, mode=DISCHARGE, soc=91, stopped=None)
    async with talking(Bms(pty, FRAMES | {0x57: discharging}, period=FAST)):
        entry = await add_entry("chargery", port=pty.address)
        assert value(hass, "sensor.bms16t_cycles") == before
        # Of the 1014 Ah that follow from the recording.
        while entry.runtime_data.data["bms"].charge_out < 0.3:
            await asyncio.sleep(0.05)
            await entry.runtime_data.async_refresh()
        assert value(hass, "sensor.bms16t_cycles") == after
        await hass.config_entries.async_unload(entry.entry_id)
    counted = hass_storage[key]["data"]["energy"][unit]["counters"]["cycles"]["value"]
    assert int(after) < counted < int(after) + 0.1
