"""A kind of entry that is no device: it is there beside all others, and in nobody's way."""

from typing import Any, override

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import CONF_KIND, DOMAIN
from custom_components.cellwire.keeper import AnyEntry, Keeper

FOREIGN = "foreign"


class ForeignKeeper(Keeper):
    """Looks after entries without a port, a device or an entity."""

    @override
    async def set_up(self, _hass: HomeAssistant, entry: AnyEntry) -> None:
        entry.runtime_data = "something else than a coordinator"


def foreign_entry(**data: Any) -> MockConfigEntry:
    """Make an entry of the foreign kind."""
    return MockConfigEntry(domain=DOMAIN, title="Foreign", data={CONF_KIND: FOREIGN, **data})
