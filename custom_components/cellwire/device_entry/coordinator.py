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
    CONF_FAMILY,
    CONF_SERIALS,
    DOMAIN,
)
from ..devices.device import Device, Readings
from ..devices.errors import Refused, Stuck, Unforeseen, WrongIdentity
from ..devices.model import Reading, Unit, UnitKind, Value
from ..devices.watching.ledger import Ledger, NotSet
from ..devices.watching.steady import Steady
from ..devices.watching.watcher import Watchers
from ..exchange import exchange_of
from ..links.errors import CellwireError
from ..memory import Memory
from .counting import SCALES, last_counted
from .entry_data import (
    entry_family,
    entry_identity,
    entry_interval,
    entry_line,
    entry_settings,
    translated,
)
from .hurry import Hurry
from .link_choice import link_kind, make_link
from .problems import Problems

_LOGGER = logging.getLogger(__name__)

# How long a link may take to be given up that something hangs on, in seconds.
RESET_TIMEOUT = 5.0

type CellwireConfigEntry = ConfigEntry[CellwireCoordinator]


# Parts of a device are named after what they are, in the user's language.
NAMED_PARTS = (UnitKind.BANK, UnitKind.CHANNEL)


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
        # What was read last, as the device said it.
        self.raw: Readings = {}
        self._ledger = Ledger(family.counting)
        # Steady comes last: it decides what is shown.
        self._watchers = Watchers(self.unit_identity, self._ledger, Steady())
        self._memory = Memory(hass, entry.entry_id, {"device": self.device}, self._watchers.parts)
        self._exchange = exchange_of(hass)
        # When the reading began that goes on, and how long the last one took, in seconds.
        self._asked_at = self._asking = 0.0
        self._described: dict[str, Unit] = {}
        # Ids in the device registry, by the key of the unit.
        self._device_ids: dict[str, str] = {}
        self._missing: set[str] = set()
        # The units on which a program is watched, as it is kept by now.
        self._watched: frozenset[str] = frozenset()
        # Whether other things can be wished for than the entities show.
        self._has_other_offer = False
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
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, self.unit_identity(unit)), self.config_entry.entry_id
        )
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
        self._watchers.forget(identity)
        self._remember_units()
        # Who shows the unit must know, though no value changed: it may come back.
        self.async_update_listeners()
        return True

    def set_counter(self, unit: str, counter: str, value: float) -> None:
        """Let a counter of a unit go on from a value in kWh or Ah. Raises Refused."""
        try:
            self._ledger.set(
                self.unit_identity(unit),
                self.device.units.get(unit),
                counter,
                value * SCALES.get(counter, 1),
            )
        except NotSet as err:
            raise Refused(counter, err.reason) from err
        if self.last_update_success:
            self.data = self._complete(self.raw)
            self.async_update_listeners()
        self._memory.look_now()

    @override
    async def _async_setup(self) -> None:
        self._ledger.before = await last_counted(self.hass, self.config_entry.entry_id)
        await self._memory.recall()
        self.config_entry.async_on_unload(self.device.on_reading(self._count))
        await self._guarded(self._in_time(self.device.start()))
        self.config_entry.async_on_unload(self.device.on_change(self._hurry))
        self.config_entry.async_on_unload(self.device.on_offer(self._show_offer))

    @override
    async def _async_update_data(self) -> Readings:
        return await self._guarded(self._read())

    async def _read(self) -> Readings:
        self._asked_at = time.monotonic()
        readings = await self._in_time(self.device.read())
        self._remember_units()
        self._describe()
        self._log_missing(readings)
        await self._remember()
        await self.problems.worked(readings)
        self.raw = readings
        return self._complete(readings)

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        if not self.last_update_success:
            self._complete({})
        self._exchange.tell()
        for listener in tuple(self._cycle_listeners):
            listener()
        if self._has_other_offer:
            self._has_other_offer = False
            self.async_update_listeners()

    @override
    async def async_shutdown(self) -> None:
        """Close the device. Called when the entry unloads and when its set-up fails."""
        await super().async_shutdown()
        try:
            await self.device.close()
        finally:
            await self._memory.keep()
            self._exchange.tell()

    @callback
    def _count(self, readings: Readings) -> None:
        """Count on with new readings.

        Between two of them lie a pause and the asking, which is long on a bus of many packs.
        """
        self._remember_units()
        before, self._asking = self._asking, time.monotonic() - self._asked_at
        usual = entry_interval(self.config_entry) + min(before, self._asking)
        interval = self.device.period or usual
        self._watchers.add(self.device.units, readings, interval)

    def _complete(self, readings: Readings) -> Readings:
        """Return what is to be shown of readings; without one, all units are silent."""
        return self._watchers.complete(self.device.units, readings)

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

    @property
    def identities(self) -> dict[str, str]:
        """Keys of the units, by their identities."""
        return {self.unit_identity(key): key for key in self.device.units}

    def unit(self, key: str) -> Unit:
        """Describe a unit."""
        return self.device.units[key]

    def reading(self, key: str) -> Reading | None:
        """Return what a unit said last, None if it can't be read now."""
        return self.data.get(key) if self.last_update_success else None

    async def carry_out(self, key: str, control: str, wish: Value) -> None:
        """Ask something of a unit and read it again. Raises LinkError or DeviceError."""
        try:
            await self.device.apply(key, control, wish)
        except CellwireError as err:
            self.problems.refused(err)
            raise
        else:
            self.problems.taken()
        finally:
            await self.async_refresh_controls()

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

    async def _remember(self) -> None:
        """Keep what must be known again, and at once which programs are watched."""
        programs = self.device.programs
        watched = frozenset(programs.memory() if programs else ())
        if watched == self._watched:
            self._memory.look()
        else:
            self._watched = watched
            await self._memory.keep()

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

    @callback
    def _show_offer(self) -> None:
        """Show after the next reading what can be wished for now.

        Before that a unit may be in the middle of joining.
        """
        self._has_other_offer = True
        self._hurry()
