"""Events: what just happened to a unit, for automations."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .device_entry.coordinator import CellwireCoordinator
from .device_entry.entity import CellwireDescription, CellwireEntity
from .devices.device import Event
from .devices.model import Unit
from .keeper import AnyEntry
from .kinds import keeper_of

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CellwireEventDescription(CellwireDescription, EventEntityDescription):
    """The events of a unit."""


PROGRAM = CellwireEventDescription(
    key="program", translation_key="program", value=lambda unit, _reading: unit.events or None
)


class CellwireEvent(CellwireEntity, EventEntity):
    """What happens to the program of a unit."""

    entity_description: CellwireEventDescription

    def __init__(
        self, coordinator: CellwireCoordinator, unit: Unit, description: CellwireDescription
    ) -> None:
        """Take the kinds of events from the unit."""
        super().__init__(coordinator, unit, description)
        self._attr_event_types = list(unit.events)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.device.on_event(self._happened))

    @callback
    def _happened(self, event: Event) -> None:
        if event.unit == self._unit:
            self._trigger_event(event.kind, dict(event.data))
            self.async_write_ha_state()


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: AnyEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an event entity for each unit to which something may happen."""
    keeper_of(entry).add_values(
        entry, async_add_entities, lambda _unit, _reading: (PROGRAM,), CellwireEvent
    )
