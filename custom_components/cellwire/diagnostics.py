"""What a user can download when something is wrong."""

from typing import Any

from homeassistant.core import HomeAssistant

from .keeper import AnyEntry
from .kinds import keeper_of


async def async_get_config_entry_diagnostics(
    _hass: HomeAssistant, entry: AnyEntry
) -> dict[str, Any]:
    """Have the entry told of by whoever looks after it."""
    return keeper_of(entry).diagnostics(entry)
