"""A charger on USB in Home Assistant, and on its serial pins."""

from collections.abc import AsyncIterator
import errno
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import (
    ATTR_DEVICE_ID,
    CONF_PORT,
    STATE_UNAVAILABLE,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.cellwire.const import (
    CONF_BAUDRATE,
    CONF_FAMILY,
    CONF_PARITY,
    CONF_SERIALS,
    CONF_VARIANT,
    DOMAIN,
)
from custom_components.cellwire.device_entry.keeper import DeviceKeeper
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from tests.bench.hid_port import HidPort
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.jk_bms import ClassicBoard
from tests.bench.modbus import RtuBus
from tests.bench.wire import PtyWire

from .conftest import AddEntry
from .steps import choose, enter, refresh, value

SERIAL = "1504308022"
ADDRESS = f"hid://{SERIAL}"
SERIALS = {"charger": SERIAL, "channel_1": f"{SERIAL}_1", "channel_2": f"{SERIAL}_2"}
DATA = {
    CONF_FAMILY: "icharger",
    CONF_VARIANT: "modbus",
    CONF_SERIALS: SERIALS,
    CONF_PORT: ADDRESS,
}
INPUT = "sensor.icharger_4010_duo_input_voltage"
CELL_1 = "sensor.icharger_4010_duo_channel_1_cell_1_voltage"
VOLTAGE_2 = "sensor.icharger_4010_duo_channel_2_voltage"


@pytest.fixture
def charger() -> SimulatedCharger:
    """Make a charger that charges one pack; nothing is connected to its other channel."""
    each = SimulatedCharger(serial=SERIAL)
    each.plug(1, Pack([0.3, 0.32, 0.31, 0.33]))
    each.start(1, "charge")
    each.advance(60)
    return each


@pytest.fixture
async def port(usb: Path, charger: SimulatedCharger) -> AsyncIterator[HidPort]:
    each = HidPort(usb, charger.product, charger.serial, charger)
    await each.plug()
    yield each
    await each.unplug()


async def set_up(hass: HomeAssistant, **data: Any) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN, entry_id="entry_icharger", title="iCharger", data={**DATA, **data}
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


def choices(form: ConfigFlowResult) -> list[str]:
    assert form["data_schema"]
    (each,) = form["data_schema"].schema.values()
    return [option["value"] for option in each.config["options"]]


@pytest.mark.parametrize("steps", [("icharger", "icharger_hid"), ("detect", "icharger_hid")])
async def test_chargers_on_usb_are_listed(
    hass: HomeAssistant, port: HidPort, charger: SimulatedCharger, steps: tuple[str, ...]
) -> None:
    form = await choose(hass, *steps)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "icharger_hid")
    assert not form["errors"]
    assert choices(form) == [ADDRESS]
    found = await enter(hass, form["flow_id"], ADDRESS)
    assert found["step_id"] == "found"
    assert found["description_placeholders"] == {
        "name": f"iCharger 4010 DUO {SERIAL}",
        "units": f"- iCharger 4010 DUO, {SERIAL}, 2.17",
    }
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()
    assert result["title"] == f"iCharger 4010 DUO {SERIAL}"
    assert result["data"] == DATA
    assert float(value(hass, CELL_1)) > 3
    assert not charger.writes
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_no_charger_on_usb_until_it_is_switched_on(
    hass: HomeAssistant, usb: Path, charger: SimulatedCharger
) -> None:
    form = await choose(hass, "icharger", "icharger_hid")
    assert form["errors"] == {"base": "link_usb_missing"}
    assert form["data_schema"] is not None
    assert not form["data_schema"].schema
    port = HidPort(usb, charger.product, charger.serial, charger)
    await port.plug()
    again = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    assert not again["errors"]
    assert choices(again) == [ADDRESS]
    await port.unplug()


async def test_no_permission_tells_the_rule_to_copy(hass: HomeAssistant, port: HidPort) -> None:
    port.refusal = errno.EACCES
    port.describe()
    form = await choose(hass, "icharger", "icharger_hid")
    result = await enter(hass, form["flow_id"], ADDRESS)
    assert result["errors"] == {"base": "link_usb_denied"}
    assert result["description_placeholders"]
    assert 'SUBSYSTEM=="hidraw"' in result["description_placeholders"]["detail"]


