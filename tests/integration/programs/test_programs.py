"""Programs of a charger, chosen, started, watched and stopped from Home Assistant."""

import asyncio
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID, CONF_PORT, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache,
)

from custom_components.cellwire.const import CONF_FAMILY, CONF_SERIALS, CONF_VARIANT, DOMAIN
from custom_components.cellwire.device_entry.control_entity import CONTROLLING
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from tests.bench.hid_port import HidPort
from tests.bench.icharger import SimulatedCharger

from ..steps import call, refresh, value
from .steps import (
    CURRENT,
    NAME,
    OPERATION,
    PRESET,
    READ,
    RUN,
    SERIAL,
    START,
    STATUS,
    STOP,
    act,
    choose,
    happened,
)


async def test_nothing_is_written_until_something_is_asked_for(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    assert len([e for e in hass.states.async_entity_ids() if e.split(".")[0] in CONTROLLING]) > 10
    for _ in range(3):
        await refresh(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert not charger.written
    assert value(hass, PRESET) == value(hass, OPERATION) == STATE_UNKNOWN


async def test_choose_start_watch_and_stop(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    await choose(hass, "LiPo 15", "charge")
    assert value(hass, PRESET) == "LiPo 15"
    assert value(hass, OPERATION) == "charge"
    assert not charger.orders
    before = float(value(hass, f"sensor.{NAME}_cell_1_voltage"))
    await call(hass, "button", "press", START)
    assert RUN in charger.written
    assert value(hass, STATUS) == "charging"
    assert happened(hass)[0] == "started"
    await asyncio.sleep(0.3)
    await refresh(hass, entry)
    assert float(value(hass, f"sensor.{NAME}_cell_1_voltage")) > before
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "button", "press", START)
    assert caught.value.translation_key == "refused_busy"
    assert caught.value.translation_placeholders == {"control": "Start"}
    await call(hass, "button", "press", STOP)
    assert value(hass, STATUS) == "idle"
    assert happened(hass)[0] == "stopped"
    assert charger.orders.count(1) == 1


async def test_what_was_changed_on_the_panel_is_not_started(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    await choose(hass, "LiPo 15", "charge")
    charger.memory.presets[7].flash[49] += 100
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "button", "press", START)
    assert caught.value.translation_key == "refused_preset_changed"
    assert 1 not in charger.orders


async def test_the_current_of_a_preset_is_set_and_read_back(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    await choose(hass, "LiPo 15", "charge")
    await call(hass, "number", "set_value", CURRENT, value=3.5)
    assert float(value(hass, CURRENT)) == 3.5
    assert charger.memory.commits == 1
    # For undo, should somebody want to have it as it was.
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["previous"].keys() == {"preset 7"}
    with pytest.raises(ServiceValidationError):
        await call(hass, "number", "set_value", CURRENT, value=400)


async def test_a_wish_outlives_a_restart(
    hass: HomeAssistant, port: HidPort, charger: SimulatedCharger
) -> None:
    mock_restore_cache(hass, [State(PRESET, "LiPo 15"), State(OPERATION, "storage")])
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id="entry_icharger",
        title="iCharger",
        data={
            CONF_FAMILY: "icharger",
            CONF_VARIANT: "modbus",
            CONF_SERIALS: {"charger": SERIAL, "channel_1": f"{SERIAL}_1"},
            CONF_PORT: f"hid://{SERIAL}",
        },
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    # Its presets are not known yet, and are not read by themselves.
    assert value(hass, PRESET) == STATE_UNKNOWN
    assert not charger.written
    await call(hass, "button", "press", READ)
    await hass.async_block_till_done()
    assert value(hass, PRESET) == "LiPo 15"
    assert value(hass, OPERATION) == "storage"
    assert not charger.orders
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("preset", ["LiPo 15", 7, "7"])
async def test_a_program_is_started_by_an_action(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: SimulatedCharger,
    channel: str,
    preset: str | int,
) -> None:
    await act(hass, "start_program", channel, preset=preset, operation="charge")
    assert RUN in charger.written
    assert value(hass, STATUS) == "charging"
    await act(hass, "stop", channel)
    assert value(hass, STATUS) == "idle"


async def test_a_response_waits_for_the_end(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    answer = hass.async_create_task(
        hass.services.async_call(
            DOMAIN,
            "start_program",
            {ATTR_DEVICE_ID: channel, "preset": 7, "operation": "charge", "minutes": 1},
            blocking=True,
            return_response=True,
        )
    )
    for _ in range(200):
        await asyncio.sleep(0.02)
        coordinator: Any = entry.runtime_data
        await coordinator.async_refresh()
        if answer.done():
            break
    response = await answer
    assert isinstance(response, dict)
    assert response["ended"] == "limit_time"
    assert happened(hass) == (
        "supervised_stop",
        {**happened(hass)[1], "reason": "limit_time"},
    )
    assert not charger.channels[0].runs


async def test_a_response_does_not_outlive_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    answer = hass.async_create_task(
        hass.services.async_call(
            DOMAIN,
            "start_program",
            {ATTR_DEVICE_ID: channel, "preset": 7, "operation": "charge"},
            blocking=True,
            return_response=True,
        )
    )
    for _ in range(100):
        await asyncio.sleep(0.02)
        if charger.channels[0].runs and value(hass, STATUS) == "charging":
            break
    # What is started is followed through its checks before the end is waited for.
    await asyncio.sleep(0.5)
    await hass.config_entries.async_unload(entry.entry_id)
    response = await asyncio.wait_for(answer, 2)
    assert isinstance(response, dict)
    assert response["ended"] is None
    # It goes on by default, as the charger protects it.
    assert charger.channels[0].runs


async def test_a_program_is_watched_on_after_a_restart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: SimulatedCharger,
    channel: str,
    hass_storage: dict[str, Any],
) -> None:
    # Its clock must not be faster than a restart can be told from another program.
    charger._speed = 30.0
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=1)
    await refresh(hass, entry)
    written = len(charger.written)
    await hass.config_entries.async_unload(entry.entry_id)
    kept = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["device"]
    assert kept["programs"]["channel_1"]["slot"] == 7
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert len(charger.written) == written
    for _ in range(100):
        await refresh(hass, entry)
        if not charger.channels[0].runs:
            break
        await asyncio.sleep(0.05)
    await refresh(hass, entry)
    kind, told = happened(hass)
    assert (kind, told["reason"]) == ("supervised_stop", "limit_time")


async def test_the_end_of_a_program_during_a_restart_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    charger._speed = 30.0
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=5)
    await refresh(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    charger.stop(1)
    charger.stop(1)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await refresh(hass, entry)
    kind, told = happened(hass)
    assert (kind, told["reason"]) == ("stopped", "lost")


async def test_with_the_option_a_program_is_stopped_with_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    hass.config_entries.async_update_entry(entry, options={"stop_on_unload": True})
    await hass.config_entries.async_reload(entry.entry_id)
    await act(hass, "start_program", channel, preset=7, operation="charge", mah=100000)
    await refresh(hass, entry)
    assert charger.channels[0].runs
    await hass.config_entries.async_unload(entry.entry_id)
    assert not charger.channels[0].runs


async def test_nothing_is_written_without_leave_not_even_to_read_presets(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    hass.config_entries.async_update_entry(entry, options={"allow_control": False})
    await hass.config_entries.async_reload(entry.entry_id)
    presets = {ATTR_DEVICE_ID: channel}
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN, "get_presets", presets, blocking=True, return_response=True
        )
    assert caught.value.translation_key == "refused_not_allowed"
    for service, data in (
        ("start_program", {"preset": 7, "operation": "charge"}),
        ("stop", {}),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            await act(hass, service, channel, **data)
        assert caught.value.translation_key == "refused_not_allowed"
    assert not charger.written


async def test_an_action_for_a_charger_that_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry, port: HidPort, channel: str
) -> None:
    await port.unplug()
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "stop", channel)
    assert not isinstance(caught.value, ServiceValidationError)
    assert caught.value.translation_domain == DOMAIN


async def test_refusals_of_actions(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    for data, key in (
        ({"preset": "nothing", "operation": "charge"}, "refused_no_such_preset"),
        ({"preset": 7, "operation": "discharge", "minutes": 0}, "refused_out_of_range"),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            await act(hass, "start_program", channel, **data)
        assert caught.value.translation_key == key
    assert 1 not in charger.orders
