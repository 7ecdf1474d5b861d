"""What the entities have in common by which something is set or started."""

from collections.abc import Callable
from typing import Any, override

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..devices.control import Control
from ..devices.errors import Refused
from ..devices.model import Reading, Unit, Value
from ..exchange import NoSuchUnit, exchange_of
from ..links.errors import CellwireError
from .coordinator import CellwireConfigEntry, CellwireCoordinator
from .entity import CellwireDescription, CellwireEntity
from .entry_data import translated

CONTROLLING = ("button", "number", "select", "switch")


class CellwireControl[ControlT: Control](CellwireEntity):
    """Shows what a control is set to, as it was read back, and hands wishes on."""

    # Describes an entity of the platform.
    description: type[CellwireDescription]

    def __init__(self, coordinator: CellwireCoordinator, unit: Unit, control: ControlT) -> None:
        """Belong to a unit."""
        self._key = control.id
        self._kind = type(control)
        super().__init__(
            coordinator,
            unit,
            self.description(
                key=control.id,
                translation_key=control.key,
                number=control.number,
                entity_category=EntityCategory.CONFIG if control.setting else None,
                entity_registry_enabled_default=not control.risky,
                value=self._value,
            ),
        )

    @property
    def control(self) -> ControlT | None:
        """The control as the device offers it now: limits and choices may change."""
        offered = self.coordinator.device.controls.get(self._unit, ())
        return next(
            (each for each in offered if each.id == self._key and isinstance(each, self._kind)),
            None,
        )

    @property
    @override
    def available(self) -> bool:
        """What is not offered now can't be asked for."""
        return super().available and self.control is not None

    @override
    def _look(self) -> tuple[bool, Any]:
        # A state is also written when limits or choices change.
        answers, value = super()._look()
        control = self.control
        return answers and control is not None, (value, control and control.extent)

    @property
    @override
    def shown_value(self) -> Any:
        return None if self._shown[1] is None else self._shown[1][0]

    def _value(self, _unit: Unit, reading: Reading) -> Value:
        return self.control.value(reading) if self.control else None

    async def _ask(self, wish: Value) -> None:
        """Have a wish carried out, and show what came of it.

        Raises ServiceValidationError for what can't be wished for, else HomeAssistantError.
        """
        try:
            await self._wish(wish)
        except CellwireError as err:
            words = translated(err)
            words["translation_placeholders"] |= {"control": str(self.name)}
            kind = ServiceValidationError if isinstance(err, Refused) else HomeAssistantError
            raise kind(**words) from err

    async def _wish(self, wish: Value) -> None:
        """Have a wish carried out. Raises LinkError or DeviceError."""
        identity = self.coordinator.unit_identity(self._unit)
        try:
            await exchange_of(self.hass).wish(identity, self._key, wish)
        except NoSuchUnit as err:
            # It was deleted, or its entry unloaded, a moment ago.
            raise Refused(self._key, "not_offered") from err


@callback
def add_controls[ControlT: Control](
    coordinator: CellwireCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    kind: type[ControlT],
    entity: Callable[[CellwireCoordinator, Unit, ControlT], Entity],
) -> None:
    """Add an entity for each control of a kind once a device offers it, if it is allowed to."""
    if not coordinator.device.settings.allow_control:
        return
    known: set[tuple[str, str]] = set()

    @callback
    def add_new() -> None:
        known.intersection_update({each for each in known if each[0] in coordinator.device.units})
        entities = []
        for key, controls in coordinator.device.controls.items():
            for control in controls:
                if isinstance(control, kind) and (key, control.id) not in known:
                    known.add((key, control.id))
                    entities.append(entity(coordinator, coordinator.device.units[key], control))
        if entities:
            async_add_entities(entities)

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_new))


@callback
def keep_controls(hass: HomeAssistant, entry: CellwireConfigEntry, *, allowed: bool) -> None:
    """Take the entities of controls away while control is not allowed; their ids are kept."""
    registry = er.async_get(hass)
    ours = er.RegistryEntryDisabler.CONFIG_ENTRY
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.domain not in CONTROLLING:
            continue
        if allowed and each.disabled_by is ours:
            registry.async_update_entity(each.entity_id, disabled_by=None)
        elif not allowed and each.disabled_by is None:
            registry.async_update_entity(each.entity_id, disabled_by=ours)
            # What is left of it from before the entry was loaded anew.
            hass.states.async_remove(each.entity_id)
