"""Waiting for something that happens by itself."""

import asyncio
from collections.abc import Callable

STEP = 0.01


async def until(happened: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until `happened` returns something true; fail if it takes too long."""
    for _ in range(int(seconds / STEP)):
        if happened():
            return
        await asyncio.sleep(STEP)
    raise AssertionError("it did not happen in time")
