"""What a device must still know after a restart, such as the programs that are watched."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .devices.device import Device

VERSION = 1
# The longest time of which a crash may cost the memory, in seconds.
DELAY = 30.0


class Memory:
    """Keeps what a device wants to be kept, in a file of Home Assistant's own folder."""

    def __init__(self, hass: HomeAssistant, entry_id: str, device: Device[Any]) -> None:
        """Belong to an entry."""
        self._store = _store(hass, entry_id)
        self._device = device
        self._kept: dict[str, Any] = {}

    async def load(self) -> None:
        """Give the device back what it knew."""
        if kept := await self._store.async_load():
            self._kept = kept
            self._device.recalled = kept

    @callback
    def look(self) -> None:
        """Keep what the device knows by now, soon."""
        if self._device.memory() != self._kept:
            self._store.async_delay_save(self._memory, DELAY)

    async def save(self) -> None:
        """Keep what the device knows by now, at once."""
        if self._device.memory() != self._kept:
            await self._store.async_save(self._memory())

    @callback
    def _memory(self) -> dict[str, Any]:
        self._kept = self._device.memory()
        return self._kept


async def async_forget(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what was kept for an entry that is removed."""
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, VERSION, f"{DOMAIN}.{entry_id}")
