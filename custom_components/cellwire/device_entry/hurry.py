"""Reading again at once because something changed, and no more often than need be."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

# A status that flaps must not become a state for each of its changes. In seconds.
PAUSE = 1.0


class Hurry:
    """Calls `read` soon after it was asked for, but not twice within a second.

    What is asked for while `read` is under way may have come too late for it, so that it is called
    once more. `start` runs a task for as long as there is something to do.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[None]],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        """Do nothing yet."""
        self._read = read
        self._start = start
        self._task: asyncio.Task[None] | None = None
        self._is_wanted = False
        self._read_at = float("-inf")

    def __call__(self) -> None:
        """Ask for it."""
        self._is_wanted = True
        if self._task is None or self._task.done():
            self._task = self._start(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._is_wanted:
            await asyncio.sleep(max(0.0, self._read_at + PAUSE - loop.time()))
            self._read_at = loop.time()
            self._is_wanted = False
            await self._read()
