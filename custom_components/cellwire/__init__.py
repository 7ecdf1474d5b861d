"""Cellwire: battery chargers and BMSes on a wire."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from .actions import async_register_actions
from .const import DOMAIN
from .device_entry.problems import async_follow_entries
from .keeper import AnyEntry
from .kinds import keeper_of

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions, which are there for all entries."""
    async_register_actions(hass)
    async_follow_entries(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AnyEntry) -> bool:
    """Begin with an entry, and show what it has."""
    keeper = keeper_of(entry)
    await keeper.set_up(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, keeper.platforms)
    keeper.started(entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: AnyEntry) -> bool:
    """Take the entities away; what else is to end was registered with the entry."""
    return await hass.config_entries.async_unload_platforms(entry, keeper_of(entry).platforms)


async def async_remove_entry(hass: HomeAssistant, entry: AnyEntry) -> None:
    """Leave nothing behind of an entry that is removed."""
    await keeper_of(entry).removed(hass, entry)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: AnyEntry, device: AnyDeviceEntry
) -> bool:
    """Let a user delete a device that is gone."""
    return await keeper_of(entry).lets_go(entry, device)
