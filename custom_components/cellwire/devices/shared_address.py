"""Two units with one address: what the answers tell of it."""

from collections.abc import Mapping

from .errors import BadAnswer, DeviceError, Garbled, WrongIdentity

# So many signs make it certain, and so many good answers in a row make them void.
SURE = 6
CALM = 4


class SharedAddresses:
    """Finds out at which addresses of a bus two units answer.

    They spoil each other's answers, or now the one is heard and now the other. A damaged answer
    counts only if another unit was understood in the same cycle: then the line is all right.
    `verdicts` has those addresses of which it is known.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.verdicts: dict[str, bool] = {}
        self._signs: dict[str, int] = {}
        self._calm: dict[str, int] = {}
        # Addresses at which another unit than the known one was heard last.
        self._strangers: set[str] = set()

    def note(self, asked: Mapping[str, DeviceError | None]) -> None:
        """Take in what came of asking each unit once, None for a good answer."""
        line_works = None in asked.values()
        for unit, error in asked.items():
            if error is None:
                self._understood(unit)
            elif isinstance(error, WrongIdentity):
                self._strangers.add(unit)
            elif isinstance(error, BadAnswer | Garbled) and line_works:
                self._doubt(unit)

    def forget(self, unit: str) -> None:
        """Know nothing of an address any more."""
        for known in (self.verdicts, self._signs, self._calm):
            known.pop(unit, None)
        self._strangers.discard(unit)

    def _understood(self, unit: str) -> None:
        if unit in self._strangers:
            self._strangers.discard(unit)
            self._doubt(unit)
        self._calm[unit] = self._calm.get(unit, 0) + 1
        if self._calm[unit] == CALM:
            self._signs.pop(unit, None)
            self.verdicts[unit] = False

    def _doubt(self, unit: str) -> None:
        self._calm[unit] = 0
        self._signs[unit] = self._signs.get(unit, 0) + 1
        if self._signs[unit] == SURE:
            self.verdicts[unit] = True
