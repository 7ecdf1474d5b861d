"""Wishes that come one after the other, and are carried out together: flash wears."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress

from ..errors import NoAnswer
from . import words

# How long more wishes are waited for, in seconds.
GATHER = 2.0


class _Batch[WishT]:
    """Wishes for one place, by the keys of their controls; the newest one counts."""

    def __init__(self, carry_out: Callable[[dict[str, WishT]], Awaitable[None]]) -> None:
        """Wait for wishes from now on."""
        self.wishes: dict[str, WishT] = {}
        self.is_waiting = True
        self._carry_out = carry_out
        self.task = asyncio.create_task(self._run())
        # Asked for here too, since all who made the wishes may be gone.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _run(self) -> None:
        await asyncio.sleep(GATHER)
        self.is_waiting = False
        await self._carry_out(self.wishes)

    async def outcome(self) -> None:
        """Wait until the wishes are carried out; they are too when the caller is cancelled."""
        try:
            await asyncio.shield(self.task)
        except asyncio.CancelledError:
            if self.task.cancelled():
                raise NoAnswer(words.NAME) from None
            raise


class Gatherer[PlaceT: Hashable, WishT]:
    """Gathers wishes for some places, and writes each place once."""

    def __init__(self, carry_out: Callable[[PlaceT, dict[str, WishT]], Awaitable[None]]) -> None:
        """Have `carry_out` called with a place and its wishes."""
        self._carry_out = carry_out
        self._batches: dict[PlaceT, _Batch[WishT]] = {}

    async def add(self, place: PlaceT, key: str, wish: WishT) -> None:
        """Wish for something, and wait until it is carried out.

        Raises what `carry_out` raises, and NoAnswer if it was closed before.
        """
        batch = self._batches.get(place)
        if batch is None or not batch.is_waiting:
            batch = _Batch(lambda wishes: self._carry_out(place, wishes))
            self._batches[place] = batch
        batch.wishes[key] = wish
        await batch.outcome()

    async def close(self) -> None:
        """Forget what is still waited with, and wait for what is being carried out."""
        for batch in tuple(self._batches.values()):
            if batch.is_waiting:
                batch.task.cancel()
            # Whoever made the wish hears of it.
            with suppress(Exception, asyncio.CancelledError):
                await batch.task
