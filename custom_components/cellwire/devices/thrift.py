"""Sparing a memory that wears with each write."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
import time
from typing import Any

from ..links.errors import CellwireError


def local_day() -> date:
    """Return the day where this computer is."""
    return datetime.now(UTC).astimezone().date()


class Thrift:
    """Lets one wish through in each `pause` seconds, the newest, and counts the writes of a day.

    `state` is the count for a later `resume`, over a restart. `clock` is in monotonic seconds.
    """

    def __init__(
        self,
        pause: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = local_day,
    ) -> None:
        """Begin with the memory at rest."""
        self._pause = pause
        self._clock = clock
        self._today = today
        self.day = today()
        self.count = 0
        self._ready_at = clock()
        self._busy = False
        # Each wish has a number. All but the highest one give up when they are woken.
        self._newest = 0
        self._changed = asyncio.Event()
        self._ended: CellwireError | None = None

    @property
    def writes(self) -> int:
        """How often the memory was written today."""
        if self.day != self._today():
            self.day, self.count = self._today(), 0
        return self.count

    def state(self) -> dict[str, str | int]:
        """Return the count of today, as JSON has it."""
        return {"count": self.writes, "day": self.day.isoformat()}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on counting where `state` was. What makes no sense is left out."""
        with suppress(KeyError, TypeError, ValueError):
            day, count = date.fromisoformat(state["day"]), int(state["count"])
            self.day, self.count = day, max(0, count)

    def left(self, budget: int) -> int:
        """Return how many of the writes that a day may have are left today."""
        return max(0, budget - self.writes)

    def spend(self) -> None:
        """Count a write, and begin the pause behind it."""
        self.count = self.writes + 1
        self._ready_at = self._clock() + self._pause

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait until the memory may be written, and keep others from it meanwhile.

        Gives False at once to a wish that is no longer the newest: it must not be carried out.
        Raises what `end` was called with.
        """
        if not await self._wait():
            yield False
            return
        self._busy = True
        try:
            yield True
        finally:
            self._busy = False
            self._wake()

    def end(self, error: CellwireError) -> None:
        """Let the wish that waits fail, and all that follow: nothing will be carried out."""
        self._ended = error
        self._wake()

    async def _wait(self) -> bool:
        """Wait until it is our turn; False when a newer wish took our place."""
        self._newest += 1
        mine = self._newest
        self._wake()
        while (
            self._ended is None
            and mine == self._newest
            and (self._busy or self._ready_at > self._clock())
        ):
            rest = None if self._busy else self._ready_at - self._clock()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._changed.wait()
        if self._ended:
            raise self._ended.with_traceback(None)
        return mine == self._newest

    def _wake(self) -> None:
        """Let every wish that waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()
