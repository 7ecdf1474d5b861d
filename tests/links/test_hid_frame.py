"""Reports of chargers on USB, real ones first."""

import struct
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.links.hid_frame import (
    HOLDING,
    INPUT,
    MOST_READ,
    MOST_WRITTEN,
    REPORT_SIZE,
    WRITE,
    Answer,
    Request,
    is_damaged_answer,
    is_log_frame,
    read_request,
    write_request,
)
from tests.bench.captures import capture
from tests.bench.hid_port import recorded_log_frames

RUN_STOP = capture("icharger", "real_win32_run_stop_exchange")["exchange"]
SYSTEM = capture("icharger", "real_x_s_family_read_system")
LOG_4S = bytes.fromhex(capture("icharger", "real_hid_log_frame_4s_discharge")["report64_hex"])


def report(exchanged: dict[str, Any]) -> bytes:
    return bytes.fromhex(exchanged["report64_hex"])


def frame(*body: int) -> bytes:
    """A report of a frame, its length put in front and leftovers behind."""
    return bytes((len(body) + 1, *body)).ljust(REPORT_SIZE, b"\x5a")


@pytest.mark.parametrize("at", range(0, len(RUN_STOP), 2), ids=["run", "stop", "stop again"])
def test_orders_of_a_real_exchange(at: int) -> None:
    asked, answered = RUN_STOP[at : at + 2]
    decoded = asked["decoded"]
    request = write_request(int(decoded["address"], 16), decoded["registers"])
    sent = bytes.fromhex(asked["frame_hex"])
    assert request.report == b"\0" + sent + bytes(REPORT_SIZE - len(sent))
    # The request and an older answer still stand behind the answer.
    assert any(report(answered)[7:])
    assert request.answer(report(answered)) == Answer()


def test_each_order_has_its_own_answer() -> None:
    run = write_request(0x8000, RUN_STOP[0]["decoded"]["registers"])
    stop = write_request(0x8002, RUN_STOP[2]["decoded"]["registers"])
    assert run.answer(report(RUN_STOP[3])) is None
    assert stop.answer(report(RUN_STOP[1])) is None


def test_a_real_block_in_two_reports() -> None:
    registers: list[int] = []
    for asked, answered in zip(SYSTEM["exchange"][::2], SYSTEM["exchange"][1::2], strict=True):
        request = read_request(HOLDING, 0x8400 + len(registers), asked["decoded"]["count"])
        assert request.report[1:8].hex() == asked["frame_hex"]
        answer = request.answer(report(answered))
        assert answer
        registers += answer.registers
    assert registers == SYSTEM["registers_from_0x8400"]


def test_the_answer_of_another_size_is_not_taken() -> None:
    first, second = SYSTEM["exchange"][1::2]
    assert read_request(HOLDING, 0x841E, 29).answer(report(first)) is None
    assert read_request(HOLDING, 0x8400, 30).answer(report(second)) is None
    assert read_request(INPUT, 0x8400, 30).answer(report(first)) is None


@pytest.mark.parametrize("sent", [*recorded_log_frames(), LOG_4S])
def test_real_log_frames_answer_nothing(sent: bytes) -> None:
    assert is_log_frame(sent)
    for request in (
        read_request(INPUT, 0x100, 30),
        read_request(HOLDING, 0x8000, sent[0] // 2 - 2),
        write_request(0x8000, (3, 0, 0, 0x55AA, 1)),
    ):
        assert request.answer(sent) is None


def test_what_is_a_log_frame() -> None:
    assert [kind for kind in range(256) if is_log_frame(frame(kind))] == [0x10, 0x11, 0x20]
    assert not is_log_frame(b"")
    assert not is_log_frame(b"\x10")


@pytest.mark.parametrize("code", [1, 2, 6, 11, 200])
def test_exceptions(code: int) -> None:
    reading, writing = read_request(INPUT, 0, 12), write_request(0x8000, (1,))
    assert reading.answer(frame(0x30, 0x84, code)) == Answer(exception=code)
    assert writing.answer(frame(0x30, 0x90, code)) == Answer(exception=code)
    assert reading.answer(frame(0x30, 0x83, code)) is None
    assert reading.answer(frame(0x30, 0x84, code, 0)) is None
    assert reading.answer(frame(0x10, 0x84, code)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\x06",
        frame(),
        frame(0x30),
        frame(0x30, 4),
        frame(0x30, 4, 2),
        frame(0x30, 4, 2, 1),
        frame(0x30, 4, 2, 1, 2, 3),
        frame(0x30, 4, 4, 1, 2),
        frame(0x30, 4, 1, 1, 2),
        frame(0x31, 4, 2, 1, 2),
        frame(0x30, 3, 2, 1, 2),
        frame(0x30, 4, 2, 1, 2)[:5],
        b"\xff" + frame(0x30, 4, 2, 1, 2)[1:],
    ],
)
def test_what_is_no_answer(wrong: bytes) -> None:
    request = read_request(INPUT, 0, 1)
    assert request.answer(frame(0x30, 4, 2, 1, 2)) == Answer((0x0102,))
    assert request.answer(wrong) is None


