"""One line with several devices that speak at once: what they send collides."""

import asyncio
from itertools import zip_longest
from typing import override

from .wire import Wire

# What begins within so many seconds of each other is on the line at the same time.
AT_ONCE = 0.01


class Line:
    """A wire at which there are several taps. All hear everything from its other end."""

    def __init__(self, wire: Wire) -> None:
        """Take a wire over."""
        self._wire = wire
        self._taps: list[Tap] = []
        self._sent: list[bytes] = []
        wire.attach(self._heard)

    def tap(self) -> Tap:
        """Return one more place for a device."""
        tap = Tap(self)
        self._taps.append(tap)
        return tap

    def leave(self, tap: Tap) -> None:
        """Take a device off."""
        self._taps.remove(tap)

    def send(self, data: bytes) -> None:
        """Carry what one device sends, spoiled by what others send now: zeros win."""
        if not self._sent:
            asyncio.get_running_loop().call_later(AT_ONCE, self._carry)
        self._sent.append(data)

    def _carry(self) -> None:
        sent, self._sent = self._sent, []
        spoiled = bytearray()
        for together in zip_longest(*sent, fillvalue=0xFF):
            byte = 0xFF
            for each in together:
                byte &= each
            spoiled.append(byte)
        self._wire.put(bytes(spoiled))

    def _heard(self, data: bytes) -> None:
        for tap in self._taps:
            tap.take(data)


class Tap(Wire):
    """The place of one device on a line."""

    def __init__(self, line: Line) -> None:
        """Belong to a line."""
        super().__init__()
        self._line = line

    @override
    async def plug(self) -> None:
        """Do nothing: the line is there."""

    @override
    async def unplug(self) -> None:
        self._line.leave(self)

    @override
    def put(self, data: bytes) -> None:
        self._line.send(data)
