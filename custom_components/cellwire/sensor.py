"""Sensors: one table of what readings have, and one of how declared quantities look."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .device_entry.coordinator import CellwireCoordinator
from .device_entry.counting import SCALES
from .device_entry.entity import CellwireDescription, CellwireEntity
from .devices.model import (
    NO_ALARM,
    Kind,
    Quantity,
    Reading,
    Role,
    Unit,
    worst_alarm,
)
from .keeper import AnyEntry
from .kinds import keeper_of

PARALLEL_UPDATES = 0

AMPERE_HOURS = "Ah"
MILLIOHMS = "mΩ"
MILLIVOLTS_PER_KELVIN = "mV/K"

# Arguments of a description: how a quantity is shown.
type _Looks = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CellwireSensorDescription(CellwireDescription, SensorEntityDescription):
    """A sensor; `words` lists what a sensor of words can say on a unit."""

    words: Callable[[Unit], list[str]] | None = None


def _field(name: str) -> Callable[[Unit, Reading], Any]:
    return lambda _unit, reading: getattr(reading, name)


def _measured(key: str, **how: Any) -> CellwireSensorDescription:
    """Describe a field of the reading under its own name, for graphs."""
    return CellwireSensorDescription(
        key=key,
        translation_key=key,
        value=_field(key),
        **{"state_class": SensorStateClass.MEASUREMENT} | how,
    )


def _counted(key: str, **how: Any) -> CellwireSensorDescription:
    """Describe a counter, in the unit that people know it by."""

    def value(_unit: Unit, reading: Reading) -> float | None:
        counted: float | None = getattr(reading, key)
        # Nothing that was counted may get lost by the division.
        return None if counted is None else round(counted / SCALES[key], 4)

    return CellwireSensorDescription(key=key, translation_key=key, value=value, **{**how, **_TOTAL})


_VOLTS: _Looks = {
    "device_class": SensorDeviceClass.VOLTAGE,
    "native_unit_of_measurement": UnitOfElectricPotential.VOLT,
}
_PACK_VOLTS: _Looks = _VOLTS | {"suggested_display_precision": 2}
_CELL_VOLTS: _Looks = _VOLTS | {"suggested_display_precision": 3}
_AMPERES: _Looks = {
    "device_class": SensorDeviceClass.CURRENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    "suggested_display_precision": 2,
}
_WATTS: _Looks = {
    "device_class": SensorDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
_CELSIUS: _Looks = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
_SECONDS: _Looks = {
    "device_class": SensorDeviceClass.DURATION,
    "native_unit_of_measurement": UnitOfTime.SECONDS,
    "suggested_display_precision": 0,
}
# There is no device class for charge, nor for resistance.
_CHARGE: _Looks = {"native_unit_of_measurement": AMPERE_HOURS, "suggested_display_precision": 1}
_RESISTANCE: _Looks = {"native_unit_of_measurement": MILLIOHMS, "suggested_display_precision": 1}
_ENERGY: _Looks = {
    "device_class": SensorDeviceClass.ENERGY,
    "native_unit_of_measurement": UnitOfEnergy.WATT_HOUR,
    "suggested_display_precision": 0,
}
_STORED_ENERGY: _Looks = _ENERGY | {"device_class": SensorDeviceClass.ENERGY_STORAGE}
_KILOWATT_HOURS: _Looks = {
    "device_class": SensorDeviceClass.ENERGY,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 2,
}
_PERCENT: _Looks = {"native_unit_of_measurement": PERCENTAGE, "suggested_display_precision": 0}
_TOTAL: _Looks = {"state_class": SensorStateClass.TOTAL_INCREASING}
_DIAGNOSTIC: _Looks = {"entity_category": EntityCategory.DIAGNOSTIC}
_HIDDEN: _Looks = _DIAGNOSTIC | {"entity_registry_enabled_default": False}
_OFF: _Looks = {"entity_registry_enabled_default": False}
_COUNTED_CHARGE: _Looks = _CHARGE | _OFF
_TIME_LEFT: _Looks = _SECONDS | {"suggested_unit_of_measurement": UnitOfTime.MINUTES}
_WORDS: _Looks = {"device_class": SensorDeviceClass.ENUM, "state_class": None}

SENSORS: tuple[CellwireSensorDescription, ...] = (
    _measured("status", words=lambda unit: list(unit.statuses), **_WORDS),
    _measured("voltage", **_PACK_VOLTS),
    _measured("current", **_AMPERES),
    _measured("power", **_WATTS),
    _measured("input_voltage", **_PACK_VOLTS),
    _measured("soc", device_class=SensorDeviceClass.BATTERY, **_PERCENT),
    _measured("soh", **_PERCENT, **_DIAGNOSTIC),
    _measured("remaining_capacity", **_CHARGE),
    _measured("full_capacity", **_CHARGE, **_DIAGNOSTIC),
    _measured("design_capacity", **_CHARGE, **_HIDDEN),
    _measured("cycles", **_TOTAL, **_DIAGNOSTIC),
    _measured("cell_voltage_min", **_CELL_VOLTS),
    _measured("cell_voltage_max", **_CELL_VOLTS),
    _measured("cell_voltage_average", **_CELL_VOLTS),
    _measured("cell_voltage_delta", **_CELL_VOLTS),
    _measured("cell_min_number", state_class=None),
    _measured("cell_max_number", state_class=None),
    _measured("cell_min_pack", state_class=None),
    _measured("cell_max_pack", state_class=None),
    _measured("balance_current", **_AMPERES),
    _measured("charged", **_CHARGE | _TOTAL),
    _measured("discharged", **_CHARGE | _TOTAL),
    _measured("energy_charged", **_ENERGY | _TOTAL),
    _measured("energy_discharged", **_ENERGY | _TOTAL),
    _measured("program_time", **_SECONDS),
    _counted("energy_in", **_KILOWATT_HOURS),
    _counted("energy_out", **_KILOWATT_HOURS),
    _counted("charge_in", **_COUNTED_CHARGE),
    _counted("charge_out", **_COUNTED_CHARGE),
    _measured("time_to_full", **_TIME_LEFT),
    _measured("time_to_empty", **_TIME_LEFT),
    CellwireSensorDescription(
        key="error",
        translation_key="error",
        value=_field("error"),
        words=lambda unit: list(unit.errors),
        device_class=SensorDeviceClass.ENUM,
    ),
    CellwireSensorDescription(
        key="alarm",
        translation_key="alarm",
        value=lambda unit, reading: worst_alarm(unit, reading.alarms),
        words=lambda unit: [NO_ALARM, *(alarm.key for alarm in unit.alarms)],
        device_class=SensorDeviceClass.ENUM,
    ),
)

# Tuples with a value for each cell, by the name of the field: translation key and looks.
PER_CELL: dict[str, tuple[str, _Looks]] = {
    "cell_voltages": ("cell_voltage", _CELL_VOLTS),
    "cell_resistances": ("cell_resistance", _RESISTANCE),
    "wire_resistances": ("wire_resistance", _RESISTANCE | _HIDDEN),
}

# Where probes sit on the board itself rather than on the battery.
BOARD_PROBES = frozenset(("mosfet", "internal"))

KINDS: dict[Kind, _Looks] = {
    Kind.VOLTAGE: _CELL_VOLTS,
    Kind.CURRENT: _AMPERES,
    Kind.POWER: _WATTS,
    Kind.TEMPERATURE: _CELSIUS,
    Kind.TEMPERATURE_DIFFERENCE: {
        "device_class": SensorDeviceClass.TEMPERATURE_DELTA,
        "native_unit_of_measurement": UnitOfTemperature.KELVIN,
    },
    Kind.DURATION: _SECONDS,
    Kind.CHARGE: _CHARGE,
    Kind.STORED_ENERGY: _STORED_ENERGY,
    Kind.RESISTANCE: _RESISTANCE,
    Kind.COMPENSATION: {"native_unit_of_measurement": MILLIVOLTS_PER_KELVIN},
    Kind.PERCENTAGE: _PERCENT,
    Kind.COUNT: {},
    Kind.CHOICE: {"device_class": SensorDeviceClass.ENUM},
    Kind.TEXT: {},
}
ROLES: dict[Role, _Looks] = {
    Role.MEASUREMENT: {"state_class": SensorStateClass.MEASUREMENT},
    Role.COUNTER: _TOTAL,
    Role.SETTING: {},
}


@cache
def _per_cell(field: str, number: int) -> CellwireSensorDescription:
    key, looks = PER_CELL[field]

    def value(_unit: Unit, reading: Reading) -> float | None:
        # A board may report fewer cells than it did.
        cells: tuple[float | None, ...] = getattr(reading, field)
        return cells[number - 1] if number <= len(cells) else None

    return CellwireSensorDescription(
        key=f"{key}_{number}",
        translation_key=key,
        number=number,
        value=value,
        state_class=SensorStateClass.MEASUREMENT,
        **looks,
    )


@cache
def _temperature(place: str) -> CellwireSensorDescription:
    numbered = place.isdecimal()
    return CellwireSensorDescription(
        key=f"temperature_{place}",
        translation_key="temperature_number" if numbered else f"temperature_{place}",
        number=int(place) if numbered else None,
        value=lambda _unit, reading: reading.temperatures.get(place),
        state_class=SensorStateClass.MEASUREMENT,
        **(_CELSIUS | _DIAGNOSTIC if place in BOARD_PROBES else _CELSIUS),
    )


@cache
def _quantity(quantity: Quantity) -> CellwireSensorDescription:
    looks: _Looks = KINDS[quantity.kind] | ROLES[quantity.role]
    if quantity.kind is Kind.DURATION and quantity.role is Role.COUNTER:
        looks |= {"suggested_unit_of_measurement": UnitOfTime.HOURS}
    if quantity.kind in (Kind.CHOICE, Kind.TEXT):
        looks |= {"state_class": None}
    if not quantity.common:
        looks |= _HIDDEN
    elif quantity.role is not Role.MEASUREMENT:
        looks |= _DIAGNOSTIC
    return CellwireSensorDescription(
        key=quantity.id,
        translation_key=quantity.key,
        number=quantity.number,
        value=lambda _unit, reading: reading.values.get(quantity.id),
        words=(lambda _unit: list(quantity.choices)) if quantity.choices else None,
        **looks,
    )


def offered(unit: Unit, reading: Reading) -> Iterator[CellwireSensorDescription]:
    """List the sensors that a unit with such a reading may have."""
    yield from SENSORS
    for field in PER_CELL:
        for number in range(1, len(getattr(reading, field)) + 1):
            yield _per_cell(field, number)
    for place in reading.temperatures:
        yield _temperature(place)
    for quantity in unit.quantities:
        if quantity.kind is not Kind.FLAG:
            yield _quantity(quantity)


class CellwireSensor(CellwireEntity, SensorEntity):
    """A number or a word."""

    entity_description: CellwireSensorDescription

    def __init__(
        self,
        coordinator: CellwireCoordinator,
        unit: Unit,
        description: CellwireSensorDescription,
    ) -> None:
        """Take the words from the unit, if it is a sensor of words."""
        super().__init__(coordinator, unit, description)
        if description.words:
            self._attr_options = description.words(unit)

    @property
    @override
    def native_value(self) -> StateType:
        value: StateType = self.shown_value
        return value


class CellwireCounter(CellwireSensor, RestoreSensor):
    """A counter. Its state is kept for the day on which the memory of the entry is lost."""


def _make(
    coordinator: CellwireCoordinator, unit: Unit, description: CellwireSensorDescription
) -> CellwireSensor:
    kind = CellwireCounter if description.key in SCALES else CellwireSensor
    return kind(coordinator, unit, description)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: AnyEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of all units, and those of the link."""
    keeper_of(entry).add_values(entry, async_add_entities, offered, _make)
    keeper_of(entry).add_sensors_of_its_own(entry, async_add_entities)
