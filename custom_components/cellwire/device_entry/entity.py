"""What all entities have in common: they show one value of one unit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from ..devices.model import Reading, Unit
from .coordinator import CellwireCoordinator


@dataclass(frozen=True, kw_only=True)
class CellwireDescription(EntityDescription):
    """Where an entity finds its value, and what tells it from others of the same name."""

    value: Callable[[Unit, Reading], Any]
    number: int | None = None


class CellwireEntity(CoordinatorEntity[CellwireCoordinator]):
    """Shows one value. Writes a state only when the value or its availability changed."""

    _attr_has_entity_name = True
    entity_description: CellwireDescription

    def __init__(
        self, coordinator: CellwireCoordinator, unit: Unit, description: CellwireDescription
    ) -> None:
        """Belong to a unit of the device."""
        super().__init__(coordinator)
        self.entity_description = description
        self._unit = unit.key
        self._attr_unique_id = f"{coordinator.unit_identity(unit.key)}_{description.key}"
        self._attr_device_info = coordinator.device_info(unit)
        if description.number is not None:
            self._attr_translation_placeholders = {"number": str(description.number)}
        self._shown = self._look()

    @property
    def shown_value(self) -> Any:
        """The value of the last reading; None if it has none."""
        return self._shown[1]

    @property
    @override
    def available(self) -> bool:
        """A unit that does not answer is unavailable, whatever its siblings do."""
        return super().available and self._unit in self.coordinator.data

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        shown = self._look()
        if shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()

    def _look(self) -> tuple[bool, Any]:
        # The way of every value of every reading: it is short.
        coordinator, unit = self.coordinator, self._unit
        reading = coordinator.data.get(unit) if coordinator.last_update_success else None
        if reading is None:
            return False, None
        return True, self.entity_description.value(coordinator.device.units[unit], reading)


@callback
def add_as_they_appear[DescriptionT: CellwireDescription](
    coordinator: CellwireCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    offered: Callable[[Unit, Reading], Iterable[DescriptionT]],
    entity: Callable[[CellwireCoordinator, Unit, DescriptionT], Entity],
) -> None:
    """Add an entity for each value once a unit has it, now and whenever a new one appears.

    `offered` lists what a unit with such a reading may have. What never had a value gets no
    entity: a probe that is not fitted, a register that this model does not know.
    """
    known: dict[str, set[str]] = {}
    # What a unit may have but never had, and for what that list was made: it is long.
    waiting: dict[str, list[DescriptionT]] = {}
    made_for: dict[str, tuple[Unit, object]] = {}

    @callback
    def add_new() -> None:
        if not coordinator.last_update_success:
            return
        # A unit that was deleted may come back.
        for gone in known.keys() - coordinator.device.units.keys():
            del known[gone], waiting[gone], made_for[gone]
        entities: list[Entity] = []
        for key, reading in coordinator.data.items():
            unit = coordinator.device.units[key]
            extent = _extent(reading)
            ours = known.setdefault(key, set())
            if key not in made_for or made_for[key][0] is not unit or made_for[key][1] != extent:
                made_for[key] = (unit, extent)
                waiting[key] = [d for d in offered(unit, reading) if d.key not in ours]
            new = [d for d in waiting[key] if d.value(unit, reading) is not None]
            if new:
                ours.update(description.key for description in new)
                waiting[key] = [d for d in waiting[key] if d.key not in ours]
                entities.extend(entity(coordinator, unit, description) for description in new)
        if entities:
            async_add_entities(entities)

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_new))


def _extent(reading: Reading) -> tuple[object, ...]:
    """Return on what of a reading it depends which values there may be."""
    cells = (reading.cell_voltages, reading.cell_resistances, reading.wire_resistances)
    return (*map(len, cells), len(reading.cells_balancing), *reading.temperatures)
