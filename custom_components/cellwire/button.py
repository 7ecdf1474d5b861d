"""Buttons: what can be started, and what has no state of its own."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .device_entry.control_entity import CellwireControl
from .device_entry.entity import CellwireDescription
from .devices.control import CommandControl
from .keeper import AnyEntry
from .kinds import keeper_of

# The device takes one wish at a time by itself.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CellwireButtonDescription(CellwireDescription, ButtonEntityDescription):
    """A button."""


class CellwireButton(CellwireControl[CommandControl], ButtonEntity):
    """Something that can be started."""

    entity_description: CellwireButtonDescription
    description = CellwireButtonDescription

    @override
    async def async_press(self) -> None:
        await self._ask(None)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: AnyEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of all units."""
    keeper_of(entry).add_controls(entry, async_add_entities, CommandControl, CellwireButton)
