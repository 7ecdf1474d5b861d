"""What must still be known after a restart, such as counters and the programs that are watched."""

from collections.abc import Mapping
import logging
from typing import Any, Protocol, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

VERSION = 1
# The longest time of which a crash may cost the memory, in seconds, besides that of one reading:
# of what a person started or a device must be spared, and of what is only counted. The latter
# changes all the time, and so many writes would wear out the card that some computers have.
DELAY = 30.0
PATIENCE = 300.0
# What could not be written yet, by the key of its file: an entry may be loaded again meanwhile.
UNWRITTEN: HassKey[dict[str, dict[str, Any]]] = HassKey(f"{DOMAIN}_unwritten")


class Part(Protocol):
    """Something that wants to be kept: `recalled` is what `memory` returned before a restart.

    As long as nothing newer is known, `memory` returns what was recalled: a set-up may fail.
    """

    recalled: Mapping[str, Any]

    def memory(self) -> dict[str, Any]:
        """Return what must be known again, as JSON has it."""


class Memory(Store[dict[str, Any]]):
    """Keeps what the parts of an entry want to be kept, in Home Assistant's own folder.

    What can't be read is begun anew, and what can't be written is tried again later: neither
    keeps an entry from working.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        urgent: Mapping[str, Part],
        patient: Mapping[str, Part] | None = None,
    ) -> None:
        """Belong to an entry. The parts are known by their names in the file.

        What an `urgent` part knows is kept within DELAY, a `patient` one within PATIENCE.
        """
        super().__init__(hass, VERSION, f"{DOMAIN}.{entry_id}")
        self._urgent = urgent
        self._parts = {**urgent, **(patient or {})}
        self._kept: dict[str, Any] = {}
        self._unwritten = hass.data.setdefault(UNWRITTEN, {})
        # Before it is known what was kept, nothing is.
        self._is_recalled = False
        # When it will be written, by the clock of the loop; None if there is nothing to write.
        self._due: float | None = None

    async def recall(self) -> None:
        """Give each part back what it knew."""
        unwritten = self._unwritten.get(self.key)
        try:
            kept = unwritten or await self.async_load()
        except Exception as err:  # noqa: BLE001 - the file may hold anything
            _LOGGER.warning("What was kept in %s can't be read and is given up: %r", self.key, err)
            kept = None
        self._is_recalled = True
        if not isinstance(kept, dict):
            return
        self._kept = {} if unwritten else kept
        for name, part in self._parts.items():
            if isinstance(known := kept.get(name), dict):
                part.recalled = known

    @callback
    def look(self) -> None:
        """Keep what is known by now, soon or later."""
        if not self._is_recalled:
            return
        if any(part.memory() != self._kept.get(name) for name, part in self._urgent.items()):
            self._write_within(DELAY)
        elif self._due is None and self._memory() != self._kept:
            self._write_within(PATIENCE)

    @callback
    def look_now(self) -> None:
        """Keep what is known by now soon, because a person set it."""
        self._write_within(DELAY)

    async def keep(self) -> None:
        """Keep what is known by now, at once."""
        if not self._is_recalled:
            return
        memory = self._memory()
        if self._due is not None or memory != self._kept:
            await self.async_save(memory)

    @override
    async def async_remove(self) -> None:
        """Forget everything."""
        self._unwritten.pop(self.key, None)
        await super().async_remove()

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        self._due = None
        try:
            await super()._async_write_data(data)
        except (HomeAssistantError, OSError) as err:
            if self.key not in self._unwritten:
                _LOGGER.error("%s can't be written; trying again: %s", self.key, err)  # noqa: TRY400
            self._unwritten[self.key] = self._memory()
            return
        if self._unwritten.pop(self.key, None):
            _LOGGER.info("%s can be written again", self.key)
        self._kept = data["data"]

    @callback
    def _write_within(self, seconds: float) -> None:
        """Write so soon, or sooner: a change must not put off the one before it."""
        due = self.hass.loop.time() + seconds
        if self._due is None or due < self._due:
            self._due = due
            self.async_delay_save(self._memory, seconds)

    @callback
    def _memory(self) -> dict[str, Any]:
        return {name: part.memory() for name, part in self._parts.items()}
