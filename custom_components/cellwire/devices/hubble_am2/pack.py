"""The conversation with one pack on the bus, and what is remembered of it.

Source: docs/devices/hubble_am2.md, "Requests".
"""

import logging
import math
import time

from ...links.registers import RegisterLink
from ..device import Identity
from ..errors import Declined, DeviceError, Implausible
from ..model import Reading, Value
from ..registers import Manners, Registers
from ..wires import Wires
from . import reading as live, settings, texts
from .texts import Texts, to_texts, to_unit
from .words import NAME, PACK_SERIAL

_LOGGER = logging.getLogger(__name__)

MANNERS = Manners(device=NAME, timeout=0.5, spacing=0.1, secret=texts.SERIALS)
# Settings change when somebody changes them; they are forgotten if they can't be read again.
SETTINGS_INTERVAL = 300.0
SETTINGS_AGE = 1000.0
# A pack that kept its texts to itself is asked for them again after so many seconds.
TEXTS_INTERVAL = 300.0
TEXTS_ATTEMPTS = 2


class Pack:
    """A pack at an address. The three requests differ in size: no answer passes for another."""

    def __init__(
        self,
        wires: Wires[RegisterLink],
        key: str,
        serial: str | None = None,
        manners: Manners | None = None,
    ) -> None:
        """Know nothing yet but the serial number that is expected; times are monotonic."""
        self.unit = to_unit(key, Texts(), serial)
        self._key = key
        self._wires = wires
        self._registers = Registers(wires, int(key), manners or MANNERS)
        self.forget()

    def forget(self) -> None:
        """Take whatever answers next for a stranger, who has to introduce itself."""
        self.texts: Texts | None = None
        self._texts_due = 0.0
        self._cells: int | None = None
        self._settings: dict[str, Value] = {}
        self._settings_at = 0.0
        self._settings_due = 0.0

    def longest_read(self, attempts: int) -> float:
        """Return how long reading it may take at most, its texts and settings too, in seconds."""
        return (attempts + TEXTS_ATTEMPTS + 1) * self._registers.answer_time

    async def read(self, identity: Identity, attempts: int) -> Reading:
        """Measure, and ask who it is if that is not known.

        Raises LinkError, WrongIdentity if another pack is known at this address, Implausible
        or another DeviceError.
        """
        registers = await self._ask(live.FIRST, live.COUNT, attempts)
        at = time.monotonic()
        if self.texts is None and at >= self._texts_due:
            await self._introduce(identity, at)
        return self._decode(registers, at)

    def settings_due(self) -> bool:
        """Tell whether it is time to read the settings."""
        return time.monotonic() >= self._settings_due

    async def read_settings(self) -> None:
        """Read the settings, which show in later readings. Raises LinkError."""
        now = time.monotonic()
        self._settings_due = now + SETTINGS_INTERVAL
        try:
            registers = await self._ask(settings.FIRST, settings.COUNT, 1)
        except DeviceError as err:
            _LOGGER.debug("Pack %s keeps its settings to itself: %s", self._key, err)
            if isinstance(err, Declined):
                # It does not have them, and will not have them tomorrow.
                self._settings_due = math.inf
            return
        self._settings = settings.to_settings(registers)
        self._settings_at = now

    async def _introduce(self, identity: Identity, now: float) -> None:
        """Ask who this is. Where a serial number is expected, nothing is believed without it."""
        try:
            registers = await self._ask(texts.FIRST, texts.COUNT, TEXTS_ATTEMPTS)
        except DeviceError as err:
            if identity.serials.get(self._key):
                raise
            _LOGGER.debug("Pack %s keeps its texts to itself: %s", self._key, err)
            self._texts_due = now + TEXTS_INTERVAL
            return
        found = to_texts(registers)
        identity.confirm(self._key, found.serial)
        self.texts = found
        self.unit = to_unit(self._key, found, identity.serials.get(self._key))
        self._cells = found.cells

    def _decode(self, registers: tuple[int, ...], at: float) -> Reading:
        values = dict(self._settings) if at - self._settings_at < SETTINGS_AGE else {}
        if self.texts and self.texts.pack_serial:
            values[PACK_SERIAL.id] = self.texts.pack_serial
        try:
            reading = live.to_reading(registers, self._cells, values, at)
        except Implausible:
            self._wires.health.rejected += 1
            raise
        self._wires.health.rejected += live.refusals(reading)
        # A cell that was seen once stays one.
        self._cells = max(self._cells or 0, len(reading.cell_voltages)) or None
        return reading

    async def _ask(self, first: int, count: int, attempts: int) -> tuple[int, ...]:
        """Read registers, and try again after a silence or damage."""
        while True:
            attempts -= 1
            try:
                return await self._registers.holding(first, count)
            except Declined:
                raise
            except DeviceError:
                if not attempts:
                    raise
