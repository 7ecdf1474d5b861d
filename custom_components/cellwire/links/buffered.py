"""What links that carry bytes have in common: input that waits until somebody reads it."""

import asyncio
from typing import override

from .errors import LinkError, LinkFault
from .link import Link, Opened

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
        self.mistake: Exception | None = None
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

    def fail(self, mistake: Exception) -> None:
        """Note that nothing more will come because of something that nobody foresaw.

        Whoever reads is told so.
        """
        self.mistake = mistake
        self.lose(mistake)

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


class Stream(Opened):
    """Something open that hands on what comes, and takes what is sent."""

    def __init__(self, incoming: Input) -> None:
        """Be usable until the input is lost."""
        self.input = incoming

    @property
    @override
    def is_usable(self) -> bool:
        return not self.input.lost


class BufferedLink[StreamT: Stream](Link[StreamT]):
    """A link over some transport, whose input is collected as it comes."""

    def __init__(self, name: str) -> None:
        """Keep the name; nothing is opened yet."""
        self.name = name

    @override
    async def read(self, timeout: float, least: int = 1) -> bytes:
        incoming = self._stream(unread=True).input
        await incoming.wait(timeout, least)
        if data := incoming.take():
            return data
        self._stream()
        return b""

    @override
    def take(self) -> bytes:
        return self._opened.input.take() if self._opened else b""

    def _stream(self, *, unread: bool = False) -> StreamT:
        """Return what is open; with `unread`, also if it is lost but has bytes left."""
        opened = self._opened
        if opened is None:
            raise LinkError(LinkFault.LOST, self.name, "closed")
        if opened.input.lost and not (unread and opened.input.data):
            if mistake := opened.input.mistake:
                raise RuntimeError(f"nothing more comes from {self.name}") from mistake
            reason = opened.input.reason
            raise LinkError(LinkFault.LOST, self.name, str(reason or "the other end hung up"))
        return opened
