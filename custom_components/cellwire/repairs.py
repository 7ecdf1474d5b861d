"""What Home Assistant can put right itself, with a word of the owner."""

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant

from .kinds import keeper_of


async def async_create_fix_flow(
    hass: HomeAssistant, _issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Make the flow for an issue with one."""
    about = data or {}
    entry = hass.config_entries.async_get_known_entry(str(about["entry_id"]))
    return keeper_of(entry).fix_flow(entry, str(about["kind"]))
