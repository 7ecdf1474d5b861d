"""Moving an entry to another port: for the flow that reconfigures, and for repairs."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant

from ..const import CONF_BAUDRATE, CONF_PARITY, CONF_SERIALS
from ..devices.device import AnyFamily, Found, Line, Progress
from ..devices.search import search
from ..links.link import LinkKind
from .entry_data import entry_family, entry_identity
from .link_choice import AUDIBLE, make_byte_link, make_link


async def look(
    hass: HomeAssistant, family: AnyFamily, kind: LinkKind, port: str, progress: Progress
) -> Found:
    """Look for a device of a family at a port. Raises LinkError and DeviceError."""
    return await search(
        family,
        lambda line: make_link(hass, kind, port, line),
        progress,
        (lambda line: make_byte_link(hass, kind, port, line)) if kind in AUDIBLE else None,
    )


async def look_again(
    hass: HomeAssistant, entry: ConfigEntry[Any], kind: LinkKind, port: str, progress: Progress
) -> Found:
    """Look for the device of an entry. Raises as `look`, and if it is another one."""
    found = await look(hass, entry_family(entry), kind, port, progress)
    found.identity.succeed(entry_identity(entry), found.title)
    return found


def address(port: str, line: Line | None) -> dict[str, Any]:
    """Return what an entry keeps of the way to its device."""
    settings = {CONF_BAUDRATE: line.baudrate, CONF_PARITY: line.parity} if line else {}
    return {CONF_PORT: port, **settings}


def moved(entry: ConfigEntry[Any], port: str, found: Found) -> dict[str, Any]:
    """Return the data of an entry at its new port, with the units that were not there before."""
    return {
        **entry.data,
        **address(port, found.line),
        # What a unit is known by was settled when it was first seen.
        CONF_SERIALS: {**found.identity.serials, **entry_identity(entry).serials},
    }


async def release(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Unload an entry, which may hold the port; True if it has to be loaded again."""
    if entry.state is ConfigEntryState.LOADED:
        return await hass.config_entries.async_unload(entry.entry_id)
    if entry.state is ConfigEntryState.SETUP_RETRY:
        entry.async_cancel_retry_setup()
        return True
    return False
