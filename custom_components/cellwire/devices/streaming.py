"""Devices that talk by themselves."""

from abc import abstractmethod
import asyncio
import time
from typing import override

from ..links.errors import CellwireError, LinkError, LinkFault
from ..links.link import Link
from ..links.pause import Pause
from .device import Device, Identity, Readings
from .errors import BadAnswer, NoAnswer, OnlyEcho

# A peer that vanished from the network never says so: open the link anew.
REOPEN_SILENCE = 15.0
# Bytes that could not be understood matter for this long, and so many of them are kept.
HEARD_SECONDS = 5.0
HEARD_LIMIT = 1024
# What comes within this time belongs together and makes one reading: devices talk once a second, in
# several pieces. In seconds.
TOGETHER = 0.75
# How often silence is noticed where nothing is asked, in seconds.
LOOK_UP = 1.0
# A device without power is left alone after this, and looked after so often, in seconds.
CUT_OFF_SILENCE = 5.0
CUT_OFF_STEP = 0.5


class StreamingDevice(Device):
    """Listens in a task of its own, and opens the link again with growing pauses.

    `read` only looks at what has come; it never waits. What was said last is over after `alive`
    seconds.
    """

    name: str
    period: float
    alive: float
    # How long a device may take to say who it is, in seconds.
    patience: float
    asks = False

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._pause = Pause()
        self._task: asyncio.Task[None] | None = None
        self._failure: CellwireError | None = None
        # Set once it is clear whether the device can be used: it is known, or something failed.
        self._settled = asyncio.Event()
        # Whether the right device said something that nobody was told of, and when it did last
        # (monotonic seconds); None if it is over, and everybody was told so.
        self._news = False
        self._news_at: float | None = None
        self._told_at = float("-inf")
        self._heard = bytearray()
        self._heard_at = 0.0

    @abstractmethod
    def opened(self) -> None:
        """Forget what an earlier connection said: another device may be there now."""

    @abstractmethod
    def receive(self, data: bytes) -> None:
        """Take in bytes as they come, and call `known` once it is sure who talks.

        Raises a DeviceError when it is not the device that it should be.
        """

    async def tend(self) -> float:
        """Do what is due, such as asking for something; return when to come again, in seconds.

        Raises LinkError.
        """
        return LOOK_UP

    @abstractmethod
    def fresh(self) -> Readings:
        """Return the readings of the units that were heard lately."""

    @abstractmethod
    def is_echo(self, heard: bytes) -> bool:
        """Tell whether these bytes are nothing but our own questions."""

    def lost(self, why: CellwireError) -> None:
        """Give up what waits for an answer: the connection ended."""

    def is_cut_off(self) -> bool:
        """Tell whether the device is known to be without power, so that nothing will come."""
        return False

    def is_excused(self) -> bool:
        """Tell whether its silence is no fault. `fresh` must have a reading then."""
        return False

    def silent(self) -> NoAnswer:
        """Say that nothing was heard."""
        return NoAnswer(self.name)

    @property
    @override
    def reading_time(self) -> float:
        return super().reading_time + self.patience

    @override
    async def start(self) -> None:
        if self.wires.closed:
            raise self.wires.ended()
        self._task = asyncio.create_task(self._listen(), name=f"cellwire {self.wires.link.name}")
        self._task.add_done_callback(lambda _: self._settled.set())
        try:
            if self.is_excused():
                return
            async with asyncio.timeout(self.patience):
                await self._settled.wait()
            self._check()
        except TimeoutError:
            silence = self._silence()
            await self.close()
            raise silence from None
        except BaseException:
            await self.close()
            raise

    @override
    async def read(self) -> Readings:
        if not self.is_excused():
            self._check()
        if not (readings := self.fresh()):
            raise self._silence()
        return readings

    @override
    async def close(self) -> None:
        self.wires.closed = True
        if task := self._task:
            self._task = None
            task.cancel()
            await asyncio.wait([task])
        await self.wires.close()

    def known(self) -> None:
        """Note that the right device just said something: what was wrong before is over."""
        self._news, self._news_at = True, time.monotonic()
        self._heard.clear()
        self._pause.worked()
        self._settled.set()
        if self._failure:
            self._failure = None
            self.hurry()

    def _tell(self) -> None:
        """Report what is new, and hurry once when nothing is: it must not be shown for longer."""
        now = time.monotonic()
        if self._news and now - self._told_at >= TOGETHER:
            self._news, self._told_at = False, now
            self.report(self.fresh())
        if self._news_at is not None and now - self._news_at > self.alive:
            self._news_at = None
            self.hurry()

    def _check(self) -> None:
        """Raise what keeps the device from being read."""
        if self.wires.closed:
            raise self.wires.ended()
        if self._failure:
            # Raised again and again, one object would grow a longer traceback each time.
            raise self._failure.with_traceback(None)

    def _silence(self) -> CellwireError:
        if not self._heard or time.monotonic() - self._heard_at > HEARD_SECONDS:
            return self.silent()
        heard = bytes(self._heard)
        return OnlyEcho(self.name) if self.is_echo(heard) else BadAnswer(self.name, heard)

    async def _listen(self) -> None:
        """Listen as long as the device is open, whatever goes wrong, with pauses in between."""
        pause = 0.0
        while True:
            try:
                if pause:
                    await self._rest(pause)
                await self._converse()
            except CellwireError as err:
                self._fail(err)
            except Exception as err:  # noqa: BLE001 - logged and counted, and begun anew
                self._fail(self.wires.mistakes.note(err))
            finally:
                self.lost(self._failure or self.wires.ended())
                await self._hang_up()
            pause = self._pause.failed()

    async def _rest(self, pause: float) -> None:
        """Wait for some seconds, and for as long as the device has no power."""
        while True:
            await asyncio.sleep(pause)
            if not self.is_cut_off():
                return
            pause = CUT_OFF_STEP

    def _fail(self, err: CellwireError) -> None:
        self.wires.health.lost += self._failure is None
        self.wires.health.answer_time = None
        self._failure = err
        self._settled.set()
        self.hurry()

    async def _hang_up(self) -> None:
        try:
            await self.wires.link.close()
        except Exception as err:  # noqa: BLE001 - the next opening begins with another try
            self.wires.mistakes.note(err)

    async def _converse(self) -> None:
        """Listen until something fails, or until the device has no power."""
        link, health = self.wires.link, self.wires.health
        await self.wires.open()
        self.opened()
        self._heard_at = time.monotonic()
        while True:
            wait = await self.tend()
            if data := await link.read(wait):
                self._heard_at = time.monotonic()
                self._heard += data
                del self._heard[:-HEARD_LIMIT]
                self.receive(data)
            self._tell()
            if data:
                continue
            silence = time.monotonic() - self._heard_at
            if silence > CUT_OFF_SILENCE and self.is_cut_off():
                self.lost(self.silent())
                return
            if silence > REOPEN_SILENCE:
                health.timeouts += 1
                raise LinkError(LinkFault.LOST, link.name, "silence")
