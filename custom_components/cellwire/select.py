"""Selects: one of several words, some of them wishes that wait for a start."""

from dataclasses import dataclass
import logging
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .device_entry.control_entity import CellwireControl
from .device_entry.entity import CellwireDescription
from .devices.control import ChoiceControl
from .keeper import AnyEntry
from .kinds import keeper_of
from .links.errors import CellwireError

_LOGGER = logging.getLogger(__name__)

# The device takes one wish at a time by itself.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CellwireSelectDescription(CellwireDescription, SelectEntityDescription):
    """A select."""


class CellwireSelect(CellwireControl[ChoiceControl], SelectEntity, RestoreEntity):
    """A choice. A wish is kept over a restart; nothing is written for it."""

    entity_description: CellwireSelectDescription
    description = CellwireSelectDescription

    # The wish from before a restart, until the device offers it again.
    _restored: str | None = None

    @property
    @override
    def options(self) -> list[str]:
        return list(self.control.choices) if self.control else []

    @property
    @override
    def current_option(self) -> str | None:
        value: str | None = self.shown_value
        return value

    @override
    async def async_select_option(self, option: str) -> None:
        self._restored = None
        await self._ask(option)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        last = await self.async_get_last_state()
        if last and self.control and self.control.wish:
            self._restored = last.state
            self._wish_again()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        super()._handle_coordinator_update()
        self._wish_again()

    @callback
    def _wish_again(self) -> None:
        """Come back to a wish from before a restart, once it can be wished for."""
        if self._restored and self._restored in self.options:
            option, self._restored = self._restored, None
            self.coordinator.config_entry.async_create_task(
                self.hass, self._restore(option), f"wish {self.entity_id}"
            )

    async def _restore(self, option: str) -> None:
        """Wish for what nobody waits for: what goes wrong is in the log."""
        try:
            await self._wish(option)
        except CellwireError as err:
            _LOGGER.warning("%s could not be set to %s again: %s", self.entity_id, option, err)
        except Exception:
            _LOGGER.exception("%s could not be set to %s again", self.entity_id, option)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: AnyEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of all units."""
    keeper_of(entry).add_controls(entry, async_add_entities, ChoiceControl, CellwireSelect)
