"""Switches: what can be turned on and off."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .device_entry.control_entity import CellwireControl
from .device_entry.entity import CellwireDescription
from .devices.control import ToggleControl
from .keeper import AnyEntry
from .kinds import keeper_of

# The device takes one wish at a time by itself.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CellwireSwitchDescription(CellwireDescription, SwitchEntityDescription):
    """A switch."""


class CellwireSwitch(CellwireControl[ToggleControl], SwitchEntity):
    """Something that can be turned on and off; on and off are what was read back."""

    entity_description: CellwireSwitchDescription
    description = CellwireSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        value: bool | None = self.shown_value
        return value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._ask(wish=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._ask(wish=False)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: AnyEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of all units."""
    keeper_of(entry).add_controls(entry, async_add_entities, ToggleControl, CellwireSwitch)
