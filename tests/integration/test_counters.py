"""Counters that are set, kept, lost and found again."""

from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
)

from custom_components.cellwire.const import DOMAIN
from custom_components.cellwire.devices.watching import energy
from custom_components.cellwire.memory import DELAY
from tests.bench import faults
from tests.bench.hubble_am2 import Pack
from tests.bench.jk_bms import ClassicBoard
from tests.bench.modbus import RtuBus, Slave
from tests.bench.wire import PtyWire

from .conftest import AddEntry
from .steps import device_entries, refresh, value

KEY = f"{DOMAIN}.entry_classic"
UNIT = "entry_classic_bms"
JK = "sensor.jk_b1a24s15p_"
IN, OUT = f"{JK}energy_in", f"{JK}energy_out"
BANK = {
    "family": "hubble_am2",
    "variant": "modbus",
    "serials": {"bank": None, "1": "PACK1", "3": "PACK3"},
    "baudrate": 9600,
    "parity": "N",
}


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count nothing by itself: here counters are set."""
    monkeypatch.setattr(energy, "INTERVALS", 0)


async def set_counter(hass: HomeAssistant, identity: str, counter: str, number: float) -> None:
    entry = device_entries(hass)[0]
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, identity), entry.entry_id)
    assert device
    data = {"device_id": device.id, "counter": counter, "value": number}
    await hass.services.async_call(DOMAIN, "set_counter", data, blocking=True)
    await hass.async_block_till_done()


async def until_kept(hass: HomeAssistant) -> None:
    """Let the time pass after which the memory is written."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=DELAY + 1))
    await hass.async_block_till_done()


async def test_a_counter_is_set_and_kept(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, hass_storage: dict[str, Any]
) -> None:
    entry = await add_entry("classic")
    assert (value(hass, IN), value(hass, OUT)) == ("0.0", "0.0")
    await set_counter(hass, UNIT, "energy_in", 1234.5)
    assert value(hass, IN) == "1234.5"
    await until_kept(hass)
    kept = hass_storage[KEY]["data"]["energy"][UNIT]["counters"]
    assert kept["energy_in"]["value"] == 1234500
    await hass.config_entries.async_reload(entry.entry_id)
    assert value(hass, IN) == "1234.5"
    # Down as well, if a person says so.
    await set_counter(hass, UNIT, "energy_in", 5)
    await set_counter(hass, UNIT, "charge_out", 7.5)
    assert value(hass, IN) == "5.0"
    assert entry.runtime_data.data["bms"].charge_out == 7.5
    await hass.config_entries.async_remove(entry.entry_id)
    assert KEY not in hass_storage


