"""A thread for a library that blocks, and may never come back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# How long the closing may take, in seconds.
CLOSE_TIMEOUT = 1.0


class Worker:
    """A thread that does one thing after the other, and that nobody waits for too long."""

    def __init__(self, name: str) -> None:
        """Start no thread yet: the first call does."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._hangs = False
        # When the calls so far have to be over, 0 if they are.
        self._due = 0.0

    async def run[**P, T](
        self, seconds: float, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Let the thread do something that may take some seconds.

        If the caller is cancelled, the thread does it all the same, and the next call waits
        behind it. Raises TimeoutError when the thread doesn't come back in time.
        """
        loop = asyncio.get_running_loop()
        self._due = max(self._due, loop.time()) + seconds
        future = asyncio.wrap_future(self._executor.submit(call, *args, **kwargs))
        try:
            await asyncio.wait((future,), timeout=self._due - loop.time())
        finally:
            # What comes of it later interests nobody. Does nothing to one that is done.
            is_late = future.cancel()
        if is_late:
            self._hangs = True
            raise TimeoutError("the driver does not come back")
        self._due = 0.0
        return future.result()

    async def close(self, last: Callable[[], None]) -> None:
        """Let the thread do a last thing and end. One that hangs does so when it comes back."""
        closing = asyncio.wrap_future(self._executor.submit(last))
        self._executor.shutdown(wait=False)
        if self._hangs:
            return
        await asyncio.wait((closing,), timeout=CLOSE_TIMEOUT)
        if closing.done():
            # What went wrong at the end interests nobody. All that is left to the thread is to end.
            closing.exception()
            await asyncio.to_thread(self._executor.shutdown)
