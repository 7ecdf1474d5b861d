"""Devices that speak when they are spoken to."""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
import time
from typing import override

from ..links.errors import LinkError, LinkFault
from ..links.health import Direction
from ..links.link import Connection, Link
from ..links.pause import Pause
from .device import Device, Identity, Readings
from .errors import BadAnswer, DeviceError, NoAnswer, OnlyEcho
from .framing import Scanner

# A gateway may cut an answer, but not for longer than this.
IDLE_GAP = 0.3
# A line that is never quiet is asked all the same after this.
LONGEST_DRAIN = 1.0
# After so many polls without an answer the link is opened anew: USB adapters go stale.
REOPEN_AFTER = 3
# What is kept of an answer that could not be understood.
HEARD_LIMIT = 1024


class AskedDevice[LinkT: Connection = Link](Device[LinkT]):
    """Opens the link when it is needed and keeps it, asks, and tries a second time."""

    def __init__(self, link: LinkT, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._pause = Pause()
        self._failure = LinkError(LinkFault.LOST, link.name, "")
        self._greeted = False
        self._misses = 0

    @abstractmethod
    async def greet(self) -> None:
        """Learn who is there, after every opening of the link, and fill `units`.

        Raises LinkError or DeviceError.
        """

    @abstractmethod
    async def poll(self) -> Readings:
        """Ask every unit once. Raises LinkError or DeviceError when none answers."""

    @override
    async def start(self) -> None:
        async with self.lock:
            try:
                await self._get_ready()
            except BaseException:
                await self.close()
                raise

    @override
    async def read(self) -> Readings:
        async with self.lock:
            readings = await self.converse(self.poll)
        self.report(readings)
        return readings

    async def converse[T](self, talk: Callable[[], Awaitable[T]]) -> T:
        """Get ready and talk, once more if the link was lost since it was last used.

        The lock is held by whoever calls this. Raises LinkError or DeviceError.
        """
        reused = self.wires.link.is_open
        if not reused and (self.wires.closed or not self._pause.is_over):
            # Raised again and again, one object would grow a longer traceback each time.
            raise self._failure.with_traceback(None)
        try:
            result = await self._talk_once(talk)
        except LinkError:
            # A serial server may hang up between two polls, which shows at the next one.
            if not reused or self.wires.closed:
                raise
            result = await self._talk_once(talk)
        self._misses = 0
        return result

    @override
    async def close(self) -> None:
        self.wires.closed = True
        await self.wires.link.close()

    async def _talk_once[T](self, talk: Callable[[], Awaitable[T]]) -> T:
        link = self.wires.link
        try:
            await self._get_ready()
            return await talk()
        except DeviceError:
            self._misses += 1
            if self._misses % REOPEN_AFTER == 0:
                await link.reset()
            raise
        except LinkError as err:
            self.wires.health.lost += self._greeted
            self.wires.health.answer_time = None
            if not self._greeted:
                self._failure = err
                self._pause.failed()
            self._greeted = False
            await link.reset()
            raise

    async def _get_ready(self) -> None:
        link = self.wires.link
        if not link.is_open:
            self._greeted = False
            await link.open()
            self.wires.health.opened += 1
        if not self._greeted:
            await self.greet()
            self._greeted = True
            self._pause.worked()


class Asker[T]:
    """One request at a time over a link, and the frames that come back.

    A late answer is never taken for the next one: what came unasked is dropped before each
    request, and after a timeout the line must have been quiet for a while.
    """

    def __init__(
        self,
        device: Device,
        name: str,
        scanner: Scanner[T],
        *,
        pace: float,
        quiet: float = IDLE_GAP,
    ) -> None:
        """Ask over the device's link.

        `pace` is the least time between two requests, `quiet` the silence that must follow a
        timeout, both in seconds. Where an answer says what it answers, `quiet` can be 0.
        """
        self._wires = device.wires
        self._name = name
        self._scanner = scanner
        self._pace = pace
        self._quiet = quiet
        self._last = 0.0
        self._late = False
        self._sent = b""
        self._heard = bytearray()
        self._sent_at = 0.0
        self._damaged = 0

    async def send(self, request: bytes, shown: bytes | None = None) -> None:
        """Send a request once the line is free.

        `shown` is what the trace keeps of a request that holds a secret. Raises LinkError.
        """
        link = self._wires.link
        await asyncio.sleep(max(0.0, self._last + self._pace - time.monotonic()))
        if not link.is_open and not self._wires.closed:
            # Some serial servers hang up after each answer.
            await link.open()
            self._wires.health.opened += 1
        if self._late and self._quiet:
            end = time.monotonic() + LONGEST_DRAIN
            while time.monotonic() < end and (stale := await link.read(self._quiet)):
                self._scanner.feed(stale)
        self._late = False
        self._scanner.feed(link.take())
        self._scanner.flush()
        self._heard.clear()
        self._sent = request
        self._sent_at = time.monotonic()
        self._wires.health.answer_time = None
        self._damaged = self._wires.health.checksum_errors
        await link.write(request)
        self._wires.trace.add(Direction.SENT, request if shown is None else shown)

    async def frames(self, timeout: float) -> list[T]:
        """Wait for frames, `timeout` seconds from the request on.

        Returns what came, which may be nothing yet. Raises LinkError, and NoAnswer, BadAnswer
        or OnlyEcho when the time is over.
        """
        left = self._sent_at + timeout - time.monotonic()
        if left <= 0:
            raise self._give_up()
        data = await self._wires.link.read(min(left, IDLE_GAP), self._scanner.missing)
        self._last = time.monotonic()
        self._heard += data[: HEARD_LIMIT - len(self._heard)]
        # Silence behind bytes: what looked like the beginning of a longer frame was none.
        return self._scanner.feed(data) if data else self._scanner.flush()

    def answered(self) -> None:
        """Note that the request was answered by a good frame."""
        self._wires.health.good()
        self._wires.health.answered(self._last - self._sent_at)

    def _give_up(self) -> DeviceError:
        # A damaged answer was counted when it came.
        self._wires.health.timeouts += self._damaged == self._wires.health.checksum_errors
        self._late = True
        self._last = time.monotonic()
        heard = bytes(self._heard)
        if not heard:
            return NoAnswer(self._name)
        return OnlyEcho(self._name) if heard == self._sent else BadAnswer(self._name, heard)
