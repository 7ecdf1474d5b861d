"""Takes serial numbers out of raw bytes before they are kept for diagnostics."""

import re

from .hex import HexFrame, build
from .stream import Block

# Serial number, the owner's own name for the device (it holds the serial number at first), and
# the lists of neighbours in its Bluetooth network.
_PERSONAL = frozenset((0x010A, 0x010C, 0xEC20, 0xEC30, 0xEC31, 0xEC32, 0xEC33))
_SERIAL_FIELD = re.compile(rb"(?<=SER#\t)[^\r]*")
_SERIAL_LIKE = re.compile(rb"[A-Z]{2}\d{4}[0-9A-Z]*|[0-9A-Fa-f]{20,}")


def redact_block(block: Block) -> bytes:
    """Return a text block without its serial number, with a checksum that fits again."""
    text = _SERIAL_FIELD.sub(lambda match: b"X" * len(match[0]), block.raw[:-1])
    return text + bytes((-sum(text) & 0xFF,))


def redact_frame(frame: HexFrame) -> bytes:
    """Return a frame, without its value where that tells of the owner."""
    if frame.names_register and frame.register in _PERSONAL:
        return build(frame.command, frame.data[:3] + bytes(len(frame.value)))
    return build(frame.command, frame.data)


def scrub(noise: bytes) -> bytes:
    """Blank what looks like a serial number in bytes that made no frame or block."""
    return _SERIAL_LIKE.sub(lambda match: b"X" * len(match[0]), noise)
