"""Ports that are gone while their device may be elsewhere: told once, and repaired by a flow."""

import asyncio
import errno
from pathlib import Path
import threading

from homeassistant.components import usb as usb_component
from homeassistant.components.usb import SerialDevice
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.device_entry import problems
from custom_components.cellwire.device_entry.ports import free_ports
from custom_components.cellwire.links.errors import LinkError, LinkFault
from tests.bench.hubble_am2 import Pack
from tests.bench.jk_bms import ClassicBoard
from tests.bench.modbus import RtuBus, Slave
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking

from . import test_hubble_am2
from .conftest import CHARGING, AddEntry
from .repairing import Repairs, adapter, notice_adapters, usb_adapter
from .steps import refresh

MOVED = "port_moved_entry_classic"
OTHER = "other_device_entry_vedirect"
CLOSED = "no_permission_entry_classic"


async def lose(hass: HomeAssistant, entry: MockConfigEntry, pty: PtyWire) -> None:
    """Pull the adapter of an entry; the port is found missing at the second look."""
    await pty.unplug()
    for _ in range(2):
        entry.runtime_data.device._pause.worked()
        await refresh(hass, entry)


async def test_a_device_that_was_plugged_in_elsewhere_is_found_there(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    pty: PtyWire,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    plugged.append(adapter(pty.address))
    entry = await add_entry("classic")
    await lose(hass, entry, pty)
    assert await repairs.issues() == {}
    plugged[:] = [usb_adapter(elsewhere.address)]
    await notice_adapters(hass)
    assert repairs.changes == [("create", MOVED)]
    for _ in range(3):
        await refresh(hass, entry)
    assert repairs.changes == []
    issue = (await repairs.issues())[MOVED]
    assert issue["is_fixable"]
    assert issue["translation_placeholders"].items() >= {"port": pty.address}.items()

    form = await repairs.open(MOVED)
    (port,) = form["data_schema"]
    assert [each["value"] for each in port["selector"]["select"]["options"]] == [elsewhere.address]
    assert port["description"] == {"suggested_value": elsewhere.address}
    form = await repairs.enter(form, port=elsewhere.address)
    assert form["errors"] == {"base": "not_found"}
    assert form["description_placeholders"]["problem"].startswith("The JK-BMS does not answer")
    ClassicBoard(elsewhere, CHARGING)
    result = await repairs.enter(form, port=elsewhere.address)
    assert result["type"] == "create_entry"
    assert entry.data[CONF_PORT] == elsewhere.address
    assert entry.state is ConfigEntryState.LOADED
    assert await repairs.issues() == {}


async def test_an_entry_that_is_deleted_under_its_repair_ends_it(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    pty: PtyWire,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    entry = await add_entry("classic")
    await lose(hass, entry, pty)
    plugged.append(usb_adapter(elsewhere.address))
    await notice_adapters(hass)
    form = await repairs.open(MOVED)
    form = await repairs.enter(form, port=elsewhere.address)
    assert form["errors"] == {"base": "not_found"}
    await hass.config_entries.async_remove(entry.entry_id)
    result = await repairs.enter(form, port=elsewhere.address)
    assert (result["type"], result["reason"]) == ("abort", "entry_gone")
    await hass.async_block_till_done()


async def test_while_a_port_is_missing_the_ports_are_listed_only_now_and_then(
    hass: HomeAssistant,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    pty: PtyWire,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await add_entry("classic")
    looks = 0

    def scan() -> list[SerialDevice]:
        nonlocal looks
        looks += 1
        return []

    monkeypatch.setattr(usb_component, "scan_serial_ports", scan)
    await lose(hass, entry, pty)
    for _ in range(5):
        await refresh(hass, entry)
    assert looks == 1
    monkeypatch.setattr(problems, "SELDOM", 0.0)
    monkeypatch.setattr(entry.runtime_data.problems, "_look_at", 0.0)
    for _ in range(3):
        await refresh(hass, entry)
    assert looks == 4
    # A device that is back, and gone again, is looked for at once.
    monkeypatch.setattr(problems, "SELDOM", 300.0)
    await refresh(hass, entry)
    await pty.plug()
    entry.runtime_data.device._pause.worked()
    await refresh(hass, entry)
    looks = 0
    await lose(hass, entry, pty)
    await refresh(hass, entry)
    assert looks == 1


async def test_what_is_plugged_in_beside_a_device_that_works_is_no_business_of_ours(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    entry = await add_entry("classic")
    plugged.append(usb_adapter(elsewhere.address))
    await notice_adapters(hass)
    assert repairs.changes == []
    await hass.config_entries.async_unload(entry.entry_id)
    plugged.clear()
    await notice_adapters(hass)
    assert repairs.changes == []


async def test_a_port_that_is_back_while_it_is_looked_for_elsewhere(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    elsewhere: PtyWire,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await add_entry("classic")
    ours = entry.runtime_data.problems
    scanned = threading.Event()

    def scan() -> list[SerialDevice]:
        assert scanned.wait(5)
        return [usb_adapter(elsewhere.address)]

    monkeypatch.setattr(usb_component, "scan_serial_ports", scan)
    looking = asyncio.create_task(ours.failed(LinkError(LinkFault.MISSING, "port", "")))
    await asyncio.sleep(0.05)
    working = asyncio.create_task(ours.worked({}))
    await asyncio.sleep(0.05)
    scanned.set()
    await asyncio.gather(looking, working)
    assert repairs.changes == []


async def test_an_offer_goes_with_the_adapter_that_it_was_for(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    pty: PtyWire,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    entry = await add_entry("classic")
    await lose(hass, entry, pty)
    plugged.append(usb_adapter(elsewhere.address))
    await notice_adapters(hass)
    plugged.clear()
    await notice_adapters(hass)
    assert repairs.changes == [("create", MOVED), ("remove", MOVED)]


async def test_the_port_is_back(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    pty: PtyWire,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    entry = await add_entry("classic")
    plugged.append(adapter(elsewhere.address))
    await lose(hass, entry, pty)
    assert repairs.changes == [("create", MOVED)]
    await pty.plug()
    entry.runtime_data.device._pause.worked()
    await refresh(hass, entry)
    await refresh(hass, entry)
    assert repairs.changes == [("remove", MOVED)]


async def test_what_is_in_use_or_was_there_before_is_not_offered(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    pty: PtyWire,
    elsewhere: PtyWire,
    tmp_path: Path,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plugged.append(adapter("/dev/old"))
    entry = await add_entry("classic")
    alias = tmp_path / "by-id"
    alias.symlink_to(elsewhere.address)
    MockConfigEntry(
        domain="stick", data={"device": [{"path": str(alias), "speed": 9600}]}
    ).add_to_hass(hass)
    MockConfigEntry(domain="far", options={"url": "esphome-hass://x/1"}).add_to_hass(hass)
    plugged += [
        adapter(elsewhere.address),
        usb_adapter("esphome-hass://x/1"),
    ]
    await lose(hass, entry, pty)
    assert repairs.changes == []
    # Nobody tells of a port behind a network.
    plugged.append(adapter("esphome-hass://y/1"))
    monkeypatch.setattr(entry.runtime_data.problems, "_look_at", 0.0)
    await refresh(hass, entry)
    assert repairs.changes == [("create", MOVED)]
    form = await repairs.open(MOVED)
    (port,) = form["data_schema"]
    assert {each["value"] for each in port["selector"]["select"]["options"]} == {
        "/dev/old",
        "esphome-hass://y/1",
    }
    await repairs.close(form)
    plugged.clear()
    result = await repairs.open(MOVED)
    assert (result["type"], result["reason"]) == ("abort", "no_free_port")


async def test_at_a_restart_any_free_port_may_be_the_one(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    pty: PtyWire,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    await pty.unplug()
    plugged.append(adapter(elsewhere.address))
    entry = await add_entry("classic")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert list(await repairs.issues()) == [MOVED]
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.config_entries.async_reload(entry.entry_id)
    assert repairs.changes == [("create", MOVED)]
    # A flow that is given up leaves all as it was.
    form = await repairs.open(MOVED)
    form = await repairs.enter(form, port=elsewhere.address)
    assert form["errors"] == {"base": "not_found"}
    await repairs.close(form)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert list(await repairs.issues()) == [MOVED]
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert await repairs.issues() == {}
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    other = await add_entry("vedirect")
    assert set(await repairs.issues()) == {MOVED, "port_moved_entry_vedirect"}
    await hass.config_entries.async_remove(entry.entry_id)
    assert set(await repairs.issues()) == {"port_moved_entry_vedirect"}
    await hass.config_entries.async_remove(other.entry_id)
    assert await repairs.issues() == {}


async def test_what_comes_late_raises_nothing(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    entry = await add_entry("classic")
    plugged.append(adapter(elsewhere.address))
    ours = entry.runtime_data.problems
    await hass.config_entries.async_remove(entry.entry_id)
    await ours.failed(LinkError(LinkFault.MISSING, "port", ""))
    assert repairs.changes == []


async def test_packs_on_a_bus_that_was_plugged_in_elsewhere(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    pty: PtyWire,
    elsewhere: PtyWire,
) -> None:
    packs: dict[int, Slave] = {1: Pack(serial="PACK1"), 3: Pack(serial="PACK3")}
    RtuBus(pty, packs)
    entry = await test_hubble_am2.set_up(hass, pty.address)
    await pty.unplug()
    plugged.append(adapter(elsewhere.address))
    for _ in range(4):
        await refresh(hass, entry)
    assert repairs.changes == [("create", "port_moved_entry_bank")]
    RtuBus(elsewhere, packs)
    form = await repairs.open("port_moved_entry_bank")
    result = await repairs.enter(form, port=elsewhere.address)
    assert result["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_PORT] == elsewhere.address
    await hass.config_entries.async_unload(entry.entry_id)


async def test_the_newest_port_comes_first(
    hass: HomeAssistant,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    tmp_path: Path,
    add_entry: AddEntry,
) -> None:
    entry = await add_entry("classic")
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    await asyncio.sleep(0.05)
    new.touch()
    for order in ([old, new], [new, old]):
        plugged[:] = [adapter(str(path)) for path in order]
        assert list(await free_ports(hass, entry)) == [str(new), str(old)]


async def test_a_list_of_ports_that_can_not_be_had(
    hass: HomeAssistant,
    repairs: Repairs,
    pty: PtyWire,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "no sysfs")

    monkeypatch.setattr(usb_component, "scan_serial_ports", fail)
    await pty.unplug()
    entry = await add_entry("classic")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert await repairs.issues() == {}


async def test_the_port_of_another_entry_is_refused(
    hass: HomeAssistant,
    repairs: Repairs,
    plugged: list[SerialDevice],
    board: ClassicBoard,
    pty: PtyWire,
    elsewhere: PtyWire,
    add_entry: AddEntry,
) -> None:
    entry = await add_entry("classic")
    await lose(hass, entry, pty)
    plugged += [usb_adapter("/dev/free"), usb_adapter(elsewhere.address)]
    await notice_adapters(hass)
    form = await repairs.open(MOVED)
    async with talking(Charger(elsewhere, [second()], period=0.1)):
        other = await add_entry("vedirect", port=elsewhere.address)
        form = await repairs.enter(form, port=elsewhere.address)
        assert form["errors"] == {"base": "already_configured"}
        (port,) = form["data_schema"]
        assert [each["value"] for each in port["selector"]["select"]["options"]] == ["/dev/free"]
        await hass.config_entries.async_unload(other.entry_id)
