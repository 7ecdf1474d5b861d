"""Counters, traces and pauses."""

import pytest

from custom_components.cellwire.links.health import (
    RECENT,
    TRACE_BYTES,
    TRACE_ENTRIES,
    TRACE_KINDS,
    Direction,
    LinkHealth,
    Success,
    Trace,
)
from custom_components.cellwire.links.pause import Pause


def test_health_keeps_the_slowest_answer() -> None:
    health = LinkHealth()
    health.good()
    assert (health.good_frames, health.answer_time) == (1, None)
    health.answered(0.3)
    health.answered(0.1)
    assert (health.answer_time, health.slowest_answer) == (0.1, 0.3)
    assert health.last_good is not None


def test_a_trace_is_bounded() -> None:
    trace = Trace("port")
    for number in range(2 * TRACE_ENTRIES):
        trace.add(Direction.NOISE, bytes((number,)) * 10_000)
    assert len(trace.entries) == TRACE_ENTRIES
    assert {len(traced.data) for traced in trace.entries} == {TRACE_BYTES}
    assert trace.entries[-1].data[0] == 2 * TRACE_ENTRIES - 1


def test_what_is_asked_once_is_not_pushed_out() -> None:
    trace = Trace("port")
    for number in range(TRACE_ENTRIES):
        trace.add(Direction.SENT, b"who?" if number == 1 else b"how much?")
        trace.add(Direction.RECEIVED, b"%d" % number, "who" if number == 1 else "measured")
    assert [traced.data for traced in trace.entries[:3]] == [b"who?", b"1", b"how much?"]
    assert len(trace.entries) == TRACE_ENTRIES + 2


def test_not_all_kinds_are_kept_for_ever() -> None:
    trace = Trace("port")
    for number in range(2 * TRACE_KINDS):
        trace.add(Direction.RECEIVED, b"%d" % number, number)
    assert len(trace.entries) == TRACE_KINDS


def test_pauses_grow_to_four_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    pause = Pause()
    assert pause.is_over
    assert [pause.failed() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    now += 3.9
    assert not pause.is_over
    now += 0.1
    assert pause.is_over
    pause.failed()
    pause.worked()
    assert pause.is_over
    assert pause.failed() == 0.5


def test_success_is_a_mean_in_which_a_silence_counts_as_much_as_talk() -> None:
    health = LinkHealth()
    success = Success(health)
    assert success.look(0.0, failed=False) is None
    health.good_frames += 60
    assert success.look(5.0, failed=False) == 100.0
    health.timeouts += 2
    assert success.look(10.0, failed=True) == 50.0
    # The port is gone: nothing can be counted.
    assert success.look(15.0, failed=True) == 33.3
    health.good_frames += 3
    health.checksum_errors += 1
    assert success.look(20.0, failed=False) == 43.8
    # Nothing was to be expected.
    assert success.look(25.0, failed=False) == 43.8


def test_success_forgets_what_is_older_than_ten_minutes() -> None:
    health = LinkHealth()
    success = Success(health)
    health.timeouts = 1
    assert success.look(0.0, failed=True) == 0.0
    health.good_frames = 1
    assert success.look(RECENT, failed=False) == 50.0
    health.good_frames = 2
    assert success.look(RECENT + 1, failed=False) == 100.0
    assert success.look(3 * RECENT, failed=False) is None
