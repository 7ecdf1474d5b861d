"""The conversation with a bus of packs, and the bank that they make.

Source: docs/devices/hubble_am2.md, "The bus" and "The bank".
"""

from collections.abc import Iterable, Mapping
import logging
from typing import override

from ...links.registers import RegisterLink
from ..asked import AskedDevice
from ..attendance import Attendance, Lookout, expecting_nobody
from ..bank import BANK, BANK_QUANTITIES, PACK_MISSING, to_bank
from ..device import Identity, Readings
from ..errors import DeviceError, NoAnswer, WrongIdentity
from ..model import BATTERY_STATUSES, Unit, UnitKind
from ..shared_address import SharedAddresses
from .pack import Pack
from .reading import is_whole
from .words import ADDRESSES, MANUFACTURER, NAME

_LOGGER = logging.getLogger(__name__)

ATTEMPTS = 2

UNIT = Unit(
    key=BANK,
    kind=UnitKind.BANK,
    manufacturer=MANUFACTURER,
    model=NAME,
    statuses=BATTERY_STATUSES,
    alarms=(PACK_MISSING,),
    quantities=BANK_QUANTITIES,
)


class BankDevice(AskedDevice[RegisterLink]):
    """Packs at the addresses of one bus. Each answers for itself, and is only read."""

    def __init__(self, link: RegisterLink, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._packs = {
            key: Pack(self.wires, key, serial)
            for key, serial in identity.serials.items()
            if key != BANK
        }
        self._attendance = Attendance(self._packs)
        self._shared = SharedAddresses()
        # Addresses at which another pack than the known one answers, which was logged.
        self._exchanged: set[str] = set()
        self._lookout = Lookout(ADDRESSES)

    @property
    @override
    def shared_addresses(self) -> Mapping[str, bool]:
        return self._shared.verdicts

    @property
    @override
    def talking_time(self) -> float:
        # All are greeted and measured, and one may join.
        greeting = sum(pack.longest_read(1) for pack in self._packs.values())
        measuring = sum(pack.longest_read(ATTEMPTS) for pack in self._packs.values())
        return greeting + measuring + Pack(self.wires, ADDRESSES[0]).longest_read(ATTEMPTS)

    @override
    async def greet(self) -> None:
        """Ask every pack once, and those that answer who they are."""
        self._attendance = Attendance(self._packs)
        self.units[BANK] = UNIT
        for key, pack in self._packs.items():
            # Another pack may have been wired to this address.
            pack.forget()
            self.units[key] = pack.unit
        await self._ask(self._attendance.cycle(), attempts=1)

    @override
    async def poll(self) -> Readings:
        readings = await self._ask(self._attendance.cycle(), ATTEMPTS)
        await self._read_settings(readings)
        # One silence in a cycle is enough.
        if not self._attendance.missed_one:
            readings |= await self._discover()
        # Somebody may have had a pack forgotten in the meantime.
        readings = {key: readings[key] for key in self._packs if key in readings}
        bank = to_bank({key: pack.unit for key, pack in self._packs.items()}, readings)
        if bank is None:
            raise NoAnswer(NAME)
        return {BANK: bank, **readings}

    @override
    def forget(self, unit: str) -> None:
        """Stop expecting a pack. The bank itself can't be gone."""
        if unit == BANK:
            return
        super().forget(unit)
        self._packs.pop(unit, None)
        self._attendance.remove(unit)
        self._shared.forget(unit)

    async def _ask(self, asked: Iterable[str], attempts: int) -> Readings:
        """Measure packs, the silent ones with one attempt. Raises if none of them answers."""
        readings: Readings = {}
        outcomes: dict[str, DeviceError | None] = {}
        problem: DeviceError = NoAnswer(NAME)
        for key in asked:
            if (pack := self._packs.get(key)) is None:
                continue
            present = self._attendance.is_present(key)
            try:
                with self.wires.mistakes.as_errors():
                    reading = await pack.read(self.identity, attempts if present else 1)
            except DeviceError as err:
                outcomes[key] = err
                # What a pack said tells more than that others say nothing.
                problem = err if isinstance(problem, NoAnswer) else problem
                self._log(key, err)
                # Another pack may be at this address when it answers again.
                pack.forget()
                self._attendance.missed(key)
            else:
                readings[key] = reading
                outcomes[key] = None
                self._exchanged.discard(key)
                self._attendance.answered(key)
                if key in self._packs:
                    self.units[key] = pack.unit
        self._shared.note(outcomes)
        if outcomes and not readings:
            raise problem
        return readings

    def _log(self, key: str, err: DeviceError) -> None:
        """Log why a pack is missing, an exchange once for everybody to see."""
        level = logging.DEBUG
        if isinstance(err, WrongIdentity) and key not in self._exchanged:
            self._exchanged.add(key)
            level = logging.WARNING
        _LOGGER.log(level, "Pack %s of %s is missing: %s", key, self.wires.link.name, err)

    async def _read_settings(self, readings: Readings) -> None:
        """Read the settings of one pack that is due: all at once would hold up a poll."""
        for key in readings:
            pack = self._packs.get(key)
            if pack and pack.settings_due():
                await pack.read_settings()
                return

    async def _discover(self) -> Readings:
        """Ask one address where no pack is known, now and then, and take in a pack that answers."""
        if (key := self._lookout.next(self._packs)) is None:
            return {}
        pack = Pack(self.wires, key)
        try:
            with expecting_nobody(self.wires.health):
                reading = await pack.read(self.identity, attempts=1)
        except DeviceError as err:
            _LOGGER.debug("No pack at address %s: %s", key, err)
            return {}
        if pack.texts is None or not is_whole(reading):
            return {}
        # A number that two packs share identifies neither, nor does one that moved here.
        serial = pack.texts.serial
        known = serial in self.identity.serials.values()
        self.identity = self.identity.joined_by(key, None if known else serial)
        self._packs[key] = pack
        self._attendance.add(key)
        self.units[key] = pack.unit
        _LOGGER.info("A pack appeared at address %s of %s", key, self.wires.link.name)
        return {key: reading}
