"""Doing something every so often, whoever looks: in a task of its own."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import time

_LOGGER = logging.getLogger(__name__)


class Clock:
    """Calls `tick` every `interval` seconds for as long as it `is_wanted`, and rests otherwise.

    A tick that takes longer than `limit` seconds is given up. What a tick raises is logged once,
    until one goes well again; the next one comes all the same.
    """

    def __init__(
        self,
        name: str,
        interval: float,
        limit: float,
        tick: Callable[[], Awaitable[None]],
        is_wanted: Callable[[], bool],
    ) -> None:
        """Rest until it is wound up."""
        self._name = name
        self._interval = interval
        self._limit = limit
        self._tick = tick
        self._is_wanted = is_wanted
        # When it ticked last, or what it is for happened anyway (monotonic seconds).
        self._done_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._failed = False

    def wind_up(self) -> None:
        """Begin to tick if it is wanted: the first time an interval from now."""
        if self._is_closed or not self._is_wanted():
            return
        if self._task is None or self._task.done():
            self.note()
            self._task = asyncio.create_task(self._run(), name=f"cellwire {self._name}")

    def note(self) -> None:
        """Take note that what it is for just happened: the next tick is an interval from now."""
        self._done_at = time.monotonic()

    async def close(self) -> None:
        """End for good. A tick that is under way is broken off."""
        self._is_closed = True
        if task := self._task:
            self._task = None
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while self._is_wanted():
            before = self._done_at
            await asyncio.sleep(before + self._interval - time.monotonic())
            if self._done_at != before:
                continue
            self.note()
            try:
                async with asyncio.timeout(self._limit):
                    await self._tick()
            except Exception:
                if not self._failed:
                    self._failed = True
                    _LOGGER.exception("%s failed, and goes on", self._name)
            else:
                self._failed = False
