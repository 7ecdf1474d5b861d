"""Boards of the newer generation on a bus that has a master already: listen, never speak.

The master, a board with address 0, asks all others in a cycle and sends its own data unasked. A
second master would collide with it (docs/devices/jk_bms.md, "A bus with a master").
"""

import time
from typing import override

from ...links.health import Direction
from ...links.link import Link
from ..device import Identity, Readings
from ..errors import Implausible
from ..model import Reading, Value
from ..streaming import StreamingDevice
from .cycle import LONGEST_LIFE, MasterCycle
from .modbus_frame import Asked, Content, SpeechScanner, Spoken, acknowledgement
from .modbus_reading import to_reading, to_unit
from .modbus_settings import to_values
from .plausible import Judge
from .redact import redact_data, scrub
from .words import NAME

VARIANT = "modbus_listener"
MASTER = 0
# How long a master takes to ask all boards once, in seconds, until it is known.
CYCLE = 7.2


class BusListener(StreamingDevice):
    """Overhears what the boards tell their master."""

    name = NAME
    # The longest cycle that is likely, and one more question.
    patience = 25.0
    period = CYCLE
    alive = LONGEST_LIFE

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._judges: dict[str, Judge] = {}
        self.opened()

    @override
    def opened(self) -> None:
        wires = self.wires
        self._scanner = SpeechScanner(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, scrub(noise))
        )
        self.cycle = MasterCycle()
        # Boards that said anything, whether it could be read or not.
        self._present: set[str] = set()
        self._settings: dict[str, dict[str, Value]] = {}
        self._readings: dict[str, Reading] = {}

    @property
    def unread(self) -> set[str]:
        """Addresses of boards that are there, but of which no good status was heard yet."""
        return self._present - self._readings.keys()

    @override
    def receive(self, data: bytes) -> None:
        for frame in self._scanner.feed(data):
            match frame:
                case Spoken(who, what, said):
                    self._present.add(str(who))
                    if who == MASTER:
                        # Nobody asks it: what it sends unasked is its turn.
                        self._turn(who, what)
                    if said:
                        shown = redact_data(said) + acknowledgement(who, what)
                        self.wires.trace.add(Direction.RECEIVED, shown, (who, what))
                        self.wires.health.good()
                        self._overhear(str(who), what, said)
                case Asked(who, what):
                    self._turn(who, what)

    @override
    def is_echo(self, heard: bytes) -> bool:
        # Nothing is ever asked.
        return False

    @override
    def fresh(self) -> Readings:
        oldest = time.monotonic() - self.cycle.life
        return {
            address: reading for address, reading in self._readings.items() if reading.at >= oldest
        }

    def _turn(self, address: int, content: Content) -> None:
        """Follow the master from board to board."""
        if content is not Content.STATUS:
            return
        self.cycle.note(address, time.monotonic())
        self.alive = self.cycle.life
        self.period = self.cycle.length or CYCLE

    def _overhear(self, address: str, content: Content, data: bytes) -> None:
        if content is Content.SETTINGS:
            self._settings[address] = to_values(data, heating=False)
        if content is not Content.STATUS:
            return
        reading = to_reading(data, self._settings.get(address, {}), time.monotonic())
        judge = self._judges.setdefault(address, Judge(self.wires.health))
        try:
            reading = judge.check(reading)
        except Implausible:
            # Counted by the judge; the next cycle brings another.
            return
        last = self._readings.get(address, reading)
        self._readings[address] = reading
        if (last.alarms, last.status) != (reading.alarms, reading.status):
            self.hurry()
        if address not in self.units:
            self.units[address] = to_unit(address, None, self.identity.serials.get(address))
        self.known()
