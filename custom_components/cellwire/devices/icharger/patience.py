"""Asking again what was answered badly or not at all, with an end."""

import asyncio
from collections.abc import Awaitable, Callable
import time

from modbus_connection import ExceptionCode

from ..errors import Declined, Garbled, NoAnswer

# How often one question is asked, and how many may stay without any answer in one conversation:
# where one answer in four goes wrong, one conversation in ten thousand fails.
TRIES, SILENCES = 7, 5
# Before anything was heard, so many of a charger that may be off: that should not take long.
FIRST_SILENCES = 2
# So long after the beginning of a conversation nothing is asked again, in seconds.
LONGEST = 8.0
# A charger that has no time now is asked again after this, in seconds.
BUSY_PAUSE = 0.1
BUSY = (ExceptionCode.ACKNOWLEDGE, ExceptionCode.SERVER_DEVICE_BUSY)


class Patience:
    """What is left of it in one conversation, which `begin` begins."""

    def __init__(self) -> None:
        """Begin."""
        self.begin()

    def begin(self, silences: int = SILENCES, first: int = SILENCES) -> None:
        """Begin a conversation in which so many questions may stay without an answer.

        `first` is how many of them may before anything was heard.
        """
        self._silences = silences
        # So many are kept for later.
        self._kept = max(0, silences - first)
        self._end = time.monotonic() + LONGEST

    async def ask[T](self, question: Callable[[], Awaitable[T]]) -> T:
        """Ask something that can be asked again.

        Raises what the last try raised: NoAnswer, Garbled or Declined; and LinkError at once. Bytes
        tell more than silence: an answer that was damaged is told of though silence followed.
        """
        damaged: Garbled | None = None
        tries = TRIES
        while True:
            tries -= 1
            try:
                answer = await question()
            except (NoAnswer, Garbled, Declined) as err:
                damaged = err if isinstance(err, Garbled) else damaged
                if not self._asks_again(err) or not tries or time.monotonic() >= self._end:
                    raise (damaged if damaged and isinstance(err, NoAnswer) else err) from None
                if isinstance(err, Declined):
                    await asyncio.sleep(BUSY_PAUSE)
            else:
                self._kept = 0
                return answer

    def _asks_again(self, error: NoAnswer | Garbled | Declined) -> bool:
        """Tell whether the same question may be answered well the next time."""
        if isinstance(error, NoAnswer):
            self._silences -= 1
            return self._silences > self._kept
        self._kept = 0
        return is_damaged(error)


def is_damaged(error: Exception) -> bool:
    """Tell whether a charger answered, but with nothing that says anything of the question."""
    return isinstance(error, Garbled) or (isinstance(error, Declined) and error.code in BUSY)