def test_limits() -> None:
    assert len(read_request(INPUT, 0x100, MOST_READ).report) == 1 + REPORT_SIZE
    full = write_request(0x8400, range(MOST_WRITTEN)).report
    assert len(full) == 1 + REPORT_SIZE
    assert full[1] == REPORT_SIZE
    assert read_request(HOLDING, 0xFFFF, 1).report[4:6] == b"\xff\xff"
    for address, count in ((0, 0), (0, -1), (0, MOST_READ + 1), (-1, 1), (0xFFFF, 2)):
        with pytest.raises(ValueError, match="registers"):
            read_request(INPUT, address, count)
    for values in ((), (0,) * (MOST_WRITTEN + 1), (-1,), (0x10000,)):
        with pytest.raises(ValueError, match="registers"):
            write_request(0x8000, values)


requests = st.one_of(
    st.builds(read_request, st.sampled_from((HOLDING, INPUT)), st.just(0), st.integers(1, 30)),
    st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=28).map(
        lambda values: write_request(0x8000, values)
    ),
)


def nearly(request: Request) -> st.SearchStrategy[bytes]:
    """Reports that begin as answers do."""
    heads = st.tuples(
        st.sampled_from((2 * request.count + 4, 7, 4, 64)),
        st.sampled_from((0x30, 0x10)),
        st.sampled_from((request.function, request.function | 0x80)),
        st.sampled_from((2 * request.count, 0x80)),
    )
    return st.builds(lambda head, rest: bytes(head) + rest, heads, st.binary(max_size=60))


@given(st.data())
def test_no_report_raises_or_passes_unchecked(data: st.DataObject) -> None:
    request = data.draw(requests)
    received = data.draw(st.one_of(st.binary(max_size=REPORT_SIZE), nearly(request)))
    is_log_frame(received)
    if (answer := request.answer(received)) is None:
        return
    length, kind, function = received[:3]
    assert kind == 0x30
    assert length <= len(received)
    if answer.exception is not None:
        assert (length, function) == (4, request.function | 0x80)
        return
    assert function == request.function
    if function == WRITE:
        assert struct.unpack(">HH", received[3:7]) == (request.address, request.count)
        assert length == 7
        return
    assert length % 2 == 0
    assert length == received[3] + 4
    assert received[3] == 2 * request.count == 2 * len(answer.registers)
    assert received[4:length] == b"".join(value.to_bytes(2) for value in answer.registers)


@pytest.mark.parametrize(
    ("data", "is_damaged"),
    [
        (frame(0x30, 4, 2, 0, 7), False),
        (frame(0x30, 3, 2, 0, 7), False),
        (frame(0x30, 16, 0x80, 0, 0, 5), False),
        (frame(0x30, 0x84, 6), False),
        (frame(0x30, 0x90, 6), False),
        # Sizes that contradict each other, and functions that there are not.
        (frame(0x30, 4, 2, 0), True),
        (frame(0x30, 4, 4, 0, 7), True),
        (frame(0x30, 4, 3, 0, 7, 7), True),
        (frame(0x30, 16, 0x80, 0, 0), True),
        (frame(0x30, 0x84, 6, 6), True),
        (frame(0x30, 5, 6), True),
        (frame(0x30), True),
        (bytes((64, 0x30, 4, 2)), True),
        # Of these it can't be told that they are answers.
        (frame(0x10, 4, 2, 0), False),
        (frame(0x70, 4, 2, 0), False),
        (b"\x30", False),
        (b"", False),
        (LOG_4S, False),
    ],
)
def test_what_is_a_damaged_answer(data: bytes, *, is_damaged: bool) -> None:
    assert is_damaged_answer(data) is is_damaged


@given(st.binary(max_size=REPORT_SIZE))
def test_any_report_is_damaged_or_not(data: bytes) -> None:
    if is_damaged_answer(data):
        assert read_request(INPUT, 0, 30).answer(data) is None
