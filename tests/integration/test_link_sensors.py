"""How the link does: sensors that matter most while the device does not answer."""

from datetime import datetime

from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import DOMAIN
from custom_components.cellwire.device_entry.link_sensor import LinkSensor
from custom_components.cellwire.devices.chargery import reading
from custom_components.cellwire.devices.chargery.frame import Command
from custom_components.cellwire.devices.device import Option
from custom_components.cellwire.devices.vedirect import questions
from custom_components.cellwire.devices.vedirect.register import Tier
from custom_components.cellwire.links.health import Success
from tests.bench import faults
from tests.bench.chargery import Bms, talking
from tests.bench.hubble_am2 import Pack
from tests.bench.jk_bms import Bus, ClassicBoard
from tests.bench.modbus import RtuBus
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire
from tests.waiting import until

from .conftest import AddEntry
from .steps import refresh, value

JK = "sensor.jk_b1a24s15p_"
SUCCESS, ANSWER_TIME = f"{JK}link_success", f"{JK}answer_time"
CHECKSUM_ERRORS, TIMEOUTS = f"{JK}checksum_errors", f"{JK}timeouts"
LAST_GOOD = f"{JK}last_good_frame"
ALL = (SUCCESS, ANSWER_TIME, CHECKSUM_ERRORS, TIMEOUTS, LAST_GOOD)
KEYS = {"success", "answer_time", "checksum_errors", "timeouts", "last_good"}


@pytest.fixture
def enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the hidden entities too."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(lambda _: True))


