"""Cables pulled and plugged, logged once down and once up."""

import asyncio
import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PORT, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cellwire.const import CONF_INTERVAL
from custom_components.cellwire.device_entry import coordinator as coordinator_module, hurry
from tests.bench import faults
from tests.bench.jk_bms import ClassicBoard, edit
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire, TcpWire
from tests.devices.victron_charger.talking import second
from tests.waiting import until

from .conftest import CHARGING, AddEntry

VOLTAGES = {
    "classic": "sensor.jk_b1a24s15p_voltage",
    "modbus": "sensor.jk_pb2a16s15p_1_voltage",
    "vedirect": "sensor.blue_smart_ip22_24_12_1_voltage",
}


def value(hass: HomeAssistant, entity: str) -> str:
    state = hass.states.get(entity)
    assert state is not None
    return state.state


def of_coordinator(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == level and record.name == coordinator_module.__name__
    ]


async def test_unplugged_and_plugged_again(
    hass: HomeAssistant,
    pty: PtyWire,
    add_entry: AddEntry,
    variant: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    entry = await add_entry(variant)
    hass.config_entries.async_update_entry(entry, options={CONF_INTERVAL: 1})
    await hass.config_entries.async_reload(entry.entry_id)
    before = value(hass, VOLTAGES[variant])
    await pty.unplug()
    await until(lambda: value(hass, VOLTAGES[variant]) == STATE_UNAVAILABLE, 2.0)
    await asyncio.sleep(3)
    assert entry.state is ConfigEntryState.LOADED
    await pty.plug()
    # One interval and five seconds.
    await until(lambda: value(hass, VOLTAGES[variant]) == before, 6.0)
    name = entry.title
    (error,) = of_coordinator(caplog, logging.ERROR)
    assert error.startswith(f"Error fetching {name} data: The ")
    assert pty.address in error
    assert of_coordinator(caplog, logging.INFO) == [f"Fetching {name} data recovered"]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.silent, "The JK-BMS does not answer: not one byte came."),
        (lambda _: [(0.0, b"\xa5" * 40)], "40 bytes came, but nothing that a JK-BMS would say."),
    ],
)
async def test_silence_and_noise(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    caplog: pytest.LogCaptureFixture,
    fault: faults.Fault,
    message: str,
) -> None:
    entry = await add_entry("classic")
    board.fault = fault
    for _ in range(3):
        await entry.runtime_data.async_refresh()
        assert value(hass, VOLTAGES["classic"]) == STATE_UNAVAILABLE
    (error,) = of_coordinator(caplog, logging.ERROR)
    assert message in error
    board.fault = faults.none
    await entry.runtime_data.async_refresh()
    assert value(hass, VOLTAGES["classic"]) == "53.15"


async def test_a_stranger_on_the_line_is_not_shown_until_the_own_device_is_back(
    hass: HomeAssistant, victron: Charger, add_entry: AddEntry, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await add_entry("vedirect")
    victron.seconds[:] = [second(SER="HQ0000OTHER", V="12000")]
    await until(lambda: value(hass, VOLTAGES["vedirect"]) == STATE_UNAVAILABLE)
    await entry.runtime_data.async_refresh()
    (error,) = of_coordinator(caplog, logging.ERROR)
    assert "Another device answers here: serial number HQ0000OTHER" in error
    victron.seconds[:] = [second()]
    await until(lambda: value(hass, VOLTAGES["vedirect"]) == "28.68", 8.0)


async def test_a_server_that_hangs_up_after_each_answer(
    hass: HomeAssistant, socket_enabled: None, add_entry: AddEntry, caplog: pytest.LogCaptureFixture
) -> None:
    wire = TcpWire(closes_after=len(CHARGING))
    await wire.plug()
    ClassicBoard(wire, CHARGING)
    entry = await add_entry("classic", **{CONF_PORT: wire.address})
    for _ in range(3):
        await entry.runtime_data.async_refresh()
        assert value(hass, VOLTAGES["classic"]) == "53.15"
    assert not of_coordinator(caplog, logging.ERROR)
    await hass.config_entries.async_unload(entry.entry_id)
    await wire.unplug()


async def test_hurrying_twice_reads_once(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    device = entry.runtime_data.device
    asked = board.questions
    for _ in range(5):
        device.hurry()
    await until(lambda: board.questions > asked)
    device.hurry()
    await asyncio.sleep(0.5)
    assert board.questions == asked + 1
    # The second one had to wait for a second to pass.
    await until(lambda: board.questions == asked + 2)


async def test_a_change_during_the_reading_that_it_caused_causes_another(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hurry, "PAUSE", 0.4)
    entry = await add_entry("classic")
    device = entry.runtime_data.device
    board.fault = faults.late(0.1)
    asked = board.questions
    device.hurry()
    await until(lambda: board.questions == asked + 1)
    # It is being answered, with what was true before.
    device.hurry()
    device.hurry()
    begin = hass.loop.time()
    await until(lambda: board.questions == asked + 2)
    assert hass.loop.time() - begin > 0.2
    await asyncio.sleep(0.6)
    assert board.questions == asked + 2


async def test_a_new_firmware_is_shown(
    hass: HomeAssistant,
    victron: Charger,
    add_entry: AddEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    entry = await add_entry("vedirect")
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert (device.sw_version, device.serial_number) == ("3.42", "HQ2230XY6XR")
    victron.seconds[:] = [second(FWE="0365FF")]
    await until(lambda: entry.runtime_data.device.units["charger"].firmware == "3.65")
    await entry.runtime_data.async_refresh()
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.sw_version == "3.65"


async def test_readings_are_as_old_as_they_look(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    before = dt_util.utcnow()
    board.reply = edit(CHARGING, {0x83: "14CC"})
    await entry.runtime_data.async_refresh()
    state = hass.states.get(VOLTAGES["classic"])
    assert state is not None
    assert state.last_updated >= before
