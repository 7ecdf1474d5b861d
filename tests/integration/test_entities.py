"""What Home Assistant shows, and when."""

from collections.abc import Callable
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.cellwire.device_entry.keeper import DeviceKeeper
from custom_components.cellwire.devices.watching import energy
from tests.bench import faults
from tests.bench.jk_bms import Bus, ClassicBoard, edit, recorded_board
from tests.bench.victron_charger import REGISTERS, Charger, hex_frame
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking
from tests.waiting import until

from .conftest import CHARGING, AddEntry

JK = "sensor.jk_b1a24s15p_"
VICTRON = "sensor.blue_smart_ip22_24_12_1_"


@pytest.fixture
def all_entities(monkeypatch: pytest.MonkeyPatch, without_link_sensors: None) -> None:
    """Show the hidden entities too."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(lambda _: True))


def value(hass: HomeAssistant, entity: str) -> str:
    state = hass.states.get(entity)
    assert state is not None, entity
    return state.state


def written(hass: HomeAssistant) -> list[str]:
    """Collect the entities whose states are written from now on."""
    entities: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        entities.append(event.data["entity_id"])

    hass.bus.async_listen("state_changed", note)
    return entities


@pytest.mark.parametrize("platform", [Platform.SENSOR, Platform.BINARY_SENSOR])
async def test_a_jk_board_in_full(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    all_entities: None,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    monkeypatch.setattr(DeviceKeeper, "platforms", (platform,))
    entry = await add_entry("classic")
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.parametrize("platform", [Platform.SENSOR, Platform.BINARY_SENSOR])
async def test_a_board_of_the_newer_generation_in_full(
    hass: HomeAssistant,
    pty: PtyWire,
    add_entry: AddEntry,
    all_entities: None,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    Bus(pty, {3: recorded_board("pb_real_16s_sw15.41_addr3", "SERIAL3")})
    monkeypatch.setattr(DeviceKeeper, "platforms", (platform,))
    entry = await add_entry("modbus", serials={"3": "SERIAL3"})
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.parametrize("platform", [Platform.SENSOR, Platform.BINARY_SENSOR])
async def test_a_charger_in_full(
    hass: HomeAssistant,
    pty: PtyWire,
    add_entry: AddEntry,
    all_entities: None,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    monkeypatch.setattr(DeviceKeeper, "platforms", (platform,))
    # The counters of a charger that talks would grow meanwhile.
    monkeypatch.setattr(energy, "INTERVALS", 0)
    fields = {"V2": "28500", "I2": "1000", "V3": "28400", "I3": "500", "MODE": "1", "Relay": "ON"}
    history = Charger(pty).registers
    registers = REGISTERS | {number: history[number] for number in (0x1042, 0x1043, 0x1070)}
    registers[0xEDDB] = (2460).to_bytes(2, "little")
    registers[0x0207] = bytes(4)
    async with talking(Charger(pty, [second(**fields)], registers, period=0.1)) as simulator:
        entry = await add_entry("vedirect")
        await until(lambda: 0x2007 in simulator.questions)
        await entry.runtime_data.async_refresh()
        await hass.async_block_till_done()
        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_unique_ids_never_change(
    hass: HomeAssistant,
    pty: PtyWire,
    bus: Bus,
    add_entry: AddEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """These are pinned: another one would cost every user the history of an entity."""
    entry = await add_entry("modbus")
    ids = {
        registered.unique_id: registered.entity_id
        for registered in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    }
    assert ids["jk_bms_SERIAL1_voltage"] == "sensor.jk_pb2a16s15p_1_voltage"
    assert ids["jk_bms_SERIAL1_cell_voltage_8"] == "sensor.jk_pb2a16s15p_1_cell_8_voltage"
    assert ids["jk_bms_SERIAL1_temperature_mosfet"] == "sensor.jk_pb2a16s15p_1_mosfet_temperature"
    assert ids["jk_bms_SERIAL1_temperature_1"] == "sensor.jk_pb2a16s15p_1_temperature_1"
    assert ids["jk_bms_SERIAL1_problem"] == "binary_sensor.jk_pb2a16s15p_1_problem"
    assert ids["jk_bms_SERIAL1_alarm_cell_overvoltage"].startswith("binary_sensor.")
    assert ids["entry_modbus_3_soc"] == "sensor.jk_pb2a16s20p_3_state_of_charge"


async def test_unique_ids_of_a_charger(
    hass: HomeAssistant,
    victron: Charger,
    add_entry: AddEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await add_entry("vedirect")
    entity = entity_registry.async_get_entity_id(
        "sensor", "cellwire", "victron_charger_HQ2230XY6XR_status"
    )
    assert entity == f"{VICTRON}status"


async def test_only_what_changed_is_written(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    entities = written(hass)
    await entry.runtime_data.async_refresh()
    assert not entities
    board.reply = edit(CHARGING, {0x85: "2F"})
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    # It takes a minute less now until it is full, which is noise.
    assert sorted(entities) == [f"{JK}{name}" for name in ("remaining_capacity", "state_of_charge")]


async def test_a_value_that_is_missing_is_unknown_not_unavailable(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    board.reply = edit(CHARGING, {0x85: "FF", 0x80: "FFF6"})
    await entry.runtime_data.async_refresh()
    assert value(hass, f"{JK}state_of_charge") == STATE_UNKNOWN
    assert value(hass, f"{JK}mosfet_temperature") == STATE_UNKNOWN
    assert value(hass, f"{JK}voltage") == "53.15"


async def test_cells_that_are_gone_are_unknown(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    board.reply = edit(CHARGING, {0x83: "0A5F"}, cells=[3319] * 8)
    for _ in range(2):
        await entry.runtime_data.async_refresh()
        await entry.runtime_data.async_refresh()
    assert value(hass, f"{JK}cell_8_voltage") == "3.319"
    assert value(hass, f"{JK}cell_9_voltage") == STATE_UNKNOWN


async def test_alarms_are_named(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, all_entities: None
) -> None:
    entry = await add_entry("classic")
    problem = "binary_sensor.jk_b1a24s15p_problem"
    assert (value(hass, problem), value(hass, f"{JK}alarm")) == ("off", "no_alarm")
    board.reply = edit(CHARGING, {0x8B: "0004"})
    await entry.runtime_data.async_refresh()
    assert (value(hass, problem), value(hass, f"{JK}alarm")) == ("off", "charge_overvoltage")
    board.reply = edit(CHARGING, {0x8B: "0404"})
    await entry.runtime_data.async_refresh()
    assert (value(hass, problem), value(hass, f"{JK}alarm")) == ("on", "cell_overvoltage")
    assert value(hass, "binary_sensor.jk_b1a24s15p_cell_over_voltage") == "on"
    assert value(hass, "binary_sensor.jk_b1a24s15p_cell_under_voltage") == "off"


async def test_what_appears_later_gets_its_entity(
    hass: HomeAssistant, victron: Charger, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect")
    assert hass.states.get(f"{VICTRON}battery_temperature") is None
    victron.seconds[:] = [second(T="23")]
    await until(lambda: _battery(entry) is not None)
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    assert value(hass, f"{VICTRON}battery_temperature") == "23"
    victron.seconds[:] = [second()]
    await until(lambda: _battery(entry) is None)
    await entry.runtime_data.async_refresh()
    assert value(hass, f"{VICTRON}battery_temperature") == STATE_UNKNOWN


def _battery(entry: Any) -> object:
    return entry.runtime_data.device.fresh()["charger"].temperatures["battery"]


async def test_a_change_of_state_is_shown_at_once_but_frames_are_not(
    hass: HomeAssistant, victron: Charger, pty: PtyWire, add_entry: AddEntry
) -> None:
    victron.deaf = True
    entry = await add_entry("vedirect")
    entry.runtime_data.update_interval = None
    await entry.runtime_data.async_refresh()
    assert value(hass, f"{VICTRON}status") == "bulk"
    entities = written(hass)
    for milliamperes in range(7000, 7200, 10):
        data = b"\x8c\xed\x00" + milliamperes.to_bytes(4, "little")
        await pty.send(hex_frame(0xA, data))
    await pty.send(hex_frame(0xA, bytes.fromhex("01020004")))
    await until(lambda: value(hass, f"{VICTRON}status") == "absorption")
    assert entities.count(f"{VICTRON}current") <= 1


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(lambda bus: setattr(bus.boards[3], "fault", faults.silent), id="silent"),
        pytest.param(lambda bus: bus.boards.pop(3), id="gone"),
        pytest.param(
            lambda bus: bus.boards.update({3: recorded_board("pb_real_8s_sw15.10_addr1", "X")}),
            id="stranger",
        ),
    ],
)
async def test_each_unit_has_its_own_availability(
    hass: HomeAssistant,
    bus: Bus,
    add_entry: AddEntry,
    caplog: pytest.LogCaptureFixture,
    break_it: Callable[[Bus], object],
) -> None:
    entry = await add_entry("modbus", serials={"1": "SERIAL1", "3": "SERIAL3"})
    first, third = "sensor.jk_pb2a16s15p_1_voltage", "sensor.jk_pb2a16s20p_3_voltage"
    board = bus.boards[3]
    # A board that is exchanged is switched off for a while.
    board.fault = faults.silent
    await entry.runtime_data.async_refresh()
    break_it(bus)
    for _ in range(4):
        await entry.runtime_data.async_refresh()
        assert value(hass, first) == "26.852"
        assert value(hass, third) == STATE_UNAVAILABLE
    board.fault = faults.none
    bus.boards[3] = board
    for _ in range(8):
        await entry.runtime_data.async_refresh()
    assert value(hass, third) == "52.695"
    messages = [record.getMessage() for record in caplog.records if "Unit 3" in record.message]
    assert messages == ["Unit 3 of Bank does not answer", "Unit 3 of Bank answers again"]
