"""Binary sensors: what is on or off, and the alarms by their names."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .device_entry.entity import CellwireDescription, CellwireEntity
from .devices.model import Alarm, Kind, Quantity, Reading, Severity, Unit, has_problem
from .keeper import AnyEntry
from .kinds import keeper_of

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CellwireBinarySensorDescription(CellwireDescription, BinarySensorEntityDescription):
    """A binary sensor."""


BINARY_SENSORS: tuple[CellwireBinarySensorDescription, ...] = (
    CellwireBinarySensorDescription(
        key="problem",
        translation_key="problem",
        value=has_problem,
        device_class=BinarySensorDeviceClass.PROBLEM,
    ),
    CellwireBinarySensorDescription(
        key="charging",
        translation_key="charging",
        value=lambda _unit, reading: reading.charging,
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
    ),
    CellwireBinarySensorDescription(
        key="charge_mosfet",
        translation_key="charge_mosfet",
        value=lambda _unit, reading: reading.charge_mosfet,
    ),
    CellwireBinarySensorDescription(
        key="discharge_mosfet",
        translation_key="discharge_mosfet",
        value=lambda _unit, reading: reading.discharge_mosfet,
    ),
    CellwireBinarySensorDescription(
        key="balancing",
        translation_key="balancing",
        value=lambda _unit, reading: reading.balancing,
    ),
)


@cache
def _alarm(alarm: Alarm) -> CellwireBinarySensorDescription:
    def value(_unit: Unit, reading: Reading) -> bool | None:
        return None if reading.alarms is None else alarm.key in reading.alarms

    # The sensor "alarm" names what is active; these are for automations that need just one.
    return CellwireBinarySensorDescription(
        key=f"alarm_{alarm.key}",
        translation_key=f"alarm_{alarm.key}",
        value=value,
        device_class=None if alarm.severity is Severity.INFO else BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )


@cache
def _cell_balancing(number: int) -> CellwireBinarySensorDescription:
    def value(_unit: Unit, reading: Reading) -> bool | None:
        cells = reading.cells_balancing
        return cells[number - 1] if number <= len(cells) else None

    return CellwireBinarySensorDescription(
        key=f"cell_balancing_{number}",
        translation_key="cell_balancing",
        number=number,
        value=value,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )


@cache
def _flag(quantity: Quantity) -> CellwireBinarySensorDescription:
    return CellwireBinarySensorDescription(
        key=quantity.id,
        translation_key=quantity.key,
        number=quantity.number,
        value=lambda _unit, reading: reading.values.get(quantity.id),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=quantity.common,
    )


def offered(unit: Unit, reading: Reading) -> Iterator[CellwireBinarySensorDescription]:
    """List the binary sensors that a unit with such a reading may have."""
    yield from BINARY_SENSORS
    for alarm in unit.alarms:
        yield _alarm(alarm)
    for number in range(1, len(reading.cells_balancing) + 1):
        yield _cell_balancing(number)
    for quantity in unit.quantities:
        if quantity.kind is Kind.FLAG:
            yield _flag(quantity)


class CellwireBinarySensor(CellwireEntity, BinarySensorEntity):
    """Something that is on or off."""

    entity_description: CellwireBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        value: bool | None = self.shown_value
        return value


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: AnyEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of all units."""
    keeper_of(entry).add_values(entry, async_add_entities, offered, CellwireBinarySensor)
