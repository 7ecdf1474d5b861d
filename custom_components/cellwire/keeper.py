"""What is asked of whoever looks after a kind of entry."""

from collections.abc import Callable, Iterable
from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntry, OptionsFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_KIND, DOMAIN
from .devices.control import Control
from .devices.model import Reading, Unit

type AnyEntry = ConfigEntry[Any]


class Keeper:
    """Looks after the entries of one kind, from their set-up to their removal.

    By itself it is for those that a newer version made, of a kind that is not known here: they
    stay as they are until that version is back.
    """

    # On which platforms such an entry has entities.
    platforms: tuple[Platform, ...] = ()
    # Whether the device of such an entry can be moved to another port.
    moves = False

    async def set_up(self, _hass: HomeAssistant, entry: AnyEntry) -> None:
        """Begin, and keep in `runtime_data` what is needed.

        Raises ConfigEntryNotReady to be tried again, ConfigEntryError when that is no use.
        """
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="unknown_kind",
            translation_placeholders={"kind": entry.data[CONF_KIND]},
        )

    def started(self, entry: AnyEntry) -> None:
        """Go on once the entities are there."""

    async def removed(self, hass: HomeAssistant, entry: AnyEntry) -> None:
        """Leave nothing behind of an entry that is removed."""

    async def lets_go(self, _entry: AnyEntry, _device: AnyDeviceEntry) -> bool:
        """Tell whether a user may delete a device of the entry, and forget it then."""
        return False

    def diagnostics(self, entry: AnyEntry) -> dict[str, Any]:
        """Return what a user can download, without what is nobody else's business."""
        return {"entry": dict(entry.data), "options": dict(entry.options)}

    def claims(self, _entry: AnyEntry) -> frozenset[str]:
        """Return by what the devices of the entry are known for ever: no other may have them."""
        return frozenset()

    def options_flow(self) -> OptionsFlow | None:
        """Make the flow in which an owner decides about such an entry, None if there is none."""
        return None

    def fix_flow(self, _entry: AnyEntry, problem: str) -> RepairsFlow:
        """Make the flow that repairs a problem. Raises ValueError for one that has none."""
        raise ValueError(problem)

    def add_values(
        self,
        entry: AnyEntry,
        async_add_entities: AddConfigEntryEntitiesCallback,
        offered: Callable[[Unit, Reading], Iterable[Any]],
        make: Callable[[Any, Unit, Any], Entity],
    ) -> None:
        """Add an entity for each value that `offered` lists for a unit."""

    def add_controls[ControlT: Control](
        self,
        entry: AnyEntry,
        async_add_entities: AddConfigEntryEntitiesCallback,
        sort: type[ControlT],
        make: Callable[[Any, Unit, ControlT], Entity],
    ) -> None:
        """Add an entity for each control of a sort."""

    def add_sensors_of_its_own(
        self, entry: AnyEntry, async_add_entities: AddConfigEntryEntitiesCallback
    ) -> None:
        """Add sensors that belong to the entry as a whole."""
