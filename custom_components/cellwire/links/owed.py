"""Answers that did not come in time, and may still: they must not be taken for others.

Answers have no number. One that is late fits every question of its size.
"""

import time

from .hid_frame import Answer, Request

# So long after a question was given up its answer may still come, in seconds (our choice).
LATEST = 5.0


class Owed:
    """The questions that were given up lately."""

    def __init__(self) -> None:
        """Owe nothing yet."""
        self._given_up: list[tuple[Request, float]] = []

    def __bool__(self) -> bool:
        """Whether an answer may still come."""
        begin = time.monotonic() - LATEST
        self._given_up = [(request, at) for request, at in self._given_up if at > begin]
        return bool(self._given_up)

    def add(self, request: Request) -> None:
        """Give a question up."""
        self._given_up.append((request, time.monotonic()))

    def takes(self, report: bytes, asked: Request | None = None) -> bool:
        """Tell whether a report may answer something that was given up, and is done with then.

        Not if that is what is `asked` now again. An exception says nothing that lasts.
        """
        for each in self._given_up if self else ():
            answer = each[0].answer(report)
            if each[0] != asked and answer is not None and answer == Answer(answer.registers):
                self._given_up.remove(each)
                return True
        return False
