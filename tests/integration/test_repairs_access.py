"""Ports without permission, and devices that are not the right ones."""

import errno
from pathlib import Path

from homeassistant.components.usb import SerialDevice
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from custom_components.cellwire.const import CONF_SERIALS
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.hid_port import HidPort
from tests.bench.hubble_am2 import Pack
from tests.bench.icharger import SimulatedCharger
from tests.bench.jk_bms import ClassicBoard
from tests.bench.modbus import Slave, TcpGateway
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire, TcpWire
from tests.devices.victron_charger.talking import second

from . import test_hubble_am2, test_icharger
from .conftest import AddEntry
from .repairing import Repairs, adapter

MOVED = "port_moved_entry_classic"
OTHER = "other_device_entry_vedirect"
CLOSED = "no_permission_entry_classic"


async def test_another_device_until_the_cables_are_right(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    victron: Charger,
    pty: PtyWire,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    victron.seconds[:] = [second(SER="HQ0000OTHER")]
    entry = await add_entry("vedirect")
    assert entry.state is ConfigEntryState.SETUP_ERROR
    await hass.config_entries.async_reload(entry.entry_id)
    assert repairs.changes == [("create", OTHER)]
    issue = (await repairs.issues())[OTHER]
    assert issue["translation_placeholders"] == {
        "name": entry.title,
        "port": pty.address,
        "expected": "HQ2230XY6XR",
        "found": "HQ0000OTHER",
    }
    plugged.append(adapter(elsewhere.address))
    form = await repairs.open(OTHER)
    (port,) = form["data_schema"]
    assert [each["value"] for each in port["selector"]["select"]["options"]] == [
        elsewhere.address,
        pty.address,
    ]
    form = await repairs.enter(form, port=pty.address)
    assert form["errors"] == {"base": "not_found"}
    assert "HQ0000OTHER instead of" in form["description_placeholders"]["problem"]
    victron.seconds[:] = [second()]
    result = await repairs.enter(form, port=pty.address)
    assert result["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert await repairs.issues() == {}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_device_of_another_kind_until_the_own_one_is_back(
    hass: HomeAssistant, repairs: Repairs, victron: Charger, add_entry: AddEntry
) -> None:
    victron.seconds[:] = [second(PID="0x203")]
    entry = await add_entry("vedirect")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert repairs.changes == [("create", OTHER)]
    texts = (await repairs.issues())[OTHER]["translation_placeholders"]
    assert "harger" in texts["expected"]
    assert texts["found"]
    victron.seconds[:] = [second()]
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert repairs.changes == [("remove", OTHER)]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_other_packs_behind_a_gateway(
    hass: HomeAssistant, repairs: Repairs, tcp: TcpWire
) -> None:
    packs: dict[int, Slave] = {1: Pack(serial="OTHER")}
    gateway = TcpGateway(tcp, packs)
    entry = await test_hubble_am2.set_up(
        hass,
        f"modbus://{gateway.address}",
        **{CONF_SERIALS: {"bank": None, "1": "PACK1"}},
    )
    assert entry.state is ConfigEntryState.SETUP_ERROR
    form = await repairs.open("other_device_entry_bank")
    (port,) = form["data_schema"]
    assert "text" in port["selector"]
    packs[1] = Pack(serial="PACK1")
    result = await repairs.enter(form, port=gateway.address)
    assert result["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert repairs.changes[-1] == ("remove", "other_device_entry_bank")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_port_without_permission(
    hass: HomeAssistant,
    repairs: Repairs,
    board: ClassicBoard,
    pty: PtyWire,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def deny(link: SerialLink) -> None:
        raise LinkError(LinkFault.DENIED, link.name, "Permission denied")

    # These tests may run as a user who may open everything.
    with monkeypatch.context() as patch:
        patch.setattr(SerialLink, "open", deny)
        entry = await add_entry("classic")
        await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert repairs.changes == [("create", CLOSED)]
    issue = (await repairs.issues())[CLOSED]
    assert not issue["is_fixable"]
    assert issue["learn_more_url"].endswith("#troubleshooting")
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert repairs.changes == [("remove", CLOSED)]


async def test_a_usb_device_without_permission(
    hass: HomeAssistant, repairs: Repairs, usb: Path
) -> None:
    charger = SimulatedCharger(serial=test_icharger.SERIAL)
    port = HidPort(usb, charger.product, charger.serial, charger)
    await port.plug()
    port.refusal = errno.EACCES
    port.describe()
    entry = await test_icharger.set_up(hass)
    issue = "no_usb_permission_entry_icharger"
    assert repairs.changes == [("create", issue)]
    assert "hidraw" in (await repairs.issues())[issue]["translation_placeholders"]["detail"]
    port.refusal = 0
    port.describe()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert repairs.changes == [("remove", issue)]
    await hass.config_entries.async_unload(entry.entry_id)
    await port.unplug()
