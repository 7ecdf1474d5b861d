"""Boards of the newer generation on a bus that has a master already: listen, never speak.

The master, a board with address 0, asks all others in a cycle of 4.4 s and sends its own data
unasked. A second master would collide with it (docs/devices/jk_bms.md, "A bus with a master").
"""

import time
from typing import override

from ...links.health import Direction
from ...links.link import Link
from ..device import Identity, Readings
from ..errors import Implausible
from ..model import Reading, Value
from ..streaming import StreamingDevice
from .modbus_frame import Content, SpeechScanner, Spoken, acknowledgement
from .modbus_reading import to_reading, to_unit
from .modbus_settings import to_values
from .plausible import Judge
from .redact import redact_data, scrub
from .words import NAME

VARIANT = "modbus_listener"
# How long the master takes to ask all boards once, in seconds.
CYCLE = 4.4
FRESH = 3 * CYCLE


class BusListener(StreamingDevice):
    """Overhears what the boards tell their master."""

    name = NAME
    patience = 10.0
    period = CYCLE
    alive = FRESH

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
        self._settings: dict[str, dict[str, Value]] = {}
        self._readings: dict[str, Reading] = {}

    @override
    def receive(self, data: bytes) -> None:
        for frame in self._scanner.feed(data):
            if isinstance(frame, Spoken) and frame.data:
                who, what = frame.address, frame.content
                shown = redact_data(frame.data) + acknowledgement(who, what)
                self.wires.trace.add(Direction.RECEIVED, shown, (who, what))
                self.wires.health.good()
                self._overhear(str(who), what, frame.data)

    @override
    def is_echo(self, heard: bytes) -> bool:
        # Nothing is ever asked.
        return False

    @override
    def fresh(self) -> Readings:
        oldest = time.monotonic() - FRESH
        return {
            address: reading for address, reading in self._readings.items() if reading.at >= oldest
        }

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
