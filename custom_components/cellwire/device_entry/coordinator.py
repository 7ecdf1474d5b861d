"""One coordinator for each entry, for devices that are asked and for those that talk alike."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
import logging
import time
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..const import (
    CONF_BAUDRATE,
    CONF_FAMILY,
    CONF_INTERVAL,
    CONF_PARITY,
    CONF_SERIALS,
    CONF_VARIANT,
    DOMAIN,
)
from ..devices.device import AnyFamily, Device, Identity, Line, Option, Readings, Settings
from ..devices.errors import Stuck, Unforeseen, WrongIdentity
from ..devices.model import Unit, UnitKind
from ..devices.registry import FAMILIES
from ..devices.watching.ledger import Ledger
from ..links.errors import CellwireError
from ..memory import Memory, Part
from .counting import SCALES, last_counted
from .hurry import Hurry
from .link_choice import link_kind, make_link
from .mains import MainsSwitch
from .problems import Problems

_LOGGER = logging.getLogger(__name__)

# How long a link may take to be given up that something hangs on, in seconds.
RESET_TIMEOUT = 5.0

type CellwireConfigEntry = ConfigEntry[CellwireCoordinator]


# Parts of a device are named after what they are, in the user's language.
NAMED_PARTS = (UnitKind.BANK, UnitKind.CHANNEL)


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


class CellwireCoordinator(DataUpdateCoordinator[Readings]):
    """Reads the device at the interval, and at once when it hurries."""

    config_entry: CellwireConfigEntry

    def __init__(self, hass: HomeAssistant, entry: CellwireConfigEntry) -> None:
        """Make the device of an entry; nothing is opened yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=timedelta(seconds=entry_interval(entry)),
            always_update=False,
        )
        family, port = entry_family(entry), entry.data[CONF_PORT]
        link = make_link(hass, link_kind(family, port), port, entry_line(entry), entry)
        self.device: Device[Any] = family.create(link, entry_identity(entry))
        self.device.settings = entry_settings(hass, entry)
        self.problems = Problems(hass, entry, self.device, self.unit_name)
        self._ledger = Ledger(
            family.noise_floor, family.trusted_counters, count_cycles=family.count_cycles
        )
        parts: dict[str, Part] = {"device": self.device, "energy": self._ledger}
        self._memory = Memory(hass, entry.entry_id, parts)
        # When the reading began that goes on, and how long the last one took, in seconds.
        self._asked_at = self._asking = 0.0
        self._described: dict[str, Unit] = {}
        # Ids in the device registry, by the key of the unit.
        self._device_ids: dict[str, str] = {}
        self._missing: set[str] = set()
        self._hurry = Hurry(
            self.async_refresh,
            lambda reading: entry.async_create_background_task(
                hass, reading, f"{DOMAIN} {self.name} hurries"
            ),
        )
        self._cycle_listeners: list[Callable[[], None]] = []

    @callback
    def after_each_cycle(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called after each reading, also one that failed like the one before.

        Returns a function that ends it.
        """
        self._cycle_listeners.append(listener)
        return lambda: self._cycle_listeners.remove(listener)

    def unit_identity(self, unit: str) -> str:
        """Return the identity of a unit for ever: its own serial number, else of this entry.

        Entities and devices are known by it. Changing it would cost every user the history.
        """
        if serial := self.config_entry.data[CONF_SERIALS].get(unit):
            return f"{self.config_entry.data[CONF_FAMILY]}_{serial}"
        return f"{self.config_entry.entry_id}_{unit}"

    def unit_name(self, unit: str) -> str:
        """Return what the owner calls a unit."""
        device = dr.async_get(self.hass).async_get(self._device_ids[unit])
        return (device and (device.name_by_user or device.name)) or self.name

    def device_info(self, unit: Unit) -> DeviceInfo:
        """Describe a unit as a device of Home Assistant.

        One that does not say yet what it is keeps what is known of it.
        """
        identifier = (DOMAIN, self.unit_identity(unit.key))
        registry = dr.async_get(self.hass)
        if unit.model is None and registry.async_get_device_by_identifier(
            identifier, self.config_entry.entry_id
        ):
            return DeviceInfo(identifiers={identifier})
        model = unit.model or unit.manufacturer
        info = DeviceInfo(
            identifiers={identifier},
            manufacturer=unit.manufacturer,
            model=unit.model,
            serial_number=unit.serial,
            sw_version=unit.firmware,
            hw_version=unit.hardware,
        )
        if unit.kind in NAMED_PARTS:
            info["translation_key"] = unit.kind
            info["translation_placeholders"] = {"model": model, "number": unit.label or ""}
        else:
            info["name"] = " ".join(filter(None, (model, unit.label)))
        if unit.via in self._device_ids:
            info["via_device_id"] = self._device_ids[unit.via]
        return info

    async def forget(self, identity: str) -> bool:
        """Stop asking for a unit that is gone; False if it answers, or may do so."""
        gone = [
            unit
            for unit in self.device.units.keys() | self.config_entry.data[CONF_SERIALS]
            if self.unit_identity(unit) == identity
        ]
        if any(unit in self.data for unit in gone):
            return False
        async with self.device.lock:
            for unit in gone:
                self.device.forget(unit)
                self._described.pop(unit, None)
                self.problems.forget(unit)
        self._remember_units()
        return True

    def set_counter(self, unit: str, counter: str, value: float) -> None:
        """Let a counter of a unit go on from a value in kWh or Ah. Raises Refused."""
        self._ledger.set(
            self.unit_identity(unit),
            self.device.units.get(unit),
            counter,
            value * SCALES.get(counter, 1),
        )
        self.data = self._complete(self.data)
        self.async_update_listeners()
        self._memory.look()

    @override
    async def _async_setup(self) -> None:
        self._ledger.before = await last_counted(self.hass, self.config_entry.entry_id)
        await self._memory.recall()
        self.config_entry.async_on_unload(self.device.on_reading(self._count))
        await self._guarded(self._in_time(self.device.start()))
        self.config_entry.async_on_unload(self.device.on_change(self._hurry))

    @override
    async def _async_update_data(self) -> Readings:
        return await self._guarded(self._read())

    async def _read(self) -> Readings:
        self._asked_at = time.monotonic()
        readings = await self._in_time(self.device.read())
        self._remember_units()
        self._describe()
        self._log_missing(readings)
        self._memory.look()
        await self.problems.worked(readings)
        return self._complete(readings)

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        for listener in tuple(self._cycle_listeners):
            listener()

    @override
    async def async_shutdown(self) -> None:
        """Close the device. Called when the entry unloads and when its set-up fails."""
        await super().async_shutdown()
        await self.device.close()
        await self._memory.keep()

    @callback
    def _count(self, readings: Readings) -> None:
        """Count on with new readings.

        Between two of them lie a pause and the asking, which is long on a bus of many packs.
        """
        self._remember_units()
        before, self._asking = self._asking, time.monotonic() - self._asked_at
        usual = entry_interval(self.config_entry) + min(before, self._asking)
        interval = self.device.period or usual
        for key, reading in readings.items():
            unit = self.device.units[key]
            self._ledger.add(self.unit_identity(key), unit, reading, interval)

    def _complete(self, readings: Readings) -> Readings:
        """Add to readings what was counted."""
        return {
            key: self._ledger.complete(self.unit_identity(key), self.device.units[key], reading)
            for key, reading in readings.items()
        }

    async def _guarded[T](self, action: Awaitable[T]) -> T:
        """Wait for something that the device does, and say what went wrong in words."""
        mistakes = self.device.wires.mistakes
        try:
            with mistakes.as_errors():
                return await action
        except CellwireError as err:
            with suppress(Unforeseen), mistakes.as_errors():
                await self.problems.failed(err)
            if isinstance(err, WrongIdentity):
                raise ConfigEntryError(**translated(err)) from err
            raise UpdateFailed(**translated(err)) from err

    async def _in_time[T](self, action: Awaitable[T]) -> T:
        """Wait for the device for as long as it may need at most. Raises Stuck.

        Nothing should ever hang. If something does, it must show, and not last.
        """
        seconds = self.device.reading_time
        timeout = asyncio.timeout(seconds)
        try:
            async with timeout:
                return await action
        except TimeoutError as err:
            if not timeout.expired():
                raise
            with suppress(TimeoutError):
                async with asyncio.timeout(RESET_TIMEOUT):
                    await self.device.wires.link.reset()
            raise Stuck(self.device.wires.link.name, seconds) from err

    async def async_refresh_controls(self) -> None:
        """Read again because something was asked for, and show what may be asked for now.

        That may have changed although no value did.
        """
        await self.async_refresh()
        self.async_update_listeners()

    def _remember_units(self) -> None:
        """Keep in the entry which units there are: they may join and leave while it runs."""
        serials = self.device.identity.serials
        if serials != self.config_entry.data[CONF_SERIALS]:
            self.hass.config_entries.async_update_entry(
                self.config_entry, data={**self.config_entry.data, CONF_SERIALS: dict(serials)}
            )

    def _describe(self) -> None:
        """Keep the device registry up to date: a firmware may be known late, or be updated."""
        if all(self._described.get(key) is unit for key, unit in self.device.units.items()):
            return
        registry = dr.async_get(self.hass)
        # What others are a part of comes first.
        for key, unit in sorted(self.device.units.items(), key=lambda item: item[1].via or ""):
            if self._described.get(key) != unit:
                self._described[key] = unit
                device = registry.async_get_or_create(
                    config_entry_id=self.config_entry.entry_id, **self.device_info(unit)
                )
                self._device_ids[key] = device.id

    def _log_missing(self, readings: Readings) -> None:
        """Log once when a unit falls silent while others answer, and once when it is back."""
        missing = self.device.units.keys() - readings.keys()
        for key in sorted(missing - self._missing):
            _LOGGER.warning("Unit %s of %s does not answer", key, self.name)
        for key in sorted(self._missing & readings.keys()):
            _LOGGER.info("Unit %s of %s answers again", key, self.name)
        self._missing = missing
