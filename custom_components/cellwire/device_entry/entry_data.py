"""What an entry keeps of its device, and what its owner decided about it."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import (
    CONF_BAUDRATE,
    CONF_FAMILY,
    CONF_INTERVAL,
    CONF_PARITY,
    CONF_SERIALS,
    CONF_VARIANT,
    DOMAIN,
)
from ..devices.device import AnyFamily, Identity, Line, Option, Settings
from ..devices.registry import FAMILIES
from ..links.errors import CellwireError
from .mains import MainsSwitch


def entry_family(entry: ConfigEntry[Any]) -> AnyFamily:
    """Return the family of an entry."""
    return FAMILIES[entry.data[CONF_FAMILY]]


def entry_identity(entry: ConfigEntry[Any]) -> Identity:
    """Return what an entry remembers of its device."""
    return Identity(variant=entry.data[CONF_VARIANT], serials=entry.data[CONF_SERIALS])


def entry_line(entry: ConfigEntry[Any]) -> Line:
    """Return how the line of an entry is set."""
    baudrate = entry.data.get(CONF_BAUDRATE, entry_family(entry).baudrate)
    return Line(baudrate, entry.data.get(CONF_PARITY, "N"))


def entry_settings(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Settings:
    """Return what the owner of an entry decided about its device."""
    options, at_first = entry.options, Settings()
    mains = options.get(Option.MAINS_SWITCH)
    return Settings(
        allow_control=options.get(Option.ALLOW_CONTROL, entry_family(entry).allows_control),
        password=options.get(Option.PASSWORD),
        daily_writes=int(options.get(Option.DAILY_WRITES, at_first.daily_writes)),
        mains=MainsSwitch(hass, mains) if mains else None,
        stop_on_unload=options.get(Option.STOP_ON_UNLOAD, at_first.stop_on_unload),
    )


def entry_interval(entry: ConfigEntry[Any]) -> int:
    """Return the seconds between two readings of an entry."""
    family = entry_family(entry)
    interval: int = entry.options.get(CONF_INTERVAL, family.interval)
    return max(interval, family.shortest_interval)


def translated(err: CellwireError) -> dict[str, Any]:
    """Return the arguments with which Home Assistant's exceptions speak the user's language."""
    return {
        "translation_domain": DOMAIN,
        "translation_key": err.key,
        "translation_placeholders": err.placeholders,
    }
