"""The counters of all units: their memory, and the bank that is a sum."""

from collections.abc import Mapping
import json

import pytest

from custom_components.cellwire.devices.model import Reading, Unit, UnitKind
from custom_components.cellwire.devices.watching.ledger import Counting, Ledger, NotSet

INTERVAL = 5.0
BANK = Unit(key="bank", kind=UnitKind.BANK, manufacturer="m")
FIRST, SECOND = (
    Unit(key=key, kind=UnitKind.BATTERY, manufacturer="m", via="bank") for key in ("1", "2")
)


def ledger(before: Mapping[str, float] | None = None) -> Ledger:
    return Ledger(Counting(), {"one": before or {}})


def charge(book: Ledger, identity: str, unit: Unit, start: float = 0.0) -> None:
    """Let 1 Wh and 0.02 Ah flow into a unit within 10 s."""
    for at in (start, start + 5, start + 10):
        book.add(identity, unit, Reading(at=at, voltage=50.0, current=7.2), INTERVAL)


def energy_in(book: Ledger, identity: str, unit: Unit) -> float | None:
    return book.complete(identity, unit, Reading(at=0.0)).energy_in


def test_a_unit_is_counted_by_its_identity() -> None:
    book = ledger()
    charge(book, "one", FIRST)
    reading = book.complete("one", FIRST, Reading(at=10.0, soc=50.0))
    assert (reading.energy_in, reading.energy_out) == (1.0, 0.0)
    assert (reading.charge_in, reading.charge_out) == (0.02, 0.0)
    assert reading.soc == 50.0
    assert energy_in(book, "two", SECOND) is None


def test_a_bank_is_the_sum_of_its_packs_also_without_one_of_them() -> None:
    book = ledger()
    assert energy_in(book, "bank", BANK) is None
    charge(book, "one", FIRST)
    charge(book, "two", SECOND)
    whole = Reading(at=10.0, voltage=50.0, current=14.4)
    book.add("bank", BANK, whole, INTERVAL)
    assert energy_in(book, "bank", BANK) == 2.0
    # The second one is silent, and after a restart nothing was heard of it yet.
    charge(book, "one", FIRST, 100.0)
    assert energy_in(book, "bank", BANK) == 3.0
    again = ledger()
    again.recalled = json.loads(json.dumps(book.memory()))
    assert again.recalled == book.memory()
    charge(again, "one", FIRST)
    assert energy_in(again, "bank", BANK) == 4.0


def test_the_times_follow_from_the_mean_current() -> None:
    book = ledger()
    states = [
        Reading(at=at, current=current, remaining_capacity=60.0, full_capacity=100.0)
        for at, current in ((0.0, 10.0), (5.0, 10.0))
    ]
    for state in states:
        book.add("bank", BANK, state, INTERVAL)
    assert book.complete("bank", BANK, states[-1]).time_to_full == 4 * 3600
    assert book.complete("other", FIRST, states[-1]).time_to_full is None


def test_cycles_are_counted_for_those_that_do_not_tell_them() -> None:
    book = Ledger(Counting(cycles=True), {"two": {"cycles": 7}})
    kept = {"one": {"via": None, "counters": {"energy_in": {"value": 1.0}}}}
    # What was kept by an older version knows no cycles.
    book.recalled = kept
    states = [
        Reading(at=at, current=-3600.0, full_capacity=10.0, remaining_capacity=5.0)
        for at in (0.0, 5.0, 10.0, 15.0, 20.0)
    ]
    assert book.complete("one", FIRST, states[0]).cycles is None
    for state in states:
        book.add("one", FIRST, state, INTERVAL)
        book.add("two", SECOND, state, INTERVAL)
    # 20 Ah of 10 Ah.
    assert book.complete("one", FIRST, states[-1]).cycles == 2
    assert book.complete("two", SECOND, states[-1]).cycles == 9
    assert book.complete("bank", BANK, states[-1]).cycles is None
    with pytest.raises(NotSet):
        book.set("one", FIRST, "cycles", 5.0)
    again = Ledger(Counting(cycles=True))
    again.recalled = json.loads(json.dumps(book.memory()))
    assert again.complete("one", FIRST, Reading(at=0.0)).cycles == 2


def test_who_tells_the_cycles_is_believed() -> None:
    book = ledger({"cycles": 7})
    state = Reading(at=0.0, current=-1.0, full_capacity=10.0, cycles=12)
    book.add("one", FIRST, state, INTERVAL)
    assert book.complete("one", FIRST, state).cycles == 12


def test_what_cannot_be_read_begins_where_it_stood_when_it_was_seen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book = ledger({"energy_in": 500.0})
    good = {"via": None, "counters": {"energy_in": {"value": 7.0, "own": None, "ahead": 0.0}}}
    book.recalled = {
        "good": good,
        "one": {"via": None, "counters": {"energy_in": {"value": "many"}}},
        "two": "nothing",
        "three": {"counters": {}},
    }
    lines = [record.getMessage() for record in caplog.records]
    assert ["one" in lines[0], "two" in lines[1], "three" in lines[2]] == [True] * 3
    assert book.memory() == {"good": good}
    charge(book, "one", FIRST)
    charge(book, "good", SECOND)
    assert energy_in(book, "one", FIRST) == 501.0
    assert energy_in(book, "good", SECOND) == 8.0


def test_a_counter_is_set() -> None:
    book = ledger()
    charge(book, "one", FIRST)
    book.set("one", FIRST, "energy_in", 250.0)
    assert energy_in(book, "one", FIRST) == energy_in(book, "bank", BANK) == 250.0


@pytest.mark.parametrize(
    ("identity", "unit", "counter", "value", "reason"),
    [
        ("bank", BANK, "energy_in", 1.0, "is_a_sum"),
        ("two", SECOND, "energy_in", 1.0, "not_offered"),
        ("none", None, "energy_in", 1.0, "not_offered"),
        ("one", FIRST, "nonsense", 1.0, "not_offered"),
        ("one", FIRST, "energy_in", -0.1, "out_of_range"),
        ("one", FIRST, "energy_in", float("nan"), "out_of_range"),
    ],
)
def test_what_cannot_be_set_is_refused(
    identity: str, unit: Unit | None, counter: str, value: float, reason: str
) -> None:
    book = ledger()
    charge(book, "one", FIRST)
    with pytest.raises(NotSet) as caught:
        book.set(identity, unit, counter, value)
    assert caught.value.reason == reason
    assert energy_in(book, "one", FIRST) == 1.0
