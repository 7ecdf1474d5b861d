"""Cells, probes, channels and boards that appear while an entry runs, and that leave it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from homeassistant.const import CONF_PORT, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.cellwire.const import CONF_SERIALS, DOMAIN
from custom_components.cellwire.devices import attendance
from custom_components.cellwire.devices.hubble_am2.reading import NO_PROBE, TEMPERATURES
from custom_components.cellwire.devices.jk_bms import modbus
from tests.bench import chargery, hubble_am2, victron_charger
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.jk_bms import Bus, ClassicBoard, edit, recorded_board
from tests.bench.modbus import RtuBus
from tests.bench.victron_charger import SERIAL
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking

from .conftest import CHARGING, ENTRIES
from .steps import refresh, value

STATUS = 2
FAST = 0.05
CHARGER = "1504308022"
MODBUS_LINE = {"baudrate": 9600, "parity": "N"}
CHANNEL_NUMBERS = {"charger": "", "channel_1": "_1", "channel_2": "_2"}

type Change = Callable[[], object]


@asynccontextmanager
async def classic(wire: PtyWire) -> AsyncIterator[Change]:
    few = edit(CHARGING, {0x82: "FFF6", 0x83: "0A5F"}, cells=[3319] * 8)
    board = ClassicBoard(wire, few)
    yield lambda: setattr(board, "reply", CHARGING)


@asynccontextmanager
async def newer(wire: PtyWire) -> AsyncIterator[Change]:
    few = recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1")
    many = recorded_board("pb_real_16s_sw15.41_addr3")
    Bus(wire, {1: few})
    yield lambda: few.frames.update({STATUS: many.frames[STATUS]})


@asynccontextmanager
async def stream(wire: PtyWire) -> AsyncIterator[Change]:
    cells = [3300] * 8
    few = {
        0x56: chargery.cells_frame(cells, soc=50),
        0x57: chargery.pack_frame(temperatures=(21.3, chargery.NO_PROBE)),
    }
    many = {0x56: chargery.cells_frame(cells * 2, soc=50), 0x57: chargery.pack_frame()}
    async with chargery.talking(chargery.Bms(wire, few, period=FAST)) as bms:
        yield lambda: bms.frames.update(many)


@asynccontextmanager
async def text(wire: PtyWire) -> AsyncIterator[Change]:
    simulator = victron_charger.Charger(wire, [second()], period=0.1)
    simulator.deaf = True
    async with talking(simulator):
        yield lambda: simulator.seconds.__setitem__(0, second(T="23", H20="12"))


@asynccontextmanager
async def bank(wire: PtyWire) -> AsyncIterator[Change]:
    pack = hubble_am2.Pack(serial="PACK1")
    RtuBus(wire, {1: pack})
    live = pack.blocks[hubble_am2.LIVE]
    probe, live[TEMPERATURES["4"]] = live[TEMPERATURES["4"]], NO_PROBE
    yield lambda: live.__setitem__(TEMPERATURES["4"], probe)


@asynccontextmanager
async def channels(wire: PtyWire) -> AsyncIterator[Change]:
    charger = SimulatedCharger(serial=CHARGER)
    RtuBus(wire, {1: charger})
    yield lambda: charger.plug(2, Pack([0.3, 0.32, 0.31, 0.33]))


@dataclass
class Case:
    """A device that grows: the keys of what appears at a unit, and what its entry knows."""

    play: Callable[[PtyWire], Any]
    data: dict[str, Any]
    unit: str
    appears: tuple[str, ...]


BANK = {
    "family": "hubble_am2",
    "variant": "modbus",
    CONF_SERIALS: {"bank": None, "1": "PACK1"},
} | MODBUS_LINE
CHANNELS = {
    "family": "icharger",
    "variant": "modbus",
    CONF_SERIALS: {name: f"{CHARGER}{end}" for name, end in CHANNEL_NUMBERS.items()},
} | MODBUS_LINE
ONE_BOARD = ENTRIES["modbus"] | {CONF_SERIALS: {"1": "SERIAL1"}}
CASES = {
    "JK classic": Case(
        classic, ENTRIES["classic"], "entry_bms", ("cell_voltage_9", "temperature_2")
    ),
    "JK newer": Case(newer, ONE_BOARD, "jk_bms_SERIAL1", ("cell_voltage_9", "wire_resistance_9")),
    "Chargery": Case(stream, ENTRIES["chargery"], "entry_bms", ("cell_voltage_9", "temperature_2")),
    "Victron": Case(
        text, ENTRIES["vedirect"], f"victron_charger_{SERIAL}", ("temperature_battery",)
    ),
    "Hubble": Case(bank, BANK, "hubble_am2_PACK1", ("temperature_4",)),
    "iCharger": Case(channels, CHANNELS, f"icharger_{CHARGER}_2", ("voltage", "cell_voltage_4")),
}


async def set_up(hass: HomeAssistant, wire: PtyWire, data: dict[str, Any]) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN, entry_id="entry", title="Entry", data=data | {CONF_PORT: wire.address}
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_what_appears_later_gets_its_entities_at_once(
    hass: HomeAssistant, pty: PtyWire, entity_registry: er.EntityRegistry, case: Case
) -> None:
    def known(key: str) -> str | None:
        return entity_registry.async_get_entity_id("sensor", DOMAIN, f"{case.unit}_{key}")

    async with case.play(pty) as change:
        entry = await set_up(hass, pty, case.data)
        coordinator = entry.runtime_data
        assert not any(map(known, case.appears))
        change()
        # Another number of cells is believed when it came three times.
        for _ in range(60):
            await refresh(hass, entry)
            if all(map(known, case.appears)):
                break
            await asyncio.sleep(FAST)
        for key in case.appears:
            entity = entity_registry.async_get(known(key) or key)
            assert entity
            if not entity.disabled:
                assert float(value(hass, entity.entity_id)) > 0
        assert entry.runtime_data is coordinator
        await hass.config_entries.async_unload(entry.entry_id)


type Delete = Callable[[dr.DeviceEntry], Awaitable[bool]]


@pytest.fixture
async def delete(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Delete:
    """Press "Delete" on the page of a device; tells whether it was deleted."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)

    async def press(device: dr.DeviceEntry) -> bool:
        await client.send_json_auto_id(
            {
                "type": "config/device_registry/remove_config_entry",
                "device_id": device.id,
                "config_entry_id": device.config_entry_id,
            }
        )
        done: bool = (await client.receive_json())["success"]
        await hass.async_block_till_done()
        return done

    return press


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_nothing_live_can_be_deleted(
    hass: HomeAssistant,
    pty: PtyWire,
    device_registry: dr.DeviceRegistry,
    delete: Delete,
    case: Case,
) -> None:
    async with case.play(pty):
        entry = await set_up(hass, pty, case.data)
        devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        assert len(devices) == len(entry.data[CONF_SERIALS])
        for device in devices:
            assert not await delete(device)
        assert dr.async_entries_for_config_entry(device_registry, entry.entry_id) == devices
        assert entry.data == case.data | {CONF_PORT: pty.address}
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def curious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for new boards in each cycle, at a few addresses."""
    monkeypatch.setattr(attendance, "LOOKOUT_INTERVAL", 0.0)
    monkeypatch.setattr(modbus, "SLAVES", ("1", "2", "3"))


@pytest.mark.usefixtures("curious")
async def test_a_board_joins_leaves_is_deleted_and_comes_back(
    hass: HomeAssistant, bus: Bus, pty: PtyWire, device_registry: dr.DeviceRegistry, delete: Delete
) -> None:
    late = bus.boards.pop(3)
    entry = await set_up(hass, pty, ONE_BOARD)
    coordinator = entry.runtime_data
    voltage = "sensor.jk_pb2a16s20p_3_voltage"
    both = {"1": "SERIAL1", "3": "SERIAL3"}

    def third() -> dr.DeviceEntry | None:
        identifier = (DOMAIN, "jk_bms_SERIAL3")
        return device_registry.async_get_device_by_identifier(identifier, entry.entry_id)

    async def read() -> None:
        for _ in range(5):
            await refresh(hass, entry)

    assert third() is hass.states.get(voltage) is None
    bus.boards[3] = late
    await read()
    assert (entry.data[CONF_SERIALS], value(hass, voltage)) == (both, "52.695")
    device = third()
    assert device
    assert (device.model, device.serial_number) == ("JK_PB2A16S20P", "SERIAL3")
    assert not await delete(device)
    del bus.boards[3]
    await read()
    assert value(hass, voltage) == STATE_UNAVAILABLE
    assert await delete(device)
    await read()
    assert third() is hass.states.get(voltage) is None
    assert entry.data[CONF_SERIALS] == {"1": "SERIAL1"}
    bus.boards[3] = late
    await read()
    assert (entry.data[CONF_SERIALS], value(hass, voltage)) == (both, "52.695")
    assert third()
    assert entry.runtime_data is coordinator
    # It is still known when Home Assistant starts again.
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert value(hass, voltage) == "52.695"
    await hass.config_entries.async_unload(entry.entry_id)
