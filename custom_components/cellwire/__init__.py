"""Cellwire: battery chargers and BMSes on a wire."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from .actions import async_register_actions
from .const import DOMAIN
from .device_entry.control_entity import keep_controls
from .device_entry.coordinator import CellwireConfigEntry, CellwireCoordinator
from .device_entry.problems import async_follow_entries
from .memory import Memory

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions, which are there for all entries."""
    async_register_actions(hass)
    async_follow_entries(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CellwireConfigEntry) -> bool:
    """Open the device of an entry and show what it says."""
    coordinator = CellwireCoordinator(hass, entry)

    async def stop(_event: Event) -> None:
        """Close the link when Home Assistant stops; entries are not unloaded then."""
        await coordinator.async_shutdown()

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    keep_controls(hass, entry, allowed=coordinator.device.settings.allow_control)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    coordinator.device.resume()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CellwireConfigEntry) -> bool:
    """Take the entities away; the coordinator closes the device."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: CellwireConfigEntry) -> None:
    """Leave nothing behind of an entry that is removed."""
    await Memory(hass, entry.entry_id, {}).async_remove()


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: CellwireConfigEntry, device: AnyDeviceEntry
) -> bool:
    """Let a user delete a unit that is gone; one that answers, or may do so, stays."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    coordinator = entry.runtime_data
    return all([await coordinator.forget(identity) for _, identity in device.identifiers])