async def test_set_ups_that_fail_lose_no_counter(
    hass: HomeAssistant,
    pty: PtyWire,
    board: ClassicBoard,
    add_entry: AddEntry,
    hass_storage: dict[str, Any],
) -> None:
    entry = await add_entry("classic")
    await set_counter(hass, UNIT, "energy_in", 1234.5)
    await hass.config_entries.async_unload(entry.entry_id)
    kept = hass_storage[KEY]["data"]
    await pty.unplug()
    for _ in range(2):
        await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        await hass.config_entries.async_unload(entry.entry_id)
        assert hass_storage[KEY]["data"] == kept
    await pty.plug()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert value(hass, IN) == "1234.5"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("counter", "number", "reason"),
    [
        ("energy_in", -1, "out_of_range"),
        ("energy_in", "nan", "out_of_range"),
        ("nonsense", 1, "not_offered"),
    ],
)
async def test_what_a_counter_cannot_be(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    counter: str,
    number: float,
    reason: str,
) -> None:
    entry = await add_entry("classic")
    with pytest.raises(ServiceValidationError) as caught:
        await set_counter(hass, UNIT, counter, number)
    assert caught.value.translation_key == f"refused_{reason}"
    assert value(hass, IN) == "0.0"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_charge_counters_are_off_at_first(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    registry = er.async_get(hass)
    for name in ("charge_in", "charge_out"):
        registered = registry.async_get(f"{JK}{name}")
        assert registered
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "content",
    [
        {"version": 99, "key": KEY, "data": {}},
        {"version": 1},
        {"version": 1, "minor_version": 1, "key": KEY, "data": ["nonsense"]},
        {"version": 1, "minor_version": 1, "key": KEY, "data": {"energy": "nonsense"}},
        {"version": 1, "minor_version": 1, "key": KEY, "data": {"energy": {UNIT: {"via": 1}}}},
    ],
)
async def test_a_memory_that_is_lost_costs_nothing(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    hass_storage: dict[str, Any],
    content: dict[str, Any],
) -> None:
    entry = await add_entry("classic")
    await set_counter(hass, UNIT, "energy_in", 321.5)
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[KEY] = content
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert (value(hass, IN), value(hass, OUT)) == ("321.5", "0.0")
    await set_counter(hass, UNIT, "energy_in", 1)
    await until_kept(hass)
    assert hass_storage[KEY]["data"]["energy"][UNIT]["counters"]["energy_in"]["value"] == 1000
    # From now on the file tells, not the state.
    await hass.config_entries.async_reload(entry.entry_id)
    assert value(hass, IN) == "1.0"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_old_state_without_a_number_is_no_beginning(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, hass_storage: dict[str, Any]
) -> None:
    entry = await add_entry("classic")
    await hass.config_entries.async_unload(entry.entry_id)
    extra = {"native_value": None, "native_unit_of_measurement": "kWh"}
    mock_restore_cache_with_extra_data(hass, [(State(IN, "unknown"), extra)])
    del hass_storage[KEY]
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert value(hass, IN) == "0.0"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), HomeAssistantError("full")])
async def test_a_full_disk_is_logged_once_and_tried_again(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    entry = await add_entry("classic")
    tries = 0
    write = Store._async_write_data

    async def full(store: Store[Any], data: dict[str, Any]) -> None:
        nonlocal tries
        if store.key != KEY:
            await write(store, data)
            return
        tries += 1
        raise error

    with monkeypatch.context() as disk:
        disk.setattr(Store, "_async_write_data", full)
        for _ in range(3):
            await set_counter(hass, UNIT, "energy_in", 10)
            await refresh(hass, entry)
            await until_kept(hass)
        assert tries == 3
        await hass.config_entries.async_reload(entry.entry_id)
        assert value(hass, IN) == "10.0"
    assert KEY not in hass_storage
    await refresh(hass, entry)
    await until_kept(hass)
    assert hass_storage[KEY]["data"]["energy"][UNIT]["counters"]["energy_in"]["value"] == 10000
    ours = [record for record in caplog.records if record.name.endswith("cellwire.memory")]
    assert [record.levelno for record in ours] == [logging.ERROR, logging.INFO]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_changes_do_not_put_off_the_writing(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, hass_storage: dict[str, Any]
) -> None:
    entry = await add_entry("classic")
    before = dt_util.utcnow()
    await set_counter(hass, UNIT, "energy_in", 1)
    for number in range(2, 5):
        async_fire_time_changed(hass, before + timedelta(seconds=DELAY / 4 * (number - 1)))
        await set_counter(hass, UNIT, "energy_in", number)
    async_fire_time_changed(hass, before + timedelta(seconds=DELAY + 1))
    await hass.async_block_till_done()
    assert hass_storage[KEY]["data"]["energy"][UNIT]["counters"]["energy_in"]["value"] == 4000
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_bank_is_the_sum_of_its_packs_and_goes_on_without_one(
    hass: HomeAssistant, pty: PtyWire
) -> None:
    packs: dict[int, Slave] = {1: Pack(serial="PACK1"), 3: Pack(serial="PACK3")}
    RtuBus(pty, packs)
    entry = MockConfigEntry(
        domain=DOMAIN, entry_id="entry_bank", title="Bank", data=BANK | {"port": pty.address}
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    total = "sensor.hubble_am2_bank_energy_out"
    await set_counter(hass, "hubble_am2_PACK1", "energy_out", 100)
    await set_counter(hass, "hubble_am2_PACK3", "energy_out", 20)
    assert value(hass, total) == "120.0"
    packs[3].fault = faults.silent
    await refresh(hass, entry)
    assert value(hass, "sensor.am2_3_energy_out") == "unavailable"
    await set_counter(hass, "hubble_am2_PACK1", "energy_out", 101)
    assert value(hass, total) == "121.0"
    with pytest.raises(ServiceValidationError) as caught:
        await set_counter(hass, "entry_bank_bank", "energy_out", 1)
    assert caught.value.translation_key == "refused_is_a_sum"
    # A pack that is gone for good has not given its energy back.
    assert await entry.runtime_data.forget("hubble_am2_PACK3")
    await refresh(hass, entry)
    assert value(hass, total) == "121.0"
    await hass.config_entries.async_unload(entry.entry_id)
