"""Starting and stopping a program, each followed until the charger itself shows what came of it.

Source: docs/devices/icharger.md, "Starting" and "Stopping".
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import time

from ...links.errors import CellwireError
from ..errors import DeviceError, Refused
from ..model import NO_ERROR, Reading
from . import words
from .events import is_running, run_status
from .writes import Writes

# In seconds: when the status word tells of a start that failed, and how long the run status may
# still say that nothing runs.
STARTED_AFTER = 0.4
STARTED_WITHIN = 1.0
# How long the start and check phases are followed; checks of 3 to 7 s were seen.
CHECKED_WITHIN = 15.0
CHECK_PAUSE = 0.5
# After a STOP the run status must change soon. A program takes two, and one may get lost.
STOPPED_WITHIN = 0.3
STOP_PAUSE = 0.05
STOPS = 4

type Look = Callable[[str], Awaitable[Reading]]


def state(reading: Reading) -> str:
    """Name what a channel does, for a person."""
    return str(reading.status)


def number(channel: str) -> int:
    """Return the number of a channel, counted from 1."""
    return words.CHANNELS.index(channel) + 1


class Commands:
    """Commands to a channel. `look` reads its state now."""

    def __init__(self, lock: asyncio.Lock, look: Look, writes: Writes) -> None:
        """Write nothing yet."""
        self._lock = lock
        self._look = look
        self._writes = writes

    async def run(self, control: str, channel: str, operation: int, slot: int) -> None:
        """Start a program on an idle channel and make sure that it begins.

        With the lock held. A start whose answer is lost is never repeated. Raises Refused.
        """
        begin = time.monotonic()
        try:
            # Whether it was taken is seen now, whatever became of the answer.
            with suppress(DeviceError):
                await self._writes.run(operation, slot, number(channel))
            await asyncio.sleep(STARTED_AFTER)
            reading = await self._look(channel)
            while (
                run_status(reading) == words.IDLE
                and reading.error == NO_ERROR
                and time.monotonic() < begin + STARTED_WITHIN
            ):
                await asyncio.sleep(STOP_PAUSE)
                reading = await self._look(channel)
        except CellwireError as err:
            raise Refused(control, "unknown_state", detail=words.SENT) from err
        _judge(control, reading)

    async def settle(self, control: str, channel: str) -> None:
        """Follow a program through its checks, which can end it. Without the lock.

        Raises Refused. What lasts longer is left alone, and is under way.
        """
        end = time.monotonic() + CHECKED_WITHIN
        problem: CellwireError | None = None
        while time.monotonic() < end:
            try:
                async with self._lock:
                    reading = await self._look(channel)
            except DeviceError as err:
                # With an error on its display a charger answers slowly, or not at all.
                problem = err
            except CellwireError as err:
                problem = err
                break
            else:
                problem = None
                _judge(control, reading)
                if run_status(reading) not in words.CHECKING:
                    return
            await asyncio.sleep(CHECK_PAUSE)
        if problem:
            raise Refused(control, "unknown_state", detail=words.SENT) from problem

    async def stop(self, control: str, channel: str) -> Reading:
        """Stop a program and leave the screen behind it, until the channel is idle.

        With the lock held. Raises Refused, and LinkError or another DeviceError if nothing was
        written.
        """
        reading = await self._look(channel)
        for _ in range(STOPS):
            if run_status(reading) == words.IDLE:
                break
            try:
                with suppress(DeviceError):
                    await self._writes.stop(number(channel))
                reading = await self._changed(channel, run_status(reading))
            except CellwireError as err:
                raise Refused(control, "unknown_state", detail=state(reading)) from err
        if run_status(reading) != words.IDLE:
            raise Refused(control, "not_taken", detail=state(reading))
        return reading

    async def _changed(self, channel: str, before: int) -> Reading:
        end = time.monotonic() + STOPPED_WITHIN
        while run_status(reading := await self._look(channel)) == before:
            if time.monotonic() >= end:
                break
            await asyncio.sleep(STOP_PAUSE)
        return reading


def _judge(control: str, reading: Reading) -> None:
    """Raise Refused if a start failed, with what the display of the charger shows."""
    if reading.error != NO_ERROR:
        code = reading.values[words.ERROR_CODE.id]
        text = str(reading.error).replace("_", " ")
        raise Refused(control, "charger_error", detail=f"{code}, {text}")
    if not is_running(reading) and run_status(reading) != words.DONE:
        raise Refused(control, "not_taken", detail=state(reading))
