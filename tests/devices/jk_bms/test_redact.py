"""Nothing secret is kept, and what is kept still decodes."""

from hypothesis import given, strategies as st

from custom_components.cellwire.devices.jk_bms.fields import split
from custom_components.cellwire.devices.jk_bms.frame import READ_ALL_REQUESTS, build
from custom_components.cellwire.devices.jk_bms.reading import to_unit
from custom_components.cellwire.devices.jk_bms.recipes import PLAIN, UNLOCKED
from custom_components.cellwire.devices.jk_bms.redact import (
    redact_classic,
    redact_data,
    redact_request,
    scrub,
)
from custom_components.cellwire.devices.jk_bms.switches import SWITCHES
from tests.bench.captures import reply
from tests.bench.jk_bms import edit, recorded_board

from .test_frame import frame_of
from .test_modbus import spoken_of

RECORDED = reply("real_16s_sw11.26_idle")
SECRET = b"S3cret#pw!"


def test_a_classic_frame_keeps_everything_but_the_password() -> None:
    frame = frame_of(edit(RECORDED, {0xB2: SECRET.hex()}))
    assert SECRET in frame.raw
    redacted = frame_of(redact_classic(frame))
    assert SECRET not in redacted.raw
    assert b"Armins" in frame.raw
    assert b"Armins" not in redacted.raw
    before, after = split(frame.info).values, split(redacted.info).values
    assert {key for key in before if before[key] != after[key]} == {0xB4, 0xBA}
    assert to_unit(split(redacted.info)) == to_unit(split(frame.info))
    assert len(redacted.raw) == len(frame.raw)


def test_a_frame_without_a_password_stays_as_it_is() -> None:
    frame = frame_of(bytes.fromhex("4E5700150000000003000180001A0000000068000001C0"))
    assert redact_classic(frame) == frame.raw


def test_a_request_loses_its_password_and_others_stay_as_they_are() -> None:
    request = build(5, 2, 0, b"\xb2" + SECRET)
    assert redact_request(request) == build(5, 2, 0, b"\xb2" + bytes(10))
    for each in (UNLOCKED.unlock, PLAIN.request(SWITCHES[0], on=True), *READ_ALL_REQUESTS):
        assert redact_request(each) == each


def test_an_about_frame_loses_its_pin_password_and_serial_number() -> None:
    board = recorded_board("pb_real_8s_sw15.10_addr1", "SN1234567890")
    about = board.frames[3]
    assert about is not None
    assert b"SN1234567890" in about
    assert b"123456" in about
    redacted = redact_data(about)
    assert b"SN1234567890" not in redacted
    assert b"1234" not in redacted
    assert b"ATR BMS" in about
    assert b"ATR BMS" not in redacted
    assert b"JK_PB2A16S15P" in redacted
    assert sum(redacted[:-1]) % 256 == redacted[-1]


def test_other_data_frames_stay_as_they_are() -> None:
    for content, data in recorded_board("pb_real_8s_sw15.10_addr1").frames.items():
        if content != 3:
            assert data is not None
            assert redact_data(data) == data
    assert spoken_of("pb_real_8s_sw15.10_addr1")


@given(st.integers(0, len(RECORDED)), st.integers(0, len(RECORDED)), st.booleans())
def test_no_part_of_a_frame_gives_the_password_away(start: int, end: int, damaged: bool) -> None:  # noqa: FBT001
    data = bytearray(edit(RECORDED, {0xB2: SECRET.hex()}))
    if damaged:
        data[20] ^= 0xFF
    kept = scrub(bytes(data[start:end]))
    assert len(kept) == len(data[start:end])
    for size in (4, 6, 10):
        for at in range(len(SECRET) - size + 1):
            assert SECRET[at : at + size] not in kept


def test_short_and_binary_passwords_go_too() -> None:
    for secret in (b"ab" + bytes(8), bytes(range(200, 210))):
        data = edit(RECORDED, {0xB2: secret.hex()})
        at = data.index(secret)
        assert scrub(data[30:])[at - 30 : at - 20] == bytes(10)
        assert scrub(data[at:])[:10] == bytes(10)
