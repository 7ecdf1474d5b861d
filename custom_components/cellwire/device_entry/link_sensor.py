"""Sensors of how well the link of an entry does, for whoever looks for a fault: off by default."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
import time
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import callback

from ..devices.model import Unit
from ..devices.watching.calm import Calm, Noise, weight_after
from ..links.health import Success
from .coordinator import CellwireCoordinator

type _Value = float | datetime | None
# Tells a value; called after each reading.
type _Gauge = Callable[[], _Value]

# An answer takes longer now and then because this computer does something else, in ms.
ANSWER_NOISE = Noise(jump=20.0, drift=5.0, share=0.2)
# A good frame comes with each reading, but the database need not have a row for each.
LAST_GOOD_STEP = 60


@dataclass(frozen=True, kw_only=True)
class LinkSensorDescription(SensorEntityDescription):
    """How a sensor makes what tells its value. `answers` are for devices that are asked."""

    gauge: Callable[[CellwireCoordinator], _Gauge]
    answers: bool = False
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    entity_registry_enabled_default: bool = False


def _counted(name: str) -> LinkSensorDescription:
    """Describe a counter of the link under its own name."""
    return LinkSensorDescription(
        key=name,
        translation_key=name,
        gauge=lambda coordinator: lambda: getattr(coordinator.device.wires.health, name),
        state_class=SensorStateClass.TOTAL_INCREASING,
    )


def _success(coordinator: CellwireCoordinator) -> _Gauge:
    success = Success(coordinator.device.wires.health)
    return lambda: success.look(time.monotonic(), failed=not coordinator.last_update_success)


def _answer_time(coordinator: CellwireCoordinator) -> _Gauge:
    calm, looked_at = Calm(ANSWER_NOISE), time.monotonic()

    def value() -> _Value:
        nonlocal looked_at
        seconds = coordinator.device.wires.health.answer_time
        now = time.monotonic()
        counts, looked_at = weight_after(now - looked_at), now
        return calm.take(None if seconds is None else round(1000 * seconds), counts)

    return value


def _last_good(coordinator: CellwireCoordinator) -> _Gauge:
    def value() -> _Value:
        seconds = coordinator.device.wires.health.last_good
        if seconds is None:
            return None
        return datetime.fromtimestamp(seconds // LAST_GOOD_STEP * LAST_GOOD_STEP, UTC)

    return value


LINK_SENSORS: tuple[LinkSensorDescription, ...] = (
    LinkSensorDescription(
        key="success",
        translation_key="success",
        gauge=_success,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
    ),
    LinkSensorDescription(
        key="answer_time",
        translation_key="answer_time",
        gauge=_answer_time,
        answers=True,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
    ),
    _counted("checksum_errors"),
    _counted("timeouts"),
    LinkSensorDescription(
        key="last_good",
        translation_key="last_good",
        gauge=_last_good,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
)


class LinkSensor(SensorEntity):
    """Shows how the link does. It is available also while the device does not answer."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: LinkSensorDescription

    def __init__(
        self, coordinator: CellwireCoordinator, unit: Unit, description: LinkSensorDescription
    ) -> None:
        """Stand with a unit of the device, but belong to the entry."""
        self.entity_description = description
        self._coordinator = coordinator
        self._gauge = description.gauge(coordinator)
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}_link_{description.key}"
        self._attr_device_info = coordinator.device_info(unit)

    @override
    async def async_added_to_hass(self) -> None:
        self._look()
        self.async_on_remove(self._coordinator.after_each_cycle(self._update))

    @callback
    def _update(self) -> None:
        """Show a value that is new."""
        if self._look():
            self.async_write_ha_state()

    def _look(self) -> bool:
        """Take the value of now, and tell whether it must be shown."""
        value = self._gauge()
        if value == self._attr_native_value:
            return False
        self._attr_native_value = value
        return True


def link_sensors(coordinator: CellwireCoordinator) -> list[LinkSensor]:
    """Make the sensors of the link.

    They stand with the unit that all others are a part of, else with the first one of the line.
    """
    device = coordinator.device
    main = next(unit for unit in device.units.values() if unit.via is None)
    return [
        LinkSensor(coordinator, main, description)
        for description in LINK_SENSORS
        if device.asks or not description.answers
    ]