async def test_they_go_on_while_the_board_is_silent(
    hass: HomeAssistant, enabled: None, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    assert (value(hass, SUCCESS), value(hass, CHECKSUM_ERRORS)) == ("100.0", "0")
    assert 0 <= float(value(hass, ANSWER_TIME)) < 200
    last_good = datetime.fromisoformat(value(hass, LAST_GOOD))
    assert last_good.second == 0
    board.fault = faults.silent
    seen = []
    for _ in range(2):
        await refresh(hass, entry)
        assert value(hass, f"{JK}voltage") == STATE_UNAVAILABLE
        assert value(hass, ANSWER_TIME) == STATE_UNKNOWN
        seen.append((value(hass, SUCCESS), value(hass, TIMEOUTS)))
    # Each time it was asked twice.
    assert seen == [("50.0", "2"), ("33.3", "4")]
    assert datetime.fromisoformat(value(hass, LAST_GOOD)) >= last_good
    board.fault = faults.none
    await refresh(hass, entry)
    assert value(hass, SUCCESS) == "50.0"
    assert value(hass, ANSWER_TIME) != STATE_UNKNOWN


async def test_damage_and_silence_are_told_apart(
    hass: HomeAssistant, enabled: None, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    board.fault = faults.once(faults.corrupted(40))
    await refresh(hass, entry)
    assert (value(hass, CHECKSUM_ERRORS), value(hass, TIMEOUTS)) == ("1", "0")
    # One of two in this reading, all in the one before.
    assert value(hass, SUCCESS) == "75.0"


async def test_they_go_on_while_the_port_is_gone(
    hass: HomeAssistant, enabled: None, pty: PtyWire, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    await pty.unplug()
    for share in ("50.0", "33.3"):
        await refresh(hass, entry)
        assert (value(hass, SUCCESS), value(hass, TIMEOUTS)) == (share, "0")
        assert value(hass, ANSWER_TIME) == STATE_UNKNOWN


async def test_they_are_off_and_cost_nothing(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    entity_registry: er.EntityRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unwanted(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(LinkSensor, "_update", unwanted)
    monkeypatch.setattr(Success, "look", unwanted)
    entry = await add_entry("classic")
    await refresh(hass, entry)
    assert value(hass, f"{JK}voltage") == "53.15"
    assert not [entity for entity in ALL if hass.states.get(entity)]
    disabled = {entity_registry.entities[entity].disabled_by for entity in ALL}
    assert disabled == {er.RegistryEntryDisabler.INTEGRATION}


async def test_one_that_was_enabled(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """These ids are pinned: another one would cost every user the history of an entity."""
    entry = await add_entry("classic")
    unique = {entity_registry.entities[entity].unique_id for entity in ALL}
    assert unique == {f"entry_classic_link_{key}" for key in KEYS}
    entity_registry.async_update_entity(TIMEOUTS, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    board.fault = faults.once(faults.silent)
    await refresh(hass, entry)
    assert value(hass, TIMEOUTS) == "1"
    assert not hass.states.get(SUCCESS)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert value(hass, TIMEOUTS) == STATE_UNAVAILABLE


async def test_a_bms_that_talks_has_no_answers_but_silences(
    hass: HomeAssistant,
    enabled: None,
    pty: PtyWire,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "AGES", dict.fromkeys(Command, 0.3))
    async with talking(Bms(pty, period=0.05)) as simulator:
        entry = await add_entry("chargery")
        assert value(hass, "sensor.bms16t_link_success") == "100.0"
        assert not hass.states.get("sensor.bms16t_answer_time")
        simulator.is_silent = True
        await until(lambda: not entry.runtime_data.device.fresh())
        # What came before the silence still counts for good.
        await refresh(hass, entry)
        await refresh(hass, entry)
        assert float(value(hass, "sensor.bms16t_link_success")) < 100
        assert not entry.runtime_data.last_update_success
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_charger_that_talks_is_asked_too(
    hass: HomeAssistant,
    enabled: None,
    victron: Charger,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(questions, "INTERVALS", dict.fromkeys(Tier, 0.5))
    monkeypatch.setattr(questions, "ANSWER_TIMEOUT", 0.8)
    entry = await add_entry("vedirect")
    health = entry.runtime_data.device.wires.health
    answer_time = "sensor.blue_smart_ip22_24_12_1_answer_time"
    await until(lambda: health.answer_time is not None)
    await refresh(hass, entry)
    assert value(hass, answer_time) != STATE_UNKNOWN
    victron.deaf = True
    await until(lambda: health.answer_time is None, 5.0)
    await refresh(hass, entry)
    assert value(hass, answer_time) == STATE_UNKNOWN
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_charger_without_mains_has_said_nothing_and_need_not(
    hass: HomeAssistant, enabled: None, victron: Charger, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect")
    victron.powered = False
    hass.states.async_set("switch.plug", STATE_OFF)
    hass.config_entries.async_update_entry(entry, options={Option.MAINS_SWITCH: "switch.plug"})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await refresh(hass, entry)
    charger = "sensor.blue_smart_ip22_24_12_1_"
    assert value(hass, f"{charger}status") == "off"
    assert value(hass, f"{charger}last_good_frame") == STATE_UNKNOWN
    # Nothing was to be expected, so nothing failed.
    assert value(hass, f"{charger}link_success") == STATE_UNKNOWN
    assert value(hass, f"{charger}timeouts") == "0"
    await hass.config_entries.async_unload(entry.entry_id)


def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the one device that the sensors of the link stand with."""
    (device_id,) = {
        entity.device_id
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.unique_id.startswith(f"{entry.entry_id}_link_")
    }
    assert device_id
    device = dr.async_get(hass).async_get(device_id)
    assert isinstance(device, dr.DeviceEntry)
    return device


async def test_on_a_bus_they_stand_with_the_first_board(
    hass: HomeAssistant, bus: Bus, add_entry: AddEntry
) -> None:
    entry = await add_entry("modbus")
    assert device_of(hass, entry).identifiers == {(DOMAIN, "jk_bms_SERIAL1")}


async def test_on_a_bus_of_packs_they_stand_with_the_bank(
    hass: HomeAssistant, pty: PtyWire
) -> None:
    RtuBus(pty, {1: Pack(serial="PACK1")})
    data = {
        "family": "hubble_am2",
        "variant": "modbus",
        "serials": {"bank": None, "1": "PACK1"},
        "port": pty.address,
    }
    entry = MockConfigEntry(domain=DOMAIN, entry_id="bank_entry", data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert device_of(hass, entry).identifiers == {(DOMAIN, "bank_entry_bank")}
    await hass.config_entries.async_unload(entry.entry_id)