async def test_a_charger_that_has_been_set_up(hass: HomeAssistant, port: HidPort) -> None:
    entry = await set_up(hass)
    form = await choose(hass, "icharger", "icharger_hid")
    result = await enter(hass, form["flow_id"], ADDRESS)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_found_on_its_serial_pins(
    hass: HomeAssistant, pty: PtyWire, charger: SimulatedCharger, socket_enabled: None
) -> None:
    RtuBus(pty, {1: charger})
    form = await choose(hass, "icharger", "icharger_modbus_rtu")
    assert (await enter(hass, form["flow_id"], pty.address))["step_id"] == "found"
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()
    assert result["data"] == DATA | {
        CONF_PORT: pty.address,
        CONF_BAUDRATE: 9600,
        CONF_PARITY: "N",
    }
    assert float(value(hass, CELL_1)) > 3
    entry = result["result"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_moved_from_its_pins_to_usb(
    hass: HomeAssistant, pty: PtyWire, port: HidPort, charger: SimulatedCharger
) -> None:
    RtuBus(pty, {1: charger})
    entry = await set_up(hass, port=pty.address, baudrate=9600, parity="N")
    unique = {
        each.unique_id
        for each in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    menu = await entry.start_reconfigure_flow(hass)
    assert menu["menu_options"] == ["reconfigure_hid", "reconfigure_modbus_rtu"]
    flow = hass.config_entries.flow
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "reconfigure_hid"})
    assert choices(form) == [ADDRESS]
    result = await enter(hass, menu["flow_id"], ADDRESS)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data[CONF_PORT] == ADDRESS
    assert float(value(hass, CELL_1)) > 3
    assert unique == {
        each.unique_id
        for each in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    await hass.config_entries.async_unload(entry.entry_id)


async def test_channels_are_parts_of_the_charger(
    hass: HomeAssistant, port: HidPort, device_registry: dr.DeviceRegistry
) -> None:
    entry = await set_up(hass)
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    }
    name = "iCharger 4010 DUO"
    assert devices.keys() == {name, f"{name} channel 1", f"{name} channel 2"}
    assert devices[name].identifiers == {(DOMAIN, f"icharger_{SERIAL}")}
    assert devices[name].serial_number == SERIAL
    for number in (1, 2):
        channel = devices[f"{name} channel {number}"]
        assert channel.identifiers == {(DOMAIN, f"icharger_{SERIAL}_{number}")}
        assert channel.via_device_id == devices[name].id
    # Nothing is connected to the second one.
    assert hass.states.get(VOLTAGE_2) is None
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("platform", DeviceKeeper.platforms)
async def test_entities(
    hass: HomeAssistant,
    port: HidPort,
    platform: Platform,
    entity_registry: er.EntityRegistry,
    without_link_sensors: None,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(lambda _: True))
    monkeypatch.setattr(DeviceKeeper, "platforms", (platform,))
    entry = await set_up(hass)
    await refresh(hass, entry)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_found_again_at_another_port(
    hass: HomeAssistant, port: HidPort, charger: SimulatedCharger
) -> None:
    entry = await set_up(hass)
    await port.unplug()
    await refresh(hass, entry)
    assert value(hass, INPUT) == value(hass, CELL_1) == STATE_UNAVAILABLE
    await port.plug()
    device: Any = entry.runtime_data.device
    device._pause.worked()
    await refresh(hass, entry)
    assert float(value(hass, INPUT)) > 20
    assert not charger.writes
    await hass.config_entries.async_unload(entry.entry_id)


async def test_another_charger_at_its_place(
    hass: HomeAssistant, pty: PtyWire, charger: SimulatedCharger
) -> None:
    RtuBus(pty, {1: SimulatedCharger(serial="1903048400")})
    entry = await set_up(hass, port=pty.address, baudrate=9600, parity="N")
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "wrong_identity"


async def test_presets_are_read_because_somebody_asks(
    hass: HomeAssistant,
    port: HidPort,
    charger: SimulatedCharger,
    device_registry: dr.DeviceRegistry,
) -> None:
    entry = await set_up(hass)
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, f"icharger_{SERIAL}"), entry.entry_id
    )
    assert device

    async def ask() -> Any:
        return await hass.services.async_call(
            DOMAIN,
            "get_presets",
            {ATTR_DEVICE_ID: device.id},
            blocking=True,
            return_response=True,
        )

    with pytest.raises(HomeAssistantError) as caught:
        await ask()
    assert caught.value.translation_key == "refused_busy"
    assert not charger.writes
    charger.stop(1)
    charger.stop(1)
    presets = (await ask())["presets"]
    assert charger.writes == len(presets)
    assert not charger.orders
    assert {"slot", "name", "chemistry"} <= presets[0].keys()
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN,
            "get_presets",
            {ATTR_DEVICE_ID: "nobody"},
            blocking=True,
            return_response=True,
        )
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_device_without_presets(
    hass: HomeAssistant,
    add_entry: AddEntry,
    board: ClassicBoard,
    device_registry: dr.DeviceRegistry,
) -> None:
    entry = await add_entry("classic")
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            DOMAIN,
            "get_presets",
            {ATTR_DEVICE_ID: device.id},
            blocking=True,
            return_response=True,
        )
    assert caught.value.translation_key == "refused_not_offered"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_diagnostics_keep_the_serial_number_to_themselves(
    hass: HomeAssistant, port: HidPort
) -> None:
    entry = await set_up(hass)
    told = str(await async_get_config_entry_diagnostics(hass, entry))
    assert SERIAL not in told
    assert "hid://" in told
    await hass.config_entries.async_unload(entry.entry_id)
