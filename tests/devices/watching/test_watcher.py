"""What watches readings: one contract, and a list in which each sees what those before it added."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, override

from custom_components.cellwire.devices.model import Reading, Unit, UnitKind
from custom_components.cellwire.devices.watching.watcher import Watcher, Watchers

UNITS = {
    "bank": Unit(key="bank", kind=UnitKind.BANK, manufacturer="m"),
    "1": Unit(key="1", kind=UnitKind.BATTERY, manufacturer="m", via="bank"),
    "2": Unit(key="2", kind=UnitKind.BATTERY, manufacturer="m", via="bank"),
}
READINGS = {key: Reading(at=0.0, voltage=50.0) for key in UNITS}


class Doubling(Watcher):
    """Doubles the voltage, and notes what it is told."""

    name = "doubling"

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.known: dict[str, Any] = {}

    @override
    def recall(self, kept: Mapping[str, Any]) -> None:
        self.known = dict(kept)

    @override
    def memory(self) -> dict[str, Any]:
        return self.known

    @override
    def add(self, identity: str, unit: Unit, reading: Reading, interval: float) -> None:
        self.told.append(("add", identity, unit.key, str(reading.voltage), str(interval)))

    @override
    def complete(self, identity: str, unit: Unit, reading: Reading) -> Reading:
        self.told.append(("complete", identity, unit.key))
        return replace(reading, voltage=2 * (reading.voltage or 0.0))

    @override
    def silent(self, identity: str) -> None:
        self.told.append(("silent", identity))

    @override
    def forget(self, identity: str) -> None:
        self.told.append(("forget", identity))


def identity_of(key: str) -> str:
    return f"id_{key}"


def test_a_watcher_need_not_do_anything() -> None:
    watcher = Watcher()
    watchers = Watchers(identity_of, watcher)
    watcher.recalled = {"what": "ever"}
    assert (watcher.memory(), watcher.recalled, watchers.parts) == ({}, {}, {})
    watchers.add(UNITS, READINGS, 5.0)
    assert watchers.complete(UNITS, READINGS) == READINGS
    assert watchers.complete(UNITS, {}) == {}
    watchers.forget("id_1")


def test_each_sees_what_those_before_it_added_and_nothing_is_changed() -> None:
    watchers = Watchers(identity_of, Doubling(), Doubling())
    shown = watchers.complete(UNITS, READINGS)
    assert list(shown) == list(READINGS)
    assert {reading.voltage for reading in shown.values()} == {200.0}
    assert {reading.voltage for reading in READINGS.values()} == {50.0}


def test_parts_come_before_what_they_are_a_part_of() -> None:
    watcher = Doubling()
    Watchers(identity_of, watcher).complete(UNITS, READINGS)
    assert [identity for _, identity, _ in watcher.told] == ["id_1", "id_2", "id_bank"]


def test_units_are_known_by_their_identity() -> None:
    watcher = Doubling()
    watchers = Watchers(identity_of, watcher)
    watchers.add(UNITS, {"2": READINGS["2"]}, 5.0)
    watchers.forget("id_2")
    assert watcher.told == [("add", "id_2", "2", "50.0", "5.0"), ("forget", "id_2")]


def test_who_does_not_answer_any_more_is_silent_once() -> None:
    watcher = Doubling()
    watchers = Watchers(identity_of, watcher)
    watchers.complete(UNITS, READINGS)
    watcher.told.clear()
    for _ in range(2):
        watchers.complete(UNITS, {"1": READINGS["1"]})
    assert sorted(watcher.told) == [
        ("complete", "id_1", "1"),
        ("complete", "id_1", "1"),
        ("silent", "id_2"),
        ("silent", "id_bank"),
    ]
    assert watcher.told[0][0] == "silent"


def test_what_it_remembers_is_kept_under_its_name() -> None:
    watcher = Doubling()
    parts = Watchers(identity_of, Watcher(), watcher).parts
    assert parts == {"doubling": watcher}
    parts["doubling"].recalled = {"a": 1}
    assert watcher.recalled == {"a": 1}
