"""Devices that speak when they are spoken to."""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
import time
from typing import override

from ..links.errors import LinkError, LinkFault
from ..links.health import Direction
from ..links.link import OPENING_TIME, Connection, Link
from ..links.pause import Pause
from .device import Device, Identity, Readings
from .errors import BadAnswer, DeviceError, NeverQuiet, NoAnswer, OnlyEcho
from .framing import Scanner

# A gateway may cut an answer, but not for longer than this.
IDLE_GAP = 0.3
# After so many polls without an answer the link is opened anew: USB adapters go stale.
REOPEN_AFTER = 3
# What is kept of an answer that could not be understood.
HEARD_LIMIT = 1024
# How long a late answer may take to pass, in seconds; the longest of 400 bytes takes 0.4 s at 9600
# baud. Where something comes for longer, nothing is asked.
DRAIN_LIMIT = 2.0


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

    @property
    @abstractmethod
    def talking_time(self) -> float:
        """How long greeting and one poll may take at most, in seconds.

        That is with each answer at the last moment, and all that is asked twice.
        """

    @property
    @override
    def reading_time(self) -> float:
        # If the link was lost, it is opened once more and all is said again. Where a wish has to be
        # waited for, it takes no longer than that.
        return 2 * (OPENING_TIME + self.talking_time)

    @override
    async def start(self) -> None:
        async with self.lock:
            try:
                with self.wires.mistakes.as_errors():
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
        await self.wires.close()

    async def _talk_once[T](self, talk: Callable[[], Awaitable[T]]) -> T:
        link = self.wires.link
        try:
            with self.wires.mistakes.as_errors():
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
        if not self.wires.link.is_open:
            self._greeted = False
            await self.wires.open()
        if not self._greeted:
            await self.greet()
            self._greeted = True
            self._pause.worked()


class Asker[T]:
    """One request at a time over a link, and the frames that come back.

    A late answer is never taken for the next one: what came unasked is dropped before each
    request, and after one that was not answered the line must have been quiet for a while. Stray
    bytes that can be no part of an answer keep nobody from asking.
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
        request without an answer, both in seconds. Where an answer says what it answers, `quiet`
        can be 0.
        """
        self._wires = device.wires
        self._name = name
        self._scanner = scanner
        self._pace = pace
        self._quiet = quiet
        self._last = 0.0
        # Whether what was sent last may still be answered.
        self._late = False
        self._sent = b""
        self._heard = bytearray()
        # When something was heard last, at first when the request was sent, and the longest silence
        # since: monotonic, in seconds.
        self._sent_at = self._heard_at = self._silence = 0.0
        self._damaged = 0

    def patience(self, timeout: float) -> float:
        """Return how long a request and its answer may take at most, which is long on a bad line.

        `timeout` is what the answer may take, in seconds.
        """
        return self._pace + (DRAIN_LIMIT if self._quiet else 0.0) + timeout

    async def send(self, request: bytes, shown: bytes | None = None) -> None:
        """Send a request once the line is free.

        `shown` is what the trace keeps of a request that holds a secret. Raises LinkError, and
        NeverQuiet when a late answer can't be told from what comes all the time.
        """
        link = self._wires.link
        await asyncio.sleep(max(0.0, self._last + self._pace - time.monotonic()))
        if not link.is_open:
            # Some serial servers hang up after each answer.
            await self._wires.open()
        if self._late and self._quiet:
            await self._drain()
        self._scanner.feed(link.take())
        self._scanner.flush()
        self._heard.clear()
        self._sent = request
        self._sent_at = self._heard_at = time.monotonic()
        self._silence = 0.0
        self._wires.health.answer_time = None
        self._damaged = self._wires.health.checksum_errors
        # Whoever is cancelled from here on leaves an answer behind.
        self._late = True
        await link.write(request)
        self._wires.trace.add(Direction.SENT, request if shown is None else shown)

    async def frames(self, timeout: float) -> list[T]:
        """Wait for frames, `timeout` seconds from the request on.

        Returns what came, which may be nothing yet. Raises LinkError, and NoAnswer, BadAnswer,
        NeverQuiet or OnlyEcho when the time is over.
        """
        left = self._sent_at + timeout - time.monotonic()
        if left <= 0:
            # Where bytes come all the time, an answer may wait after what looks like a longer one.
            if frames := self._scanner.flush():
                return frames
            raise self._give_up(timeout)
        data = await self._wires.link.read(min(left, IDLE_GAP), self._scanner.missing)
        self._last = time.monotonic()
        if data:
            self._silence = max(self._silence, self._last - self._heard_at)
            self._heard_at = self._last
        self._heard += data[: HEARD_LIMIT - len(self._heard)]
        # Silence after bytes: what looked like the beginning of a longer frame was none.
        return self._scanner.feed(data) if data else self._scanner.flush()

    def answered(self) -> None:
        """Note that the request was answered by a good frame."""
        self._late = False
        self._wires.health.good()
        self._wires.health.answered(self._last - self._sent_at)

    def let_go(self) -> None:
        """Note that nobody waits for an answer to the request: whatever comes is dropped."""
        self._late = False

    async def _drain(self) -> None:
        """Wait until nothing came for a while that could be a part of an answer."""
        begin = last = time.monotonic()
        heard = bytearray()
        while (left := last + self._quiet - time.monotonic()) > 0:
            data = await self._wires.link.read(left)
            heard += data[: HEARD_LIMIT - len(heard)]
            if data and (self._scanner.feed(data) or self._scanner.buffer):
                last = time.monotonic()
            if last - begin > DRAIN_LIMIT:
                self._scanner.flush()
                raise NeverQuiet(self._name, bytes(heard))

    def _give_up(self, timeout: float) -> DeviceError:
        # A damaged answer was counted when it came.
        self._wires.health.timeouts += self._damaged == self._wires.health.checksum_errors
        self._last = time.monotonic()
        heard = bytes(self._heard)
        if not heard:
            return NoAnswer(self._name)
        if heard == self._sent:
            return OnlyEcho(self._name)
        # What was an answer once ends some time before it is given up.
        silence = max(self._silence, self._last - self._heard_at)
        if silence < min(IDLE_GAP, timeout / 2):
            return NeverQuiet(self._name, heard)
        return BadAnswer(self._name, heard)
