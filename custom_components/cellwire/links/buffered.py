"""What links that carry bytes have in common: input that waits until somebody reads it."""

import asyncio
from typing import override

from .errors import LinkError, LinkFault
from .link import Link

# What may wait unread between two polls. A charger that floods its line sends 1.9 kB/s at most.
INPUT_LIMIT = 8192


class Input:
    """Collects what arrives, the oldest giving way, and remembers that the link was lost."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.data = bytearray()
        self._least = 1
        self.lost = False
        self.reason: Exception | None = None
        self._arrived = asyncio.Event()

    def put(self, data: bytes) -> None:
        """Take in bytes that arrived."""
        self.data += data
        if len(self.data) > INPUT_LIMIT:
            del self.data[:-INPUT_LIMIT]
        # Drivers hand on a few bytes at a time; waking the reader for each would be most of a poll.
        if len(self.data) >= self._least:
            self._arrived.set()

    def lose(self, reason: Exception | None) -> None:
        """Note that nothing more will come; without a reason the other end hung up."""
        self.lost = True
        self.reason = reason
        self._arrived.set()

    def take(self) -> bytes:
        """Return what waits, and forget it."""
        data = bytes(self.data)
        self.data.clear()
        return data

    async def wait(self, timeout: float, least: int) -> None:
        """Wait until `least` bytes are there or the link is lost, `timeout` seconds at most."""
        if self.lost or len(self.data) >= least:
            return
        self._least = least
        self._arrived.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        except TimeoutError:
            return


class BufferedLink[TransportT](Link):
    """A link over some transport, whose input is collected as it comes."""

    def __init__(self, name: str) -> None:
        """Keep the name; nothing is opened yet."""
        self.name = name
        self._transport: TransportT | None = None
        self._input = Input()

    @property
    @override
    def is_open(self) -> bool:
        return self._transport is not None and not self._input.lost

    @override
    async def read(self, timeout: float, least: int = 1) -> bytes:
        self._usable(unread=True)
        await self._input.wait(timeout, least)
        if data := self._input.take():
            return data
        self._usable()
        return b""

    @override
    def take(self) -> bytes:
        return self._input.take()

    def _usable(self, *, unread: bool = False) -> TransportT:
        """Return the open transport; with `unread`, a lost one that has bytes left will do."""
        gone = self._input.lost and not (unread and self._input.data)
        if self._transport is None or gone:
            reason = self._input.reason
            raise LinkError(LinkFault.LOST, self.name, str(reason or "the other end hung up"))
        return self._transport
