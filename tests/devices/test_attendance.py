"""Who is asked on a bus."""

import time

import pytest

from custom_components.cellwire.devices.attendance import (
    LOOKOUT_INTERVAL,
    Attendance,
    Lookout,
    expecting_nobody,
)
from custom_components.cellwire.devices.errors import BadAnswer, DeviceError, NoAnswer, OnlyEcho
from custom_components.cellwire.links.health import LinkHealth


def run(attendance: Attendance, alive: set[str], cycles: int) -> list[list[str]]:
    asked = []
    for _ in range(cycles):
        units = []
        for unit in attendance.cycle():
            units.append(unit)
            (attendance.answered if unit in alive else attendance.missed)(unit)
        asked.append(units)
        assert attendance.missed_one == (not alive.issuperset(units))
    return asked


def test_all_that_answer_are_asked_each_time() -> None:
    assert run(Attendance("abc"), set("abc"), 3) == [["a", "b", "c"]] * 3


def test_a_silent_unit_is_asked_less_and_less_often() -> None:
    asked = run(Attendance("ab"), {"a"}, 60)
    probes = [cycle for cycle, units in enumerate(asked) if "b" in units]
    assert probes == [0, 1, 3, 7, 15, 27, 39, 51]


def test_one_silent_unit_at_most_in_a_cycle() -> None:
    attendance = Attendance("abcd")
    run(attendance, {"a"}, 1)
    asked = run(attendance, {"a"}, 60)
    assert all(len(units) <= 2 for units in asked)
    assert {unit for units in asked for unit in units} == set("abcd")


def test_a_unit_that_is_back_is_asked_each_time_again() -> None:
    attendance = Attendance("ab")
    run(attendance, {"a"}, 10)
    assert not attendance.is_present("b")
    run(attendance, {"a", "b"}, 12)
    assert attendance.is_present("b")
    assert run(attendance, {"a", "b"}, 2) == [["a", "b"]] * 2


def test_units_that_fell_silent_together_are_back_together() -> None:
    attendance = Attendance("abcde")
    run(attendance, {"a"}, 1)
    assert run(attendance, {"a", "b", "c", "e"}, 1) == [["a", "b", "c", "d"]]
    assert run(attendance, {"a", "b", "c", "e"}, 1) == [["a", "b", "c", "e", "d"]]


def test_one_that_stays_away_does_not_keep_the_others_away() -> None:
    attendance = Attendance("abcd")
    for cycles in range(12):
        run(attendance, {"a", "c", "d"}, 20 + cycles)
        run(attendance, {"a"}, 1)
        run(attendance, {"a", "c", "d"}, 1)
        assert attendance.is_present("c")
        assert attendance.is_present("d")
        assert not attendance.is_present("b")


def test_when_nobody_answers_all_are_asked() -> None:
    attendance = Attendance("abc")
    run(attendance, set(), 5)
    assert list(attendance.cycle()) == ["a", "b", "c"]


def test_when_the_line_is_back_in_the_middle_of_a_cycle_all_are_asked_in_the_next() -> None:
    attendance = Attendance("abc")
    run(attendance, set(), 5)
    assert run(attendance, {"c"}, 1) == [["a", "b", "c"]]
    assert run(attendance, {"b", "c"}, 2) == [["a", "b", "c"], ["b", "c"]]


def test_a_unit_that_joins_is_asked_in_each_cycle() -> None:
    attendance = Attendance("a")
    run(attendance, {"a"}, 3)
    attendance.add("b")
    assert run(attendance, {"a", "b"}, 2) == [["a", "b"]] * 2


def test_a_unit_that_was_removed_is_asked_no_more() -> None:
    attendance = Attendance("ab")
    run(attendance, {"a"}, 2)
    attendance.remove("b")
    attendance.remove("c")
    assert run(attendance, {"a"}, 40) == [["a"]] * 40


def test_a_unit_may_be_removed_while_it_is_asked() -> None:
    attendance = Attendance("ab")
    assert list(attendance.cycle()) == ["a", "b"]
    attendance.remove("a")
    attendance.remove("b")
    attendance.answered("a")
    attendance.missed("b")
    assert list(attendance.cycle()) == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Stop the clock."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_free_addresses_are_asked_in_turn_one_at_a_time(clock: list[float]) -> None:
    lookout = Lookout("abcd")
    asked = []
    for _ in range(100):
        asked.append(lookout.next({"b"}))
        clock[0] += LOOKOUT_INTERVAL / 10
    assert [address for address in asked if address] == [*"acdacdacd"]
    assert asked[:11] == [None] * 10 + ["a"]


def test_where_all_are_known_nobody_is_looked_for_until_one_leaves(clock: list[float]) -> None:
    lookout = Lookout("ab")
    clock[0] += LOOKOUT_INTERVAL
    assert lookout.next("ab") is None
    assert lookout.next("b") == "a"


@pytest.mark.parametrize(
    ("error", "counted"),
    [(NoAnswer("x"), False), (OnlyEcho("x"), False), (BadAnswer("x", b"?"), True)],
)
def test_silence_counts_only_where_somebody_is_expected(
    error: DeviceError,
    counted: bool,  # noqa: FBT001
) -> None:
    health = LinkHealth(timeouts=1, answer_time=0.1)

    def ask() -> None:
        with expecting_nobody(health):
            health.timeouts += 1
            raise error

    with pytest.raises(type(error)):
        ask()
    assert health.timeouts == 1 + counted
    with expecting_nobody(health):
        health.timeouts += 1
    assert health.timeouts == 2 + counted
