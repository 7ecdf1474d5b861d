"""Readings and wishes by the identity of a unit: the one place where entries meet.

A bank, a regulator or an action knows of a unit nothing but its identity. Whose entry reads it, and
by which key, is known here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .devices.device import Device
from .devices.model import Reading, Unit, Value


class NoSuchUnit(LookupError):
    """No loaded entry reads such a unit."""


class Source(Protocol):
    """An entry that reads units."""

    @property
    def device(self) -> Device[Any]:
        """The device of which they are parts."""

    @property
    def identities(self) -> Mapping[str, str]:
        """Keys of the units, by the identities by which they are known for ever."""

    def unit(self, key: str) -> Unit:
        """Describe a unit."""

    def reading(self, key: str) -> Reading | None:
        """Return what a unit said last, None if it can't be read now."""

    async def carry_out(self, key: str, control: str, wish: Value) -> None:
        """Ask something of a unit and read it again. Raises LinkError or DeviceError."""

    def set_counter(self, unit: str, counter: str, value: float) -> None:
        """Let a counter of a unit go on from a value in kWh or Ah. Raises Refused."""

    async def async_refresh_controls(self) -> None:
        """Read again because something was asked for."""


class Exchange:
    """Knows all units that are read in this Home Assistant."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._sources: list[Source] = []
        self._followers: list[Callable[[], None]] = []

    @callback
    def join(self, source: Source) -> Callable[[], None]:
        """Take in an entry. Returns a function with which it leaves."""
        self._sources.append(source)
        self.tell()

        @callback
        def leave() -> None:
            self._sources.remove(source)
            self.tell()

        return leave

    def find(self, identity: str) -> tuple[Source, str]:
        """Return who reads a unit, and its key there. Raises NoSuchUnit."""
        for source in self._sources:
            if (key := source.identities.get(identity)) is not None:
                return source, key
        raise NoSuchUnit(identity)

    def reading(self, identity: str) -> Reading | None:
        """Return what a unit said last, None if it can't be read now. Raises NoSuchUnit."""
        source, key = self.find(identity)
        return source.reading(key)

    @callback
    def follow(self, follower: Callable[[], None]) -> Callable[[], None]:
        """Have `follower` called after each reading, and when an entry comes or goes.

        A reading that failed counts too. Returns a function that ends it.
        """
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    @callback
    def tell(self) -> None:
        """Say that something was read, or could not be read."""
        for follower in tuple(self._followers):
            follower()

    async def wish(self, identity: str, control: str, wish: Value) -> None:
        """Ask something of a unit, by the key of a control.

        Raises NoSuchUnit, LinkError or DeviceError; what the device does then is as before.
        """
        source, key = self.find(identity)
        await source.carry_out(key, control, wish)


EXCHANGE: HassKey[Exchange] = HassKey(f"{DOMAIN}_exchange")


@callback
def exchange_of(hass: HomeAssistant) -> Exchange:
    """Return the one of a Home Assistant."""
    return hass.data.setdefault(EXCHANGE, Exchange())
