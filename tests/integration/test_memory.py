"""What must be known after a restart: what somebody did soon, what is counted every few minutes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.cellwire.const import DOMAIN
from custom_components.cellwire.memory import DELAY, PATIENCE, Memory

KEY = f"{DOMAIN}.entry"


class Part:
    """Knows what it is told."""

    def __init__(self, **known: Any) -> None:
        self.recalled: Mapping[str, Any] = known

    def memory(self) -> dict[str, Any]:
        return dict(self.recalled)


class Kept:
    """A device and its counters, and what is on the disk of them."""

    def __init__(self, hass: HomeAssistant, storage: dict[str, Any]) -> None:
        self._hass = hass
        self._storage = storage
        self.device, self.counters = Part(), Part()
        self.memory = Memory(hass, "entry", {"device": self.device}, {"energy": self.counters})

    async def after(self, seconds: float) -> dict[str, Any] | None:
        """Return what is on the disk so long from now; then it is now again."""
        async_fire_time_changed(self._hass, dt_util.utcnow() + timedelta(seconds=seconds))
        await self._hass.async_block_till_done()
        return self.on_disk

    @property
    def on_disk(self) -> dict[str, Any] | None:
        data: dict[str, Any] | None = self._storage.get(KEY, {}).get("data")
        return data

    def count(self, value: float) -> None:
        """Let a poll find another counter."""
        self.counters.recalled = {"value": value}
        self.memory.look()

    def start(self, program: str) -> None:
        """Let a poll find a program that was started."""
        self.device.recalled = {"program": program}
        self.memory.look()


@pytest.fixture
async def kept(hass: HomeAssistant, hass_storage: dict[str, Any]) -> Kept:
    kept = Kept(hass, hass_storage)
    # Before it is known what was kept, nothing is.
    kept.memory.look()
    assert await kept.after(PATIENCE + 1) is None
    await kept.memory.recall()
    # A new entry is kept soon.
    kept.memory.look()
    assert await kept.after(DELAY + 1) == {"device": {}, "energy": {}}
    return kept


async def test_what_is_counted_is_written_every_five_minutes(kept: Kept) -> None:
    for number in range(10):
        kept.count(number)
        assert await kept.after(PATIENCE / 10 * number + 1) == {"device": {}, "energy": {}}
    assert await kept.after(PATIENCE + 1) == {"device": {}, "energy": {"value": 9}}
    kept.count(10)
    assert await kept.after(PATIENCE - 10) == {"device": {}, "energy": {"value": 9}}
    assert await kept.after(PATIENCE + 1) == {"device": {}, "energy": {"value": 10}}


async def test_what_was_started_does_not_wait_for_what_is_counted(kept: Kept) -> None:
    kept.count(1)
    kept.start("charge")
    kept.count(2)
    both = {"device": {"program": "charge"}, "energy": {"value": 2}}
    assert await kept.after(DELAY + 1) == both
    # It is as it was, so what is counted has time again.
    kept.count(3)
    assert await kept.after(PATIENCE - 10) == both


async def test_what_a_person_set_is_written_soon(kept: Kept) -> None:
    kept.counters.recalled = {"value": 5}
    kept.memory.look_now()
    assert await kept.after(DELAY + 1) == {"device": {}, "energy": {"value": 5}}


@pytest.mark.parametrize("waits", [True, False])
async def test_everything_is_written_at_the_end(
    hass: HomeAssistant, kept: Kept, *, waits: bool
) -> None:
    kept.counters.recalled = {"value": 5}
    if waits:
        kept.memory.look()
    await kept.memory.keep()
    assert kept.on_disk == {"device": {}, "energy": {"value": 5}}


async def test_what_waits_is_written_when_home_assistant_stops(
    hass: HomeAssistant, kept: Kept
) -> None:
    kept.count(5)
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert kept.on_disk == {"device": {}, "energy": {"value": 5}}


async def test_what_is_as_it_was_is_not_written_again(
    hass: HomeAssistant, kept: Kept, hass_storage: dict[str, Any]
) -> None:
    kept.count(1)
    await kept.after(PATIENCE + 1)
    del hass_storage[KEY]
    for _ in range(3):
        kept.memory.look()
    await kept.after(2 * PATIENCE)
    await kept.memory.keep()
    assert kept.on_disk is None
