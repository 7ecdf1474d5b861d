"""What was promised to be watched is watched, however the charger is shown and set up."""

import asyncio
from datetime import timedelta
import time
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.cellwire.const import CONF_INTERVAL, DOMAIN
from custom_components.cellwire.devices.icharger import programs, supervisor
from tests.bench import faults
from tests.bench.hid_port import HidPort
from tests.bench.icharger import SimulatedCharger
from tests.waiting import until

from ..steps import value
from .steps import START, STATUS, act, happened

NOT_STOPPED = "program_not_stopped_entry_icharger_channel_1"
NOT_READ = "program_not_read_entry_icharger_channel_1"


@pytest.fixture(autouse=True)
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "WATCH_INTERVAL", 0.1)
    monkeypatch.setattr(supervisor, "UNWATCHED", 1.0)


@pytest.fixture
def charger(charger: SimulatedCharger) -> SimulatedCharger:
    """A charger whose clock is no faster than a restart can be told from another program."""
    charger._speed = 30.0
    return charger


@pytest.fixture
def key(entry: MockConfigEntry) -> str:
    """The key of the file with what is kept of the entry."""
    return f"{DOMAIN}.{entry.entry_id}"


def issue(hass: HomeAssistant, issue_id: str) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigEntryState:
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    state: ConfigEntryState = entry.state
    return state


@pytest.mark.parametrize("polled", [True, False])
async def test_a_limit_is_kept_however_seldom_it_is_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: SimulatedCharger,
    channel: str,
    *,
    polled: bool,
) -> None:
    hass.config_entries.async_update_entry(
        entry, options={CONF_INTERVAL: 3600}, pref_disable_polling=not polled
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=0.5)
    assert charger.channels[0].runs
    await until(lambda: not charger.channels[0].runs)
    # It is shown too, though nobody polls.
    await until(lambda: value(hass, STATUS) == "idle")
    kind, told = happened(hass)
    assert (kind, told["reason"]) == ("supervised_stop", "limit_time")


async def test_without_any_entity_that_shows_it(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=0.5)
    coordinator: Any = entry.runtime_data
    # As if all were disabled: nobody is there for whom it would be polled.
    coordinator._listeners.clear()
    coordinator._unschedule_refresh()
    programs_of = coordinator.device.programs
    await until(lambda: programs_of.state("channel_1")["ended"] == "limit_time")
    assert not charger.channels[0].runs


async def test_the_readings_of_the_watch_are_counted(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=5)
    coordinator: Any = entry.runtime_data
    read = coordinator.data["channel_1"].at
    counted: list[float] = []
    coordinator.device.on_reading(lambda readings: counted.append(readings["channel_1"].at))
    await until(lambda: len(counted) > 3)
    assert counted == sorted(counted)
    assert counted[0] > read


async def test_it_is_watched_on_after_a_failed_set_up(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: SimulatedCharger,
    channel: str,
    port: HidPort,
    hass_storage: dict[str, Any],
    key: str,
) -> None:
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=2)
    await hass.config_entries.async_unload(entry.entry_id)
    kept = hass_storage[key]["data"]["device"]
    assert kept["programs"]["channel_1"]["slot"] == 7
    await port.unplug()
    for _ in range(2):
        assert await set_up(hass, entry) is ConfigEntryState.SETUP_RETRY
        assert hass_storage[key]["data"]["device"] == kept
        assert issue(hass, NOT_READ)
        await hass.config_entries.async_unload(entry.entry_id)
    await port.plug()
    assert await set_up(hass, entry) is ConfigEntryState.LOADED
    await until(lambda: not charger.channels[0].runs)
    await until(lambda: happened(hass)[1].get("reason") == "limit_time")
    await until(lambda: issue(hass, NOT_READ) is None)
    await until(lambda: "programs" not in hass_storage[key]["data"]["device"])


