"""Plain Modbus, which boards of the newer generation share with other devices on a bus.

Source: docs/devices/jk_bms.md, "Telling the generations apart".
"""

from ..crc import crc

# Ten registers from 0x1200 on, which are cells in mV.
QUESTION = bytes.fromhex("031200000A")
ANSWER = b"\x03\x14"
SIZE = 25
EXCEPTION_SIZE = 5
HIGHEST_CELL = 5000


def plain_request(address: str) -> bytes:
    """Build the question for the first registers of a board, in plain Modbus."""
    body = bytes((int(address),)) + QUESTION
    return body + crc(body)


def is_plain_answer(data: bytes, address: str) -> bool:
    """Tell whether these bytes are the cells that a plain request asks for."""
    frame = _answer(data, bytes((int(address),)) + ANSWER, SIZE)
    cells = [int.from_bytes(frame[at : at + 2]) for at in range(3, len(frame) - 2, 2)]
    return bool(cells) and max(cells) <= HIGHEST_CELL


def is_foreign_answer(data: bytes, address: str) -> bool:
    """Tell whether a Modbus device that is no board answers a plain request."""
    if is_plain_answer(data, address):
        return False
    head = bytes((int(address),))
    return bool(_answer(data, head + ANSWER, SIZE) or _answer(data, head + b"\x83", EXCEPTION_SIZE))


def _answer(data: bytes, head: bytes, size: int) -> bytes:
    """Return the frame of this size that begins so and has a right checksum, b"" if none does."""
    start = data.find(head)
    frame = data[start : start + size] if start >= 0 else b""
    return frame if len(frame) == size and crc(frame[:-2]) == frame[-2:] else b""
