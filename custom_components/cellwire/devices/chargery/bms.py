"""A BMS that talks by itself and hears nothing."""

from collections.abc import Container
import logging
import time
from typing import override

from ...links.health import Direction
from ...links.link import Link
from ..device import Identity, Readings
from ..errors import NoAnswer
from ..streaming import StreamingDevice
from .content import to_pack
from .frame import Command, Frame, FrameScanner
from .reading import AGES, Latest, to_reading, to_unit
from .words import MODES, NAME, UNIT, Silent

_LOGGER = logging.getLogger(__name__)

# Cells come every two to four seconds, and damage takes single frames. A line that loses all of
# them is read without.
WITHOUT_CELLS = 8.0
# Nobody exchanges a BMS within a minute, but a serial server may hang up for a moment. In seconds.
SAME_DEVICE = 60.0


class BmsDevice(StreamingDevice):
    """One BMS on a line of its own. Nothing is ever sent to it."""

    name = NAME
    patience = 10.0
    # The current comes every second, and the cells with the voltage at every second one.
    period = 2.0
    alive = max(AGES[Command.PACK], AGES[Command.CELLS])

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._logged: set[int] = set()
        self._latest = Latest()
        self.opened()

    @override
    def opened(self) -> None:
        wires = self.wires
        self._scanner = FrameScanner(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, noise)
        )
        self._latest = self._latest.renewed(time.monotonic(), SAME_DEVICE)
        self._first_at: float | None = None
        self._urgent: tuple[object, object] | None = None
        self._recognised = False

    @property
    def is_whole(self) -> bool:
        """Whether every kind of frame came that comes all the time."""
        return None not in map(self._latest.length, (Command.PACK, Command.CELLS))

    @override
    def receive(self, data: bytes) -> None:
        now = time.monotonic()
        for frame in self._scanner.feed(data):
            if frame.command is Command.SPACER:
                continue
            self.wires.health.good()
            self.wires.trace.add(Direction.RECEIVED, frame.raw, frame.command)
            self._latest.add(frame, now)
            self._count_refused(frame, now)
            self._recognise(now)

    @override
    def is_echo(self, heard: bytes) -> bool:
        # Nothing is sent that could come back.
        return False

    @override
    def silent(self) -> NoAnswer:
        return Silent(self.patience)

    @override
    def fresh(self) -> Readings:
        now = time.monotonic()
        if not self._recognised or not (self._latest.pack(now) or self._latest.cells(now)):
            return {}
        return {UNIT: to_reading(self._latest, now)}

    def _recognise(self, now: float) -> None:
        """Take the device for known once its cells are, which tell the model."""
        if self._first_at is None:
            self._first_at = now
        if self._latest.cells(now) is None and now - self._first_at < WITHOUT_CELLS:
            return
        self._recognised = True
        self.units[UNIT] = to_unit(self._latest)
        self.known()
        self._look_for_change(now)

    def _look_for_change(self, now: float) -> None:
        """Hurry when the mode or an alarm changed."""
        reading = to_reading(self._latest, now)
        urgent = (reading.status, reading.alarms)
        if self._urgent not in (None, urgent):
            self.hurry()
        self._urgent = urgent

    def _count_refused(self, frame: Frame, now: float) -> None:
        if frame.command is Command.CELLS:
            cells = self._latest.cells(now)
            self.wires.health.rejected += len(cells.refused) if cells else 0
        elif frame.command is Command.PACK:
            pack = to_pack(frame.raw)
            self.wires.health.rejected += len(pack.refused)
            self._log_once(pack.mode, MODES)

    def _log_once(self, mode: int, known: Container[int]) -> None:
        if mode in known or mode in self._logged:
            return
        self._logged.add(mode)
        _LOGGER.info(
            "The BMS on %s reports mode %s, which is not known", self.wires.link.name, mode
        )
