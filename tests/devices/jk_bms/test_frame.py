"""Classic frames: recorded ones, damaged ones, and any bytes at all."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.jk_bms.frame import (
    LONGEST,
    READ_ALL_REQUESTS,
    Frame,
    FrameScanner,
    build,
)
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import capture, reply
from tests.streams import sliced

REPLIES = (
    "constructed_20s_odd_values",
    "constructed_24s_odd_values",
    "real_13s_sw10.07_mosfets_off",
    "real_13s_sw7.1.0H_after_power_up",
    "real_14s_sw11.261_cmd03_id00",
    "real_14s_sw6.1.3S_charging",
    "real_16s_sw11.262H_balancing",
    "real_16s_sw11.262H_charging_10A",
    "real_16s_sw11.262H_undervoltage",
    "real_16s_sw11.26_idle",
    "real_7s_sw11.51_idle",
    "real_8s_hw11A_sw11.54_idle",
)
REJECTED = (
    "constructed_16s_bad_length_and_checksum",
    "real_16s_sw8.14U_corrupted_unrepairable",
    "vendor_20s_protocol0_bad_checksum",
)
VECTORS: list[dict[str, Any]] = capture("jk_bms", "constructed_vectors")["vectors"]
SHORT: list[dict[str, Any]] = capture("jk_bms", "short_frames")["vectors"]
GOOD = reply("real_16s_sw11.26_idle")
# How many replies a stream holds: by name, else one if it must be accepted.
REPLIES_IN = {"ff_before_and_between": 2}


def frames_of(data: bytes) -> list[Frame]:
    scanner = FrameScanner()
    return scanner.feed(data) + scanner.flush()


def frame_of(data: bytes) -> Frame:
    (frame,) = frames_of(data)
    return frame


@pytest.mark.parametrize("name", REPLIES)
def test_recorded_replies_are_frames(name: str) -> None:
    expected = capture("jk_bms", name)["frame"]
    frame = frame_of(reply(name))
    assert frame.is_reply
    assert frame.command == expected["command"]
    assert frame.raw == reply(name)


@pytest.mark.parametrize("name", REJECTED)
def test_recordings_with_wrong_sums_or_lengths_are_none(name: str) -> None:
    assert not frames_of(reply(name))


def test_a_corrupted_recording_is_rejected_and_its_repaired_form_taken() -> None:
    pair = capture("jk_bms", "real_14s_sw10.10_corrupted_and_repaired")
    assert not frames_of(bytes.fromhex(pair["corrupted_response_hex"]))
    assert frame_of(bytes.fromhex(pair["repaired_response_hex"])).is_reply


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_constructed_streams_are_accepted_or_rejected(vector: dict[str, Any]) -> None:
    replies = [frame for frame in frames_of(bytes.fromhex(vector["hex"])) if frame.is_reply]
    accepted = vector["driver_must"].startswith("accept")
    assert len(replies) == (REPLIES_IN.get(vector["name"], 1) if accepted else 0)


@pytest.mark.parametrize("vector", SHORT, ids=lambda vector: vector["name"])
def test_short_frames_are_told_apart_by_their_direction(vector: dict[str, Any]) -> None:
    frame = frame_of(bytes.fromhex(vector["hex"]))
    answers = ("reply", "write acknowledgement")
    assert frame.is_reply is (vector["direction"] in answers)


def test_the_forms_of_read_all_are_those_recorded() -> None:
    by_name = {vector["name"]: bytes.fromhex(vector["hex"]) for vector in SHORT}
    assert (
        by_name["read_all_source_pc"],
        by_name["read_all_source_gps"],
        bytes.fromhex("4E5700130000000003030000000000006800000126"),
    ) == READ_ALL_REQUESTS


def test_the_builder_makes_every_recorded_request() -> None:
    for vector in SHORT:
        data = bytes.fromhex(vector["hex"])
        assert build(data[8], data[9], data[10], data[11:-9]) == data, vector["name"]


def test_the_scanner_tells_how_many_bytes_are_missing_at_least() -> None:
    scanner = FrameScanner()
    assert scanner.missing == 1
    for size in range(len(GOOD)):
        scanner.feed(GOOD[size : size + 1])
        assert 1 <= scanner.missing <= max(1, len(GOOD) - size - 1)
    assert scanner.missing == 1
    scanner.feed(GOOD[:100])
    assert scanner.missing == len(GOOD) - 100


def test_what_surrounds_a_frame_is_counted_and_handed_on() -> None:
    health, noise = LinkHealth(), list[bytes]()
    scanner = FrameScanner(health, noise.append)
    assert len(scanner.feed(b"\xff\xdf" + GOOD + b"\x00N" + GOOD + b"NW")) == 2
    assert noise == [b"\xff\xdf", b"\x00N"]
    assert (health.resyncs, health.discarded_bytes) == (2, 4)
    assert not scanner.flush()
    assert noise[2:] == [b"NW"]
    assert (health.resyncs, health.discarded_bytes) == (3, 6)


def test_a_false_length_holds_a_frame_up_only_until_the_line_is_quiet() -> None:
    scanner = FrameScanner()
    assert not scanner.feed(b"NW\x01\x90" + GOOD)
    assert [frame.raw for frame in scanner.flush()] == [GOOD]


def test_a_flipped_bit_counts_as_a_checksum_error() -> None:
    health = LinkHealth()
    scanner = FrameScanner(health)
    damaged = bytearray(GOOD)
    damaged[100] ^= 0x80
    assert not scanner.feed(bytes(damaged)) + scanner.flush()
    assert health.checksum_errors == 1


@given(sliced(st.binary(max_size=2000)))
def test_any_bytes_in_any_slices_make_no_invalid_frame(parts: list[bytes]) -> None:
    scanner = FrameScanner()
    for part in parts:
        for frame in scanner.feed(part):
            assert_valid(frame, b"".join(parts))
        assert len(scanner.buffer) <= LONGEST + 2
    for frame in scanner.flush():
        assert_valid(frame, b"".join(parts))
    assert not scanner.buffer


@given(
    sliced(
        st.lists(
            st.sampled_from((GOOD, GOOD[:150], GOOD[7:], b"NW", b"N", b"NW\x01\x21"))
            | st.binary(max_size=40)
        ).map(b"".join)
    )
)
def test_pieces_of_frames_make_only_whole_frames(parts: list[bytes]) -> None:
    scanner = FrameScanner()
    found = [frame for part in parts for frame in scanner.feed(part)] + scanner.flush()
    stream = b"".join(parts)
    for frame in found:
        assert_valid(frame, stream)
    assert sum(frame.raw == GOOD for frame in found) == stream.count(GOOD)


@given(sliced(st.binary(max_size=600).map(lambda garbage: garbage + GOOD)))
def test_the_frame_behind_any_garbage_is_found(parts: list[bytes]) -> None:
    scanner = FrameScanner()
    found = [frame for part in parts for frame in scanner.feed(part)] + scanner.flush()
    assert found[-1].raw == GOOD


def assert_valid(frame: Frame, stream: bytes) -> None:
    """Check a frame by its own bytes, without the code under test."""
    raw = frame.raw
    assert raw in stream
    assert raw[:2] == b"NW"
    assert raw[2] << 8 | raw[3] == len(raw) - 2
    assert raw[-5] == 0x68
    assert sum(raw[:-4]) % 65536 == raw[-2] << 8 | raw[-1]
