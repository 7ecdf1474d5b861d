"""A switch of Home Assistant that feeds a device, such as a smart plug."""

import asyncio
from contextlib import suppress
from typing import override

from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..devices.device import Mains
from ..devices.errors import Refused

# How long the switch may take to say that it was asked, in seconds.
PATIENCE = 10.0
_STATES = {STATE_ON: True, STATE_OFF: False}


class MainsSwitch(Mains):
    """Drives the entity that the owner named."""

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        """Use this switch."""
        self._hass = hass
        self._entity_id = entity_id

    @property
    @override
    def is_on(self) -> bool | None:
        state = self._hass.states.get(self._entity_id)
        return _STATES.get(state.state) if state else None

    @override
    async def turn(self, *, on: bool) -> None:
        service = SERVICE_TURN_ON if on else SERVICE_TURN_OFF
        try:
            # What came of a call that takes longer shows in the state, as of any other.
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._hass.services.async_call(
                        SWITCH, service, {ATTR_ENTITY_ID: self._entity_id}, blocking=True
                    )
        except HomeAssistantError as err:
            raise Refused("charger_switch", "mains_unknown") from err
