"""When a link may be opened again after it failed."""

import time

FIRST_PAUSE = 0.5
# A cable that is back must show values within one interval and five seconds. What is asked every
# five seconds must not find the pause not quite over.
LONGEST_PAUSE = 4.0


class Pause:
    """Growing pauses between attempts to open a link: 0.5, 1, 2, 4, 4 ... seconds."""

    def __init__(self) -> None:
        """Start with no pause at all."""
        self._next = FIRST_PAUSE
        self._until = 0.0

    def failed(self) -> float:
        """Begin a pause, longer than the last one, and return its length in seconds."""
        pause = self._next
        self._until = time.monotonic() + pause
        self._next = min(2 * pause, LONGEST_PAUSE)
        return pause

    def worked(self) -> None:
        """Forget earlier failures."""
        self._next = FIRST_PAUSE
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the link may be tried."""
        return time.monotonic() >= self._until
