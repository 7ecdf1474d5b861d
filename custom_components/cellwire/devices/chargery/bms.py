"""A BMS that talks by itself and hears nothing."""

import time
from typing import override

from ...links.health import Direction
from ...links.link import Link
from ..device import Identity, Readings
from ..errors import NoAnswer
from ..streaming import StreamingDevice
from ..unknown import UnknownCodes
from .frame import Command, FrameScanner
from .reading import AGES, Latest, to_reading, to_unit
from .words import MODES, NAME, UNIT, Silent

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
        self._codes = UnknownCodes("BMS", link.name)
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
        self._urgent: tuple[object, ...] | None = None
        self._recognised = False
        # By what the unit was described.
        self._said: tuple[object, ...] = ()

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
            news = self._latest.add(frame, now)
            self._count_refused(frame.command, now)
            if news or not self._recognised:
                self._recognise(now)
            if self._recognised:
                self.known()

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
        said = (self._latest.layout, self._latest.places)
        if said != self._said:
            self._said = said
            self.units[UNIT] = to_unit(self._latest)
        self._look_for_change(now)

    def _look_for_change(self, now: float) -> None:
        """Hurry when the mode or an alarm changed."""
        pack = self._latest.pack(now)
        urgent = (pack.mode, pack.charge_stopped, pack.discharge_stopped) if pack else ()
        if self._urgent not in (None, urgent):
            self.hurry()
        self._urgent = urgent

    def _count_refused(self, command: Command, now: float) -> None:
        if command is Command.CELLS and (cells := self._latest.cells(now)):
            self.wires.health.rejected += len(cells.refused)
        elif command is Command.PACK and (pack := self._latest.pack(now)):
            self.wires.health.rejected += len(pack.refused)
            self._codes.look("mode", pack.mode, MODES)
