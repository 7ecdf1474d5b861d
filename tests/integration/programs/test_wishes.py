"""Wishes whose turn comes late, and what can be wished for, which changes without any value."""

import asyncio
import logging
from typing import Any

from homeassistant.const import ATTR_ENTITY_ID, ATTR_OPTION, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_restore_cache

from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.exchange import exchange_of
from tests.bench.icharger import SimulatedCharger

from ..steps import call, refresh, value
from .steps import OPERATION, PRESET, READ


def options(hass: HomeAssistant, entity: str = PRESET) -> list[str]:
    state = hass.states.get(entity)
    assert state
    found: list[str] = state.attributes["options"]
    return found


async def test_a_choice_that_is_gone_when_its_turn_comes(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    await call(hass, "button", "press", READ)
    device: Any = entry.runtime_data.device
    async with device.lock:
        asked = hass.async_create_task(
            hass.services.async_call(
                "select",
                "select_option",
                {ATTR_ENTITY_ID: PRESET, ATTR_OPTION: "LiPo 15"},
                blocking=True,
            )
        )
        await asyncio.sleep(0.05)
        # Somebody deletes them at the panel, and has the list read before.
        charger.memory.head.flash[0] = 0
        await device.stored.read_presets("presets")
    with pytest.raises(ServiceValidationError) as caught:
        await asked
    assert caught.value.translation_key == "refused_not_a_choice"
    assert value(hass, PRESET) == STATE_UNKNOWN


async def test_what_can_be_wished_for_is_shown_though_no_value_changed(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    await refresh(hass, entry)
    device: Any = entry.runtime_data.device
    assert options(hass) == []
    async with device.lock:
        await device.stored.read_presets("presets")
    await refresh(hass, entry)
    assert "LiPo 15" in options(hass)


async def test_a_wish_for_what_just_went_away(
    hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger
) -> None:
    await call(hass, "button", "press", READ)
    exchange_of(hass)._sources.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "select", "select_option", PRESET, option="LiPo 15")
    assert caught.value.translation_key == "refused_not_offered"
    exchange_of(hass).join(entry.runtime_data)


@pytest.mark.parametrize(
    ("problem", "level"),
    [(NoAnswer("charger"), logging.WARNING), (KeyError("unforeseen"), logging.ERROR)],
)
async def test_a_wish_that_can_not_be_restored_is_logged(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: SimulatedCharger,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    problem: Exception,
    level: int,
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    mock_restore_cache(hass, [State(PRESET, "LiPo 15"), State(OPERATION, "storage")])
    await hass.config_entries.async_setup(entry.entry_id)
    device: Any = entry.runtime_data.device
    apply = device.apply

    async def fail(unit: str, key: str, wish: Any) -> None:
        if key == "preset":
            raise problem
        await apply(unit, key, wish)

    monkeypatch.setattr(device, "apply", fail)
    await call(hass, "button", "press", READ)
    told = [each for each in caplog.records if "could not be set to LiPo 15 again" in each.message]
    assert [each.levelno for each in told] == [level]
    assert "never retrieved" not in caplog.text
    assert value(hass, PRESET) == STATE_UNKNOWN
