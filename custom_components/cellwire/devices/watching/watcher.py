"""What follows the readings of units: the contract of one watcher, and the list of them."""

from collections.abc import Callable, Mapping
from typing import Any

from ..model import Reading, Unit


class Watcher:
    """Follows the readings of all units of a device, remembers, and adds to them.

    A unit is known by its identity, which it has for ever. `name` is where its memory is kept;
    without one it has none.
    """

    name: str | None = None

    @property
    def recalled(self) -> Mapping[str, Any]:
        """What is to be known again after a restart: set it to what `memory` returned before."""
        return self.memory()

    @recalled.setter
    def recalled(self, kept: Mapping[str, Any]) -> None:
        self.recall(kept)

    def recall(self, kept: Mapping[str, Any]) -> None:
        """Know again what is `recalled`. What makes no sense is left out."""

    def memory(self) -> dict[str, Any]:
        """Return what must be known again after a restart, as JSON has it."""
        return {}

    def add(self, identity: str, unit: Unit, reading: Reading, interval: float) -> None:
        """Take in a new reading, as it was read; `interval` is the usual time between two in s."""

    def complete(
        self,
        identity: str,  # noqa: ARG002
        unit: Unit,  # noqa: ARG002
        reading: Reading,
    ) -> Reading:
        """Return a reading that is about to be shown with what there is to add.

        The same reading may come again. Units come before what they are a part of.
        """
        return reading

    def silent(self, identity: str) -> None:
        """Note that a unit did not answer: what is shown of it next is new, whatever it is."""

    def forget(self, identity: str) -> None:
        """Let go of a unit that was deleted. It may come back."""


class Watchers:
    """All watchers of a device. Each sees what those before it added; the last one has its say."""

    def __init__(self, identity_of: Callable[[str], str], *watchers: Watcher) -> None:
        """Take the watchers in their order; `identity_of` tells the identity of a unit's key."""
        self._identity_of = identity_of
        self._watchers = watchers
        self._shown: set[str] = set()

    @property
    def parts(self) -> dict[str, Watcher]:
        """Those that remember, by their names."""
        return {each.name: each for each in self._watchers if each.name}

    def add(
        self, units: Mapping[str, Unit], readings: Mapping[str, Reading], interval: float
    ) -> None:
        """Take in new readings, by the key of the unit."""
        for key, reading in readings.items():
            for watcher in self._watchers:
                watcher.add(self._identity_of(key), units[key], reading, interval)

    def complete(
        self, units: Mapping[str, Unit], readings: Mapping[str, Reading]
    ) -> dict[str, Reading]:
        """Return what is to be shown of readings. A unit without one is silent."""
        identities = {key: self._identity_of(key) for key in readings}
        answering = set(identities.values())
        for watcher in self._watchers:
            for identity in self._shown - answering:
                watcher.silent(identity)
        self._shown = answering
        shown = dict(readings)
        # What others are a part of is shown by what is shown of them.
        for key in sorted(shown, key=lambda key: units[key].via is None):
            for watcher in self._watchers:
                shown[key] = watcher.complete(identities[key], units[key], shown[key])
        return shown

    def forget(self, identity: str) -> None:
        """Let go of a unit that was deleted."""
        for watcher in self._watchers:
            watcher.forget(identity)
