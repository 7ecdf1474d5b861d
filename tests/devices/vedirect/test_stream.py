"""Text blocks and HEX frames in one stream."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.vedirect.hex import HexFrame, parse
from custom_components.cellwire.devices.vedirect.stream import (
    LONGEST_HEX,
    LONGEST_LABEL,
    LONGEST_VALUE,
    MOST_FIELDS,
    Block,
    StreamParser,
)
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import capture, recording
from tests.bench.victron_charger import block, hex_frame
from tests.streams import sliced

FAMILY = "victron_charger"
STREAM = "02_ip22_24_12_fw342_stream"
CASES: list[dict[str, Any]] = next(
    value for value in capture(FAMILY, "07_parser_edge_cases").values() if isinstance(value, list)
)
BLOCK = block(PID="0xA334", V="28680", I="9000", CS="3")
FRAME = hex_frame(0xA, bytes.fromhex("01020005"))


def parse_all(parts: list[bytes], parser: StreamParser | None = None) -> list[Block | HexFrame]:
    parser = parser or StreamParser()
    return [item for part in parts for item in parser.feed(part)]


def blocks(items: list[Block | HexFrame]) -> list[dict[str, str]]:
    return [item.fields for item in items if isinstance(item, Block)]


def frames(items: list[Block | HexFrame]) -> list[HexFrame]:
    return [item for item in items if isinstance(item, HexFrame)]


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_the_recorded_stream_in_any_slices(size: int) -> None:
    expected = capture(FAMILY, STREAM)
    health = LinkHealth()
    items = parse_all(pieces(recording(FAMILY, STREAM), size), StreamParser(health))
    assert blocks(items) == [each["fields"] for each in expected["blocks"]]
    assert len(frames(items)) == expected["hex_frames"] == 1305
    by_register: dict[str, int] = {}
    for frame in frames(items):
        name = f"0x{frame.register:04X}"
        by_register[name] = by_register.get(name, 0) + 1
    assert by_register == expected["hex_frames_by_register"]
    assert health.checksum_errors == health.discarded_bytes == 0
    assert health.good_frames == 52 + 1305


def test_the_recorded_frame_errors() -> None:
    name = "05_ip22_24_16_frame_errors"
    expected = capture(FAMILY, name)["hex_frames"]
    items = parse_all([recording(FAMILY, name)])
    assert frames(items) == items == [parse(each["frame"].encode()) for each in expected]
    assert [frame.command for frame in frames(items)] == [each["command"] for each in expected]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_constructed_streams(case: dict[str, Any], size: int) -> None:
    items = parse_all(pieces(bytes.fromhex(case["stream_hex"]), size))
    assert blocks(items) == case["valid_blocks"]
    assert frames(items) == [parse(frame.encode()) for frame in case["valid_frames"]]


@pytest.mark.parametrize("at", range(len(BLOCK) + 1))
def test_a_frame_may_stand_at_any_place_but_before_the_checksum(at: int) -> None:
    items = parse_all([BLOCK[:at] + FRAME + BLOCK[at:] + BLOCK])
    if at == len(BLOCK) - 1:
        assert blocks(items) == [{"PID": "0xA334", "V": "28680", "I": "9000", "CS": "3"}]
        return
    assert len(blocks(items)) == 2
    assert len(frames(items)) == 1


@pytest.mark.parametrize(
    "damaged",
    [
        BLOCK[:-1] + b"\x00",
        b"\r\n" + b"L" * (LONGEST_LABEL + 1) + b"\t1",
        b"\r\nV\t" + b"1" * (LONGEST_VALUE + 1),
        b"".join(b"\r\nL%d\t1" % number for number in range(MOST_FIELDS + 1)),
        b"\r\nPID",
        b"\rPID",
        b"\r",
        b"\r\nChecksum\t",
        b"\r\nX\t1",
        BLOCK[: len(BLOCK) // 2],
        b":" + b"A" * (LONGEST_HEX + 5),
        b":A010200",
        b":",
    ],
    ids=lambda damaged: repr(damaged[:24]),
)
def test_the_block_behind_any_damage_is_found(damaged: bytes) -> None:
    items = parse_all([damaged + BLOCK])
    assert blocks(items)[-1:] == [{"PID": "0xA334", "V": "28680", "I": "9000", "CS": "3"}]


def test_the_first_half_block_is_no_error_but_the_next_one_is() -> None:
    health = LinkHealth()
    parse_all([BLOCK[5:-1] + b"\x00" + BLOCK[:-1] + b"\x00" + BLOCK], StreamParser(health))
    assert health.checksum_errors == 1


def test_damage_is_counted_and_handed_on() -> None:
    health, noise = LinkHealth(), list[bytes]()
    parser = StreamParser(health, noise.append)
    items = parser.feed(b"\x00\xff" + FRAME + b":A01zz\n" + FRAME + b":A0102000544\n" + BLOCK)
    assert len(items) == 3
    assert noise == [b"\x00\xff", b":A01zz\n", b":A0102000544\n"]
    assert health.checksum_errors == 2
    assert health.resyncs == 3
    assert health.discarded_bytes == sum(map(len, noise))


@given(sliced(st.binary(max_size=1500)))
def test_any_bytes_in_any_slices_make_nothing_invalid(parts: list[bytes]) -> None:
    assert_valid(parts)


_FRAGMENTS = st.sampled_from(
    (BLOCK, FRAME, b"\r\n", b"\r", b"\t", b":", b"\n", b"\r\nChecksum\t", b"V\t28680", BLOCK[:40])
)


@given(sliced(st.lists(_FRAGMENTS | st.binary(max_size=5)).map(b"".join)))
def test_fragments_in_any_slices_make_nothing_invalid(parts: list[bytes]) -> None:
    assert_valid(parts)


@given(sliced(st.lists(_FRAGMENTS | st.binary(max_size=30)).map(lambda g: b"".join(g) + BLOCK)))
def test_the_block_behind_any_garbage_is_found(parts: list[bytes]) -> None:
    items = parse_all(parts)
    assert isinstance(items[-1], Block)
    # What broke off in front may carry on into it, if its sum happens to be zero.
    assert items[-1].raw.endswith(BLOCK)


@given(sliced(st.lists(_FRAGMENTS | st.binary(max_size=30)).map(lambda g: b"".join(g) + FRAME)))
def test_the_frame_behind_any_garbage_is_found(parts: list[bytes]) -> None:
    # Only as the last byte of a block can its colon be lost, and the frame with it until the sum
    # has shown that it was none.
    found = frames(parse_all(parts))
    whole = b"".join(parts)
    if sum(whole.count(part) for part in (b"Checksum\t:",)) == 0:
        assert found[-1] == parse(FRAME.strip())


def assert_valid(parts: list[bytes]) -> None:
    """Check what comes out by its own bytes, without the code under test."""
    parser = StreamParser()
    for part in parts:
        for item in parser.feed(part):
            if isinstance(item, Block):
                assert sum(item.raw) % 256 == 0
                assert item.raw.startswith(b"\r\n")
                assert item.raw[:-1].endswith(b"\r\nChecksum\t")
                assert len(item.fields) <= MOST_FIELDS
            else:
                text = f":{item.command:X}{item.data.hex()}".upper().encode()
                assert text in b"".join(parts).upper()
        assert len(parser._raw) <= (MOST_FIELDS + 2) * (LONGEST_LABEL + LONGEST_VALUE + 4)
        assert len(parser._hex or b"") <= LONGEST_HEX