async def test_nothing_is_forgotten_when_the_set_up_fails_before_it_is_recalled(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    channel: str,
    hass_storage: dict[str, Any],
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=60)
    await act(hass, "set_counter", channel, counter="energy_in", value=12.5)
    await hass.config_entries.async_unload(entry.entry_id)
    kept = hass_storage[key]["data"]
    assert kept["device"]
    assert kept["energy"]

    async def fail(*_args: object) -> None:
        raise RuntimeError("unforeseen")

    with monkeypatch.context() as broken:
        broken.setattr("custom_components.cellwire.device_entry.coordinator.last_counted", fail)
        assert await set_up(hass, entry) is not ConfigEntryState.LOADED
        assert hass_storage[key]["data"] == kept
        await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[key]["data"] == kept
    assert await set_up(hass, entry) is ConfigEntryState.LOADED


async def test_memory_of_the_version_before(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: SimulatedCharger,
    hass_storage: dict[str, Any],
    key: str,
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    charger.start(1, "charge", slot=7)
    hass_storage[key] = {
        "version": 1,
        "minor_version": 1,
        "key": key,
        "data": {
            "device": {
                "programs": {
                    "channel_1": {
                        "slot": 7,
                        "preset": "LiPo 15",
                        "operation": "charge",
                        "minutes": 1.0,
                        "mah": None,
                        "cell_voltage": None,
                        "program_time": 0.0,
                        "seen_at": time.time(),
                        "ended": None,
                    }
                }
            },
            "energy": {},
        },
    }
    assert await set_up(hass, entry) is ConfigEntryState.LOADED
    await until(lambda: happened(hass)[1].get("reason") == "limit_time")
    assert not charger.channels[0].runs


async def test_a_start_is_kept_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    channel: str,
    hass_storage: dict[str, Any],
    key: str,
) -> None:
    # A crash within the half minute in which counters are written must not forget it.
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=60)
    assert "channel_1" in hass_storage[key]["data"]["device"]["programs"]
    await act(hass, "stop", channel)
    await until(lambda: "programs" not in hass_storage[key]["data"]["device"])


async def test_one_that_can_not_be_stopped_is_told_under_repairs(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    charger.ignored = {0}
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=0.5)
    await until(lambda: issue(hass, NOT_STOPPED))
    found = issue(hass, NOT_STOPPED)
    assert found
    assert found.translation_placeholders
    assert found.translation_placeholders["unit"] == "iCharger 4010 DUO channel 1"
    kind, told = happened(hass)
    assert (kind, told["reason"]) == ("supervision_failed", "not_stopped")
    charger.ignored = set()
    await until(lambda: issue(hass, NOT_STOPPED) is None)
    assert not charger.channels[0].runs


async def test_one_that_can_not_be_read_is_told_under_repairs(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger, channel: str
) -> None:
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await act(hass, "start_program", channel, preset=7, operation="charge", minutes=60)
    charger.fault = faults.silent
    await until(lambda: issue(hass, NOT_READ), seconds=10)
    charger.fault = faults.none
    await until(lambda: issue(hass, NOT_READ) is None, seconds=10)
    assert charger.channels[0].runs


async def test_waiting_for_the_end_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, channel: str
) -> None:
    before: list[int] = []
    for _ in range(3):
        response = await hass.services.async_call(
            DOMAIN,
            "start_program",
            {"device_id": channel, "preset": 7, "operation": "charge", "minutes": 0.2},
            blocking=True,
            return_response=True,
        )
        assert response
        assert response["ended"] == "limit_time"
        before.append(len(entry._on_unload or ()))
    assert len(set(before)) == 1


async def test_what_nobody_started_with_limits_is_left_alone(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    device: Any = entry.runtime_data.device
    charger.start(1, "charge")
    reported: list[int] = []
    device.on_reading(lambda _: reported.append(1))
    await asyncio.sleep(0.4)
    assert not reported
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=6))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(reported) == 1
    assert charger.channels[0].runs
    assert START in hass.states.async_entity_ids("button")
