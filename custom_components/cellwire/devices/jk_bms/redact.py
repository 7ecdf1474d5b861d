"""Takes passwords, serial numbers and names out of raw bytes before they are kept.

Boards send their password in clear text (docs/devices/jk_bms.md, "Passwords").
"""

import re

from .fields import PASSWORD, PASSWORD_LENGTH, split
from .frame import INFO, Frame, FrameScanner, checksum
from .modbus_frame import Content

# Places in an about frame: Bluetooth name and PIN, serial number, the user's text, settings
# password, the user's second text.
_ABOUT_SECRETS = ((46, 62), (62, 78), (86, 102), (102, 118), (118, 134), (134, 150))

# Bytes that made no frame may still hold a secret: behind the identifier of the password, cut in
# front so that only the identifiers that follow it are left, or as any other readable text.
_LIKELY = re.compile(
    rb"(?s:(?<=\x%x).{1,%d})|(?s:\A.{1,%d}(?=\xb3[\x00\x01]\xb4))|[ -~]{4,}"
    % (PASSWORD, PASSWORD_LENGTH, PASSWORD_LENGTH)
)


def redact_classic(frame: Frame) -> bytes:
    """Return a classic frame without password and user's texts, with a checksum that fits."""
    raw = bytearray(frame.raw)
    for place, length in split(frame.info).personal:
        start = INFO + place
        raw[start : start + length] = bytes(length)
    raw[-2:] = checksum(bytes(raw[:-4])).to_bytes(2)
    return bytes(raw)


def redact_request(request: bytes) -> bytes:
    """Return a classic request without the password that it may hold."""
    return b"".join(redact_classic(frame) for frame in FrameScanner().feed(request))


def redact_data(data: bytes) -> bytes:
    """Return a data frame of the newer generation without its secrets, with a sum that fits."""
    if data[4] != Content.ABOUT:
        return data
    raw = bytearray(data)
    for start, end in _ABOUT_SECRETS:
        raw[start:end] = bytes(end - start)
    raw[-1] = sum(raw[:-1]) & 0xFF
    return bytes(raw)


def scrub(noise: bytes) -> bytes:
    """Blank every place of some noise where a secret may stand, rather too much than too little."""
    return _LIKELY.sub(lambda match: bytes(len(match[0])), noise)
