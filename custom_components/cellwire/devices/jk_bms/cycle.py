"""How long the master of a bus takes to ask all boards once, by what is heard of it.

Source: docs/devices/jk_bms.md, "A bus with a master".
"""

from collections import deque
from statistics import median

# Questions may be lost, so the middle of the last lengths counts: as many as a master asks in half
# a cycle, so that it follows soon when boards join.
LENGTHS = 9
# What a board said is over when one damaged frame and half a cycle can't explain the silence.
LIVES = 2.5
# A master may rest. Cycles of 4.4 and 7.2 s were recorded; 15 boards take 20 s or so.
SHORTEST_LIFE = 10.0
LONGEST_LIFE = 60.0


class MasterCycle:
    """Measures from one question about the status of a board to the next one to the same board."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._asked: dict[int, float] = {}
        self._counts: dict[int, int] = {}
        self._latest: int | None = None
        self._lengths: deque[float] = deque(maxlen=LENGTHS)

    def note(self, address: int, at: float) -> None:
        """Note that the status of a board was asked for, at a time in seconds."""
        if address == self._latest:
            # Without another board between it is a second attempt.
            return
        if (before := self._asked.get(address)) is not None:
            self._lengths.append(at - before)
        self._latest = address
        self._asked[address] = at
        self._counts[address] = self._counts.get(address, 0) + 1

    @property
    def length(self) -> float | None:
        """How long a cycle takes, in seconds; None until one was heard."""
        return median(self._lengths) if self._lengths else None

    @property
    def rounds(self) -> int:
        """How many whole cycles were heard."""
        return max(self._counts.values(), default=1) - 1

    @property
    def life(self) -> float:
        """How long what a board said is worth something, in seconds."""
        if (length := self.length) is None:
            return LONGEST_LIFE
        return min(max(LIVES * length, SHORTEST_LIFE), LONGEST_LIFE)
