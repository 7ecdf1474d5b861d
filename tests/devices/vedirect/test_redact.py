"""Serial numbers are not kept, and what is kept still decodes."""

from custom_components.cellwire.devices.vedirect.hex import parse
from custom_components.cellwire.devices.vedirect.redact import (
    redact_block,
    redact_frame,
    scrub,
)
from custom_components.cellwire.devices.vedirect.stream import Block, StreamParser
from tests.bench.victron_charger import SERIAL, hex_frame, recorded_seconds


def test_a_block_keeps_everything_but_the_serial_number() -> None:
    (block,) = [
        item for item in StreamParser().feed(recorded_seconds()[3]) if isinstance(item, Block)
    ]
    assert SERIAL.encode() in block.raw
    redacted = redact_block(block)
    assert SERIAL.encode() not in redacted
    (again,) = StreamParser().feed(redacted)
    assert isinstance(again, Block)
    assert again.fields == block.fields | {"SER#": "X" * len(SERIAL)}


def test_frames_lose_what_tells_of_the_owner() -> None:
    for register in (0x010A, 0x010C, 0xEC30):
        data = register.to_bytes(2, "little") + b"\0" + SERIAL.encode()
        frame = parse(hex_frame(7, data).strip())
        assert frame is not None
        kept = parse(redact_frame(frame).strip())
        assert kept is not None
        assert (kept.register, kept.value) == (register, bytes(len(SERIAL)))
    for other in (b":A0102000543", b":51641F9"):
        frame = parse(other)
        assert frame is not None
        assert redact_frame(frame).strip() == other


def test_noise_loses_what_looks_like_a_serial_number() -> None:
    noise = b"ER#\tHQ2230XY6XR\r\nV\t28680:70A0100" + SERIAL.encode().hex().upper().encode()
    kept = scrub(noise)
    assert len(kept) == len(noise)
    assert SERIAL.encode() not in kept
    assert SERIAL.encode().hex().upper().encode() not in kept
    assert b"28680" in kept
