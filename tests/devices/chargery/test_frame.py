"""Frames in a stream: recorded ones, damaged ones, and any bytes at all."""

from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.chargery.frame import (
    LENGTHS,
    Command,
    Frame,
    FrameScanner,
)
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import capture
from tests.bench.chargery import SPACER, pack_frame, recorded
from tests.streams import sliced

EIGHT = "real_8slots_stream_with_two_truncated_frames"
SIXTEEN = "real_v1_22_stream_16slots_3cells"
VECTORS: dict[str, Any] = capture("chargery", "constructed_vectors")["vectors"]
CHUNKED = VECTORS["chunked_delivery"]
STREAMS = {name: each for name, each in VECTORS.items() if "stream_hex" in each}
STREAMS |= {name: capture("chargery", name) for name in (EIGHT, SIXTEEN)}
GOOD = pack_frame()
LONGEST = 61


def scan(parts: list[bytes], scanner: FrameScanner | None = None) -> list[Frame]:
    scanner = scanner or FrameScanner()
    return [found for part in parts for found in scanner.feed(part)]


def frames(found: list[Frame]) -> list[str]:
    return [each.raw.hex() for each in found if each.command is not Command.SPACER]


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("size", [1, 7, 16, 10_000])
def test_streams_in_any_slices(name: str, size: int) -> None:
    expected = [each for each in STREAMS[name]["segments"] if each["kind"] == "frame"]
    found = scan(pieces(bytes.fromhex(STREAMS[name]["stream_hex"]), size))
    assert frames(found) == [each["hex"] for each in expected]
    spacers = [each for each in found if each.command is Command.SPACER]
    assert len(spacers) == bytes.fromhex(STREAMS[name]["stream_hex"]).count(SPACER)


def test_messages_that_do_not_follow_the_frames() -> None:
    found = scan([bytes.fromhex(chunk) for chunk in CHUNKED["chunks_hex"]])
    assert [each.raw.hex() for each in found] == [each["hex"] for each in CHUNKED["expected"]]


def test_the_frame_behind_a_truncated_one_is_not_lost() -> None:
    """Software flow control took a byte away; going on by the length byte loses the next frame."""
    expected = capture("chargery", EIGHT)["expectations"]
    health = LinkHealth()
    stream = recorded(EIGHT)
    found = frames(scan([stream], FrameScanner(health)))
    places = sorted([*expected["good_0x57"], *expected["good_0x56"]])
    assert found == [stream[at : at + stream[at + 3]].hex() for at in places]
    assert health.checksum_errors == 2
    repaired = [
        bytes.fromhex(each["hex"]) for each in capture("chargery", EIGHT)["repaired_frames"]
    ]
    assert len(scan(repaired)) == 2


def test_a_clean_stream_has_no_noise_but_its_beginning() -> None:
    expected = capture("chargery", SIXTEEN)["expectations"]
    health, noise = LinkHealth(), list[bytes]()
    found = scan([recorded(SIXTEEN)], FrameScanner(health, noise.append))
    by_command = dict.fromkeys(Command, 0)
    for each in found:
        by_command[each.command] += 1
    assert by_command[Command.PACK] == expected["frames_0x57"]
    assert by_command[Command.CELLS] == expected["frames_0x56"]
    assert by_command[Command.SPACER] == expected["spacers_h::3_crlf"]
    assert health.checksum_errors == expected["bad_checksums"] == 0
    assert health.discarded_bytes == expected["leading_partial_bytes"]
    assert noise == [recorded(SIXTEEN)[:6]]


@pytest.mark.parametrize(
    "damaged",
    [
        GOOD[:-1] + bytes((GOOD[-1] ^ 1,)),
        *(GOOD[:size] for size in range(1, len(GOOD))),
        *(SPACER[:size] for size in range(1, len(SPACER))),
        bytes.fromhex("242456ff"),
        bytes.fromhex("24245700"),
        bytes.fromhex("2424570d"),
        bytes.fromhex("24245808"),
        b"$" * 9,
        b"hhhh",
        b"OK\r\n",
    ],
    ids=lambda damaged: damaged.hex(),
)
def test_the_frame_behind_any_damage_is_found(damaged: bytes) -> None:
    # What looks like the beginning of a longer frame may hold it back until more has come.
    assert GOOD.hex() in frames(scan([damaged + GOOD, bytes(LONGEST)]))


def test_no_length_is_waited_for_that_no_frame_has() -> None:
    scanner = FrameScanner()
    for size in range(256):
        scanner.feed(bytes((0x24, 0x24, 0x56, size)))
        assert scanner.missing < LONGEST
    assert max(max(lengths) for lengths in LENGTHS.values()) == LONGEST


_FRAGMENTS = st.sampled_from(
    (GOOD, SPACER, b"\x24", b"\x24\x24", b"\x24\x24\x56", b"\x24\x24\x57\x13", GOOD[:11], b"h::")
)
_GARBAGE = st.lists(_FRAGMENTS | st.binary(max_size=30)).map(b"".join)


def assert_valid(parts: list[bytes]) -> None:
    """Check what comes out by its own bytes, without the code under test."""
    scanner = FrameScanner()
    whole = b"".join(parts)
    for part in parts:
        for each in scanner.feed(part):
            assert each.raw in whole
            if each.raw == SPACER:
                continue
            assert each.raw[:2] == b"$$"
            assert each.raw[2] in (0x56, 0x57, 0x58)
            assert each.raw[3] == len(each.raw) <= LONGEST
            assert sum(each.raw[:-1]) % 256 == each.raw[-1]
        assert len(scanner.buffer) < LONGEST


@given(sliced(st.binary(max_size=1500)))
def test_any_bytes_in_any_slices_make_nothing_invalid(parts: list[bytes]) -> None:
    assert_valid(parts)


@given(sliced(_GARBAGE))
def test_fragments_in_any_slices_make_nothing_invalid(parts: list[bytes]) -> None:
    assert_valid(parts)


@given(sliced(_GARBAGE.map(lambda garbage: garbage + GOOD + bytes(LONGEST))))
def test_the_frame_behind_any_garbage_is_found(parts: list[bytes]) -> None:
    garbage = b"".join(parts)[: -LONGEST - len(GOOD)]
    found = [each.raw for each in scan(parts)]
    # Only a frame whose sum fits by chance may reach into it.
    assert GOOD in found or any(raw not in garbage for raw in found)


@given(sliced(st.binary(max_size=300)))
def test_slices_make_no_difference(parts: list[bytes]) -> None:
    assert scan(parts) == scan([b"".join(parts)])


def test_commands_are_told_apart() -> None:
    assert all(first < second for first, second in pairwise(sorted(Command)))
