"""Numbers: what can be set to a value, within the limits of the device."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import (
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .device_entry.control_entity import CellwireControl
from .device_entry.coordinator import CellwireCoordinator
from .device_entry.entity import CellwireDescription
from .devices.control import NumberControl
from .devices.model import Kind, Unit
from .keeper import AnyEntry
from .kinds import keeper_of

# The device takes one wish at a time by itself.
PARALLEL_UPDATES = 0

type _Looks = tuple[NumberDeviceClass | None, str | None]

KINDS: dict[Kind, _Looks] = {
    Kind.VOLTAGE: (NumberDeviceClass.VOLTAGE, UnitOfElectricPotential.VOLT),
    Kind.CURRENT: (NumberDeviceClass.CURRENT, UnitOfElectricCurrent.AMPERE),
    Kind.POWER: (NumberDeviceClass.POWER, UnitOfPower.WATT),
    Kind.TEMPERATURE: (NumberDeviceClass.TEMPERATURE, UnitOfTemperature.CELSIUS),
    Kind.COUNT: (None, None),
}


@dataclass(frozen=True, kw_only=True)
class CellwireNumberDescription(CellwireDescription, NumberEntityDescription):
    """A number."""


class CellwireNumber(CellwireControl[NumberControl], NumberEntity):
    """A number that can be set."""

    entity_description: CellwireNumberDescription
    description = CellwireNumberDescription

    _attr_mode = NumberMode.BOX

    def __init__(
        self, coordinator: CellwireCoordinator, unit: Unit, control: NumberControl
    ) -> None:
        """Take the looks from the kind of the number."""
        super().__init__(coordinator, unit, control)
        self._attr_device_class, self._attr_native_unit_of_measurement = KINDS[control.kind]
        self._control = control

    @property
    @override
    def native_value(self) -> float | None:
        value: float | None = self.shown_value
        return value

    @property
    @override
    def native_min_value(self) -> float:
        return self._offered.minimum

    @property
    @override
    def native_max_value(self) -> float:
        return self._offered.maximum

    @property
    @override
    def native_step(self) -> float:
        return self._offered.step

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self._ask(value)

    @property
    def _offered(self) -> NumberControl:
        """The control, or the last that was offered."""
        self._control = self.control or self._control
        return self._control


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: AnyEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of all units."""
    keeper_of(entry).add_controls(entry, async_add_entities, NumberControl, CellwireNumber)
