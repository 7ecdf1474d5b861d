"""The counters in Home Assistant: over hours, restarts and gaps, on the energy dashboard."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
import math
from typing import Any

from freezegun import api
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.cellwire.const import DOMAIN
from custom_components.cellwire.devices.jk_bms import classic
from custom_components.cellwire.memory import PATIENCE
from tests.bench.jk_bms import ClassicBoard, edit

from .conftest import CHARGING, AddEntry
from .steps import device_entries, value

JK = "sensor.jk_b1a24s15p_"
IN, OUT = f"{JK}energy_in", f"{JK}energy_out"
KEY = f"{DOMAIN}.entry_classic"
VOLTS = 53.15
STEP = 10
START = datetime(2026, 11, 24, 10, tzinfo=UTC)

pytestmark = pytest.mark.freeze_time(START)


def current_at(seconds: float) -> float:
    """A charge that fades, and a discharge with waves, in A."""
    if seconds < 3600:
        return 40 * math.exp(-seconds / 3000)
    return -25 - 15 * math.sin(seconds / 200)


class Bench:
    """A battery that is watched while the hours fly by, and that knows its true energy."""

    def __init__(
        self, hass: HomeAssistant, board: ClassicBoard, clock: FrozenDateTimeFactory
    ) -> None:
        self._hass = hass
        self._board = board
        self._clock = clock
        self.seconds = 0
        self.true_in = self.true_out = 0.0

    def show(self) -> None:
        """Let the board say what flows now."""
        amperes = round(current_at(self.seconds) * 100)
        raw = 0x8000 | amperes if amperes > 0 else -amperes
        self._board.reply = edit(CHARGING, {0x84: f"{raw:04X}"})

    async def pass_by(self, seconds: int) -> None:
        """Let time pass while the board is asked at each step."""
        for _ in range(seconds // STEP):
            for moment in range(self.seconds, self.seconds + STEP):
                energy = current_at(moment + 0.5) * VOLTS / 3600
                self.true_in += max(energy, 0.0)
                self.true_out += max(-energy, 0.0)
            await self.skip(STEP)

    async def skip(self, seconds: int) -> None:
        """Let time pass at once."""
        self.seconds += seconds
        self.show()
        self._clock.tick(seconds)
        for entry in device_entries(self._hass):
            await entry.runtime_data.async_refresh()


@pytest.fixture(autouse=True)
def custom_integrations(
    recorder_mock: Recorder, hass: HomeAssistant, enable_custom_integrations: None
) -> None:
    """Let Home Assistant find the integration; the recorder has to be there before it."""
    # The loop keeps its own time, or no pause would ever end.
    hass.loop.time = api.real_monotonic  # type: ignore[method-assign]


@pytest.fixture
def bench(
    hass: HomeAssistant,
    board: ClassicBoard,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    # With the time, every pause stands still.
    monkeypatch.setattr(classic, "PACE", 0.0)
    bench = Bench(hass, board, freezer)
    bench.show()
    return bench


def kilowatt_hours(hass: HomeAssistant, entity: str) -> float:
    return float(value(hass, entity))


async def crash(hass: HomeAssistant, entry: MockConfigEntry, storage: dict[str, Any]) -> None:
    """Lose what was not yet on the disk."""
    on_disk = deepcopy(storage[KEY])
    await hass.config_entries.async_unload(entry.entry_id)
    storage[KEY] = on_disk


async def compile_statistics(hass: HomeAssistant, hours: int) -> dict[str, float]:
    """Let the recorder do what it does every five minutes; return the sums, in kWh."""
    await async_wait_recording_done(hass)
    for minute in range(0, hours * 60, 5):
        do_adhoc_statistics(hass, start=START + timedelta(minutes=minute))
    await async_wait_recording_done(hass)
    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, START, None, {IN, OUT}, "hour", None, {"sum"}
    )
    return {entity: float(rows[entity][-1]["sum"] or 0.0) for entity in (IN, OUT)}


async def test_the_energy_of_hours_with_a_restart_a_crash_and_a_gap(
    bench: Bench,
    hass: HomeAssistant,
    add_entry: AddEntry,
    hass_storage: dict[str, Any],
    hass_ws_client: WebSocketGenerator,
    socket_enabled: None,
) -> None:
    assert await async_setup_component(hass, "sensor", {})
    assert await async_setup_component(hass, "energy", {})
    # Its token does not last for hours.
    client = await hass_ws_client(hass)
    entry = await add_entry("classic")
    await bench.pass_by(1000)
    await hass.config_entries.async_unload(entry.entry_id)
    await bench.skip(100)
    await hass.config_entries.async_setup(entry.entry_id)
    await bench.pass_by(800)
    # Nobody asked for ten minutes: what flowed then is not known, and no part of the truth.
    await bench.skip(600)
    await bench.pass_by(1080)
    before = kilowatt_hours(hass, IN)
    # What was counted within five minutes before a crash may be lost, no more.
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=PATIENCE + 1))
    await hass.async_block_till_done()
    saved = kilowatt_hours(hass, IN)
    assert saved == pytest.approx(before, abs=0.001)
    await crash(hass, entry, hass_storage)
    await hass.config_entries.async_setup(entry.entry_id)
    # It shows at once what was not worth a state before.
    assert saved <= kilowatt_hours(hass, IN) <= saved + 0.005
    assert bench.seconds == 3580
    await bench.pass_by(7200)
    assert kilowatt_hours(hass, IN) == pytest.approx(bench.true_in / 1000, rel=0.005)
    assert kilowatt_hours(hass, OUT) == pytest.approx(bench.true_out / 1000, rel=0.005)

    sums = await compile_statistics(hass, 3)
    assert sums[IN] == pytest.approx(bench.true_in / 1000, rel=0.005)
    # The last seconds are in the fourth hour.
    assert sums[OUT] == pytest.approx(bench.true_out / 1000, rel=0.005)

    source = {
        "type": "battery",
        "stat_energy_from": OUT,
        "stat_energy_to": IN,
        "power_config": {"stat_rate_inverted": f"{JK}power"},
        "stat_soc": f"{JK}state_of_charge",
    }
    await client.send_json_auto_id({"type": "energy/save_prefs", "energy_sources": [source]})
    answer = await client.receive_json()
    assert answer["success"], answer
    await client.send_json_auto_id({"type": "energy/validate"})
    answer = await client.receive_json()
    assert answer["success"], answer
    assert answer["result"]["energy_sources"] == [[]]
    await client.close()
    await hass.config_entries.async_unload(entry.entry_id)
