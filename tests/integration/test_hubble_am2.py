"""A bank of packs in Home Assistant: on a serial port and behind a gateway."""

import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PORT, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.cellwire import async_remove_config_entry_device
from custom_components.cellwire.const import (
    CONF_BAUDRATE,
    CONF_FAMILY,
    CONF_PARITY,
    CONF_SERIALS,
    CONF_VARIANT,
    DOMAIN,
)
from custom_components.cellwire.device_entry.coordinator import CellwireCoordinator
from custom_components.cellwire.device_entry.keeper import DeviceKeeper
from custom_components.cellwire.devices import attendance, search
from custom_components.cellwire.devices.hubble_am2 import bank
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from tests.bench import faults
from tests.bench.hubble_am2 import Pack
from tests.bench.modbus import RtuBus, Slave, TcpGateway
from tests.bench.wire import PtyWire, TcpWire

from .steps import choose, enter, refresh, value

SERIALS = {"bank": None, "1": "PACK1", "3": "PACK3"}
DATA = {
    CONF_FAMILY: "hubble_am2",
    CONF_VARIANT: "modbus",
    CONF_SERIALS: SERIALS,
    CONF_BAUDRATE: 9600,
    CONF_PARITY: "N",
}
CURRENT = "sensor.hubble_am2_bank_current"
VOLTAGE_3 = "sensor.am2_3_voltage"


@pytest.fixture(autouse=True)
def impatient_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LISTEN", 0.1)


@pytest.fixture
def packs() -> dict[int, Slave]:
    return {1: Pack(serial="PACK1"), 3: Pack(serial="PACK3")}


@pytest.fixture
def bus(pty: PtyWire, packs: dict[int, Slave]) -> RtuBus:
    return RtuBus(pty, packs)


async def choose_link(hass: HomeAssistant, kind: str) -> str:
    form = await choose(hass, "hubble_am2", f"hubble_am2_{kind}")
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, f"hubble_am2_{kind}")
    flow_id: str = form["flow_id"]
    return flow_id


async def set_up(hass: HomeAssistant, port: str, **data: Any) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN, entry_id="entry_bank", title="Bank", data={**DATA, CONF_PORT: port, **data}
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def test_found_on_a_port(hass: HomeAssistant, bus: RtuBus, pty: PtyWire) -> None:
    flow_id = await choose_link(hass, "modbus_rtu")
    found = await enter(hass, flow_id, pty.address)
    assert found["step_id"] == "found"
    assert found["description_placeholders"] == {
        "name": "Hubble AM2 (2 packs)",
        "units": "- AM2, PACK1, P13S120A-12290-2.05T, #1\n- AM2, PACK3, P13S120A-12290-2.05T, #3",
    }
    result = await hass.config_entries.flow.async_configure(flow_id, {})
    await hass.async_block_till_done()
    assert result["data"] == DATA | {CONF_PORT: pty.address}
    assert value(hass, CURRENT) != STATE_UNKNOWN
    assert not any(slave.writes for slave in bus.slaves.values())
    assert await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize("entered", ["127.0.0.1:{port}", "modbus://127.0.0.1:{port}"])
async def test_found_behind_a_gateway(
    hass: HomeAssistant, tcp: TcpWire, packs: dict[int, Slave], entered: str
) -> None:
    TcpGateway(tcp, packs)
    flow_id = await choose_link(hass, "modbus_tcp")
    found = await enter(hass, flow_id, entered.format(port=tcp.port))
    assert found["step_id"] == "found"
    result = await hass.config_entries.flow.async_configure(flow_id, {})
    await hass.async_block_till_done()
    assert result["data"][CONF_PORT] == f"modbus://127.0.0.1:{tcp.port}"
    assert value(hass, CURRENT) != STATE_UNKNOWN
    assert await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("kind", "port", "error"),
    [
        ("modbus_tcp", "http://127.0.0.1", "link_invalid"),
        ("modbus_tcp", "127.0.0.1:1", "link_refused"),
        ("modbus_rtu", "/nowhere", "link_missing"),
        ("modbus_rtu", "socket://127.0.0.1:1", "link_refused"),
    ],
)
async def test_what_is_wrong_with_an_address(
    hass: HomeAssistant, socket_enabled: None, kind: str, port: str, error: str
) -> None:
    flow_id = await choose_link(hass, kind)
    result = await enter(hass, flow_id, port)
    assert (result["step_id"], result["errors"]) == (f"hubble_am2_{kind}", {"base": error})


