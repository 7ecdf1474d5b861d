"""Whose resistances a charger shows: it keeps those of its last measurement, whatever comes next.

Source: docs/devices/icharger.md, "Channel".
"""

from collections.abc import Sequence

from ..model import RESTING_CURRENT

# In V, between two readings without current: no battery does that, so it is another one.
JUMP = 0.1

type Cells = tuple[float | None, ...]


class ResistanceWatch:
    """Tells whether what was measured last was measured on the battery that is connected.

    Once cells came, went or jumped, `stale` is what the registers had then: as long as they have
    it, nothing was measured since.
    """

    def __init__(self) -> None:
        """Trust what is seen first: nothing tells otherwise."""
        self.stale: tuple[int, ...] | None = None
        self._cells: Cells | None = None
        self._rests = False

    def is_measured(self, cells: Cells, current: float | None, record: Sequence[int]) -> bool:
        """Take in a reading, and tell whether its resistances are those of these cells.

        `cells` are in V, `current` in A, `record` are the registers with what was measured last.
        """
        before, rested = self._cells, self._rests
        self._cells, self._rests = cells, current is not None and abs(current) < RESTING_CURRENT
        if before is not None and _is_other(before, cells, at_rest=rested and self._rests):
            self.stale = tuple(record)
        elif tuple(record) != self.stale:
            self.stale = None
        return self.stale is None

    def recall(self, stale: object) -> None:
        """Know again what was stale before a restart. What makes no sense is left out."""
        if isinstance(stale, list) and all(isinstance(each, int) for each in stale):
            self.stale = tuple(stale)


def _is_other(before: Cells, now: Cells, *, at_rest: bool) -> bool:
    """Tell whether these cells can't be those of the reading before."""
    if [cell is None for cell in before] != [cell is None for cell in now]:
        return True
    pairs = zip(before, now, strict=True)
    return at_rest and any(abs((one or 0.0) - (other or 0.0)) > JUMP for one, other in pairs)
