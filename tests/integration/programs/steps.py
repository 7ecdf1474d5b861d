"""What a user does with programs and sees of them."""

from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant

from custom_components.cellwire.const import DOMAIN
from tests.integration.steps import call

SERIAL = "1504308022"
NAME = "icharger_4010_duo_channel_1"
PRESET, OPERATION = f"select.{NAME}_preset", f"select.{NAME}_operation"
START, STOP = f"button.{NAME}_start", f"button.{NAME}_stop"
STATUS, EVENT = f"sensor.{NAME}_status", f"event.{NAME}_program"
READ = "button.icharger_4010_duo_read_presets"
CURRENT = f"number.{NAME}_charge_current"
RUN = (0x8000, [0, 7, 0, 0x55AA, 1])


async def choose(hass: HomeAssistant, preset: str, operation: str) -> None:
    await call(hass, "button", "press", READ)
    await call(hass, "select", "select_option", PRESET, option=preset)
    await call(hass, "select", "select_option", OPERATION, option=operation)


def happened(hass: HomeAssistant) -> tuple[str, dict[str, Any]]:
    """Return the kind of the last event of the channel, and what it tells."""
    state = hass.states.get(EVENT)
    assert state
    told = dict(state.attributes)
    return told.pop("event_type"), told


async def act(hass: HomeAssistant, service: str, channel: str, **data: Any) -> None:
    await hass.services.async_call(
        DOMAIN, service, {ATTR_DEVICE_ID: channel, **data}, blocking=True
    )
    await hass.async_block_till_done()