async def test_nobody_on_the_bus(hass: HomeAssistant, pty: PtyWire) -> None:
    flow_id = await choose_link(hass, "modbus_rtu")
    result = await enter(hass, flow_id, pty.address)
    assert result["errors"] == {"base": "no_answer"}


async def test_a_port_that_is_shared_with_other_settings(
    hass: HomeAssistant, bus: RtuBus, pty: PtyWire
) -> None:
    entry = await set_up(hass, pty.address, baudrate=19200)
    assert entry.state is ConfigEntryState.LOADED
    other = MockConfigEntry(
        domain=DOMAIN,
        data=DATA | {CONF_PORT: pty.address, CONF_SERIALS: {"bank": None, "1": None}},
    )
    other.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(other.entry_id)
    assert other.state is ConfigEntryState.SETUP_RETRY
    assert other.error_reason_translation_key == "link_busy"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_two_entries_share_a_port(hass: HomeAssistant, bus: RtuBus, pty: PtyWire) -> None:
    entry = await set_up(hass, pty.address, serials={"bank": None, "1": "PACK1"})
    other = MockConfigEntry(
        domain=DOMAIN,
        data=DATA | {CONF_PORT: pty.address, CONF_SERIALS: {"bank": None, "3": "PACK3"}},
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await refresh(hass, entry)
    assert entry.runtime_data.last_update_success
    await hass.config_entries.async_unload(entry.entry_id)
    await refresh(hass, other)
    assert other.runtime_data.last_update_success
    await hass.config_entries.async_unload(other.entry_id)


@pytest.fixture
def enabled(monkeypatch: pytest.MonkeyPatch, without_link_sensors: None) -> None:
    """Enable every entity, rare ones included."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(lambda _: True))


@pytest.mark.parametrize("platform", [Platform.BINARY_SENSOR, Platform.SENSOR])
async def test_entities(
    hass: HomeAssistant,
    bus: RtuBus,
    pty: PtyWire,
    enabled: None,
    platform: Platform,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DeviceKeeper, "platforms", (platform,))
    # The bank and one pack: the other has the same.
    entry = await set_up(hass, pty.address, serials={"bank": None, "1": "PACK1"})
    # Settings come with the second poll.
    await refresh(hass, entry)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_packs_are_parts_of_the_bank(
    hass: HomeAssistant, bus: RtuBus, pty: PtyWire, device_registry: dr.DeviceRegistry
) -> None:
    entry = await set_up(hass, pty.address)
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    }
    assert devices.keys() == {"Hubble AM2 bank", "AM2 1", "AM2 3"}
    whole = devices["Hubble AM2 bank"]
    assert whole.identifiers == {(DOMAIN, "entry_bank_bank")}
    assert whole.via_device_id is None
    for name, serial in (("AM2 1", "PACK1"), ("AM2 3", "PACK3")):
        assert devices[name].identifiers == {(DOMAIN, f"hubble_am2_{serial}")}
        assert devices[name].via_device_id == whole.id
        assert devices[name].sw_version == "P13S120A-12290-2.05T"
        assert devices[name].serial_number == serial
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_bank_without_one_of_its_packs_says_nothing(
    hass: HomeAssistant,
    bus: RtuBus,
    pty: PtyWire,
    packs: dict[int, Slave],
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(hass, pty.address)
    whole = float(value(hass, CURRENT))
    single = float(value(hass, "sensor.am2_1_current"))
    assert whole == pytest.approx(2 * single)
    assert value(hass, "binary_sensor.hubble_am2_bank_problem") == "off"
    packs[3].fault = faults.silent
    await refresh(hass, entry)
    assert value(hass, VOLTAGE_3) == STATE_UNAVAILABLE
    assert value(hass, "sensor.am2_1_current") == str(single)
    for name in (
        "current",
        "power",
        "voltage",
        "state_of_charge",
        "remaining_capacity",
        "lowest_cell",
    ):
        assert value(hass, f"sensor.hubble_am2_bank_{name}") == STATE_UNKNOWN, name
    assert value(hass, "sensor.hubble_am2_bank_packs_that_answer") == "1"
    assert value(hass, "sensor.hubble_am2_bank_alarm") == "pack_missing"
    assert value(hass, "binary_sensor.hubble_am2_bank_problem") == "on"
    packs[3].fault = faults.none
    for _ in range(3):
        await refresh(hass, entry)
    assert float(value(hass, CURRENT)) == whole
    lines = [record for record in caplog.records if "Unit 3" in record.message]
    assert [record.levelno for record in lines] == [logging.WARNING, logging.INFO]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_pack_that_joins_gets_its_device_without_a_reload(
    hass: HomeAssistant,
    bus: RtuBus,
    pty: PtyWire,
    packs: dict[int, Slave],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attendance, "LOOKOUT_INTERVAL", 0.0)
    monkeypatch.setattr(bank, "ADDRESSES", ("1", "2", "3"))
    late = packs.pop(3)
    entry = await set_up(hass, pty.address, serials={"bank": None, "1": "PACK1"})
    coordinator = entry.runtime_data
    assert value(hass, "sensor.hubble_am2_bank_packs") == "1"
    packs[3] = late
    for _ in range(4):
        await refresh(hass, entry)
    assert entry.runtime_data is coordinator
    assert entry.data[CONF_SERIALS] == SERIALS
    assert value(hass, VOLTAGE_3) != STATE_UNAVAILABLE
    assert value(hass, "sensor.hubble_am2_bank_packs") == "2"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_pack_that_is_gone_can_be_deleted_and_come_back(
    hass: HomeAssistant,
    bus: RtuBus,
    pty: PtyWire,
    packs: dict[int, Slave],
    device_registry: dr.DeviceRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(hass, pty.address)

    def device(identity: str) -> dr.DeviceEntry | None:
        return device_registry.async_get_device_by_identifier((DOMAIN, identity), entry.entry_id)

    third = device("hubble_am2_PACK3")
    assert third
    assert not await async_remove_config_entry_device(hass, entry, third)
    gone = packs.pop(3)
    await refresh(hass, entry)
    whole = device("entry_bank_bank")
    assert whole
    assert not await async_remove_config_entry_device(hass, entry, whole)
    assert await async_remove_config_entry_device(hass, entry, third)
    device_registry.async_remove_device(third.id)
    await refresh(hass, entry)
    # The bank is whole again, without it.
    assert entry.data[CONF_SERIALS] == {"bank": None, "1": "PACK1"}
    assert value(hass, "sensor.hubble_am2_bank_packs") == "1"
    assert value(hass, CURRENT) == value(hass, "sensor.am2_1_current")
    monkeypatch.setattr(attendance, "LOOKOUT_INTERVAL", 0.0)
    coordinator: Any = entry.runtime_data
    coordinator.device._lookout._due = 0.0
    packs[3] = gone
    for _ in range(15):
        await refresh(hass, entry)
    assert entry.data[CONF_SERIALS] == SERIALS
    back = device("hubble_am2_PACK3")
    assert back
    assert back.via_device_id == whole.id
    assert value(hass, VOLTAGE_3) != STATE_UNAVAILABLE
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_cable_that_was_pulled(
    hass: HomeAssistant, bus: RtuBus, pty: PtyWire, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up(hass, pty.address)
    await pty.unplug()
    await refresh(hass, entry)
    await refresh(hass, entry)
    assert value(hass, VOLTAGE_3) == value(hass, CURRENT) == STATE_UNAVAILABLE
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert [record.levelname for record in ours if record.levelno >= logging.WARNING] == ["ERROR"]
    await pty.plug()
    coordinator: CellwireCoordinator = entry.runtime_data
    coordinator.device._pause.worked()  # type: ignore[attr-defined]
    await refresh(hass, entry)
    assert value(hass, VOLTAGE_3) != STATE_UNAVAILABLE
    await hass.config_entries.async_unload(entry.entry_id)


async def test_diagnostics_keep_serial_numbers_to_themselves(
    hass: HomeAssistant, bus: RtuBus, pty: PtyWire
) -> None:
    entry = await set_up(hass, pty.address)
    told = str(await async_get_config_entry_diagnostics(hass, entry))
    assert "PACK1" not in told
    assert "2022-03-04" not in told
    assert b"PACK1".hex().upper() not in told
    assert "last_bytes" in told
    assert "packs" in told
    await hass.config_entries.async_unload(entry.entry_id)
