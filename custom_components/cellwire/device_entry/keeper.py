"""Whoever looks after the entries that are a device."""

from collections.abc import Callable, Iterable
from typing import Any, override

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState, OptionsFlow
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..const import CONF_FAMILY, CONF_SERIALS
from ..devices.control import Control
from ..devices.model import Reading, Unit
from ..exchange import exchange_of
from ..keeper import AnyEntry, Keeper
from ..memory import Memory
from .control_entity import add_controls, keep_controls
from .coordinator import CellwireConfigEntry, CellwireCoordinator
from .diagnostics import tell_all
from .entity import add_as_they_appear
from .link_sensor import link_sensors
from .options_flow import CellwireOptionsFlow
from .repair_flows import make_flow


class DeviceKeeper(Keeper):
    """Has a coordinator for each entry."""

    platforms = (
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.EVENT,
        Platform.NUMBER,
        Platform.SELECT,
        Platform.SENSOR,
        Platform.SWITCH,
    )
    moves = True

    @override
    async def set_up(self, hass: HomeAssistant, entry: CellwireConfigEntry) -> None:
        """Open the device of an entry and read it once."""
        coordinator = CellwireCoordinator(hass, entry)

        async def stop(_event: Event) -> None:
            """Close the link when Home Assistant stops; entries are not unloaded then."""
            await coordinator.async_shutdown()

        entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
        await coordinator.async_config_entry_first_refresh()
        entry.runtime_data = coordinator
        keep_controls(hass, entry, allowed=coordinator.device.settings.allow_control)
        entry.async_on_unload(exchange_of(hass).join(coordinator))

    @override
    def started(self, entry: CellwireConfigEntry) -> None:
        entry.runtime_data.device.resume()

    @override
    async def removed(self, hass: HomeAssistant, entry: CellwireConfigEntry) -> None:
        await Memory(hass, entry.entry_id, {}).async_remove()

    @override
    async def lets_go(self, entry: CellwireConfigEntry, device: AnyDeviceEntry) -> bool:
        """Let a unit go that is gone; one that answers, or may do so, stays."""
        if entry.state is not ConfigEntryState.LOADED:
            return False
        coordinator = entry.runtime_data
        return all([await coordinator.forget(identity) for _, identity in device.identifiers])

    @override
    def diagnostics(self, entry: CellwireConfigEntry) -> dict[str, Any]:
        return tell_all(entry)

    @override
    def claims(self, entry: AnyEntry) -> frozenset[str]:
        family = entry.data[CONF_FAMILY]
        return frozenset(
            f"{family}_{serial}" for serial in entry.data[CONF_SERIALS].values() if serial
        )

    @override
    def options_flow(self) -> OptionsFlow:
        return CellwireOptionsFlow()

    @override
    def fix_flow(self, entry: AnyEntry, problem: str) -> RepairsFlow:
        return make_flow(entry, problem)

    @override
    def add_values(
        self,
        entry: CellwireConfigEntry,
        async_add_entities: AddConfigEntryEntitiesCallback,
        offered: Callable[[Unit, Reading], Iterable[Any]],
        make: Callable[[CellwireCoordinator, Unit, Any], Entity],
    ) -> None:
        add_as_they_appear(entry.runtime_data, async_add_entities, offered, make)

    @override
    def add_controls[ControlT: Control](
        self,
        entry: CellwireConfigEntry,
        async_add_entities: AddConfigEntryEntitiesCallback,
        sort: type[ControlT],
        make: Callable[[CellwireCoordinator, Unit, ControlT], Entity],
    ) -> None:
        add_controls(entry.runtime_data, async_add_entities, sort, make)

    @override
    def add_sensors_of_its_own(
        self, entry: CellwireConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
    ) -> None:
        async_add_entities(link_sensors(entry.runtime_data))
