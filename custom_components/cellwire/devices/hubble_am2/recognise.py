"""What can be heard on the wrong socket, or on a line that has a master already.

Source: docs/devices/hubble_am2.md, "Other protocols on the same sockets".
"""

import re

from ..crc import crc
from ..hearing import Speaker

ASCII_NAME = "the battery link or RS232 port of a PACE pack (use its RS485 socket)"
MODBUS_NAME = "a Modbus bus on which another master asks already"

# Protocol 2.5, address, battery data, command or status, length and data, sum.
_ASCII = re.compile(rb"~(25[0-9A-F]{2}46[0-9A-F]{6,})([0-9A-F]{4})\r")
# A request to read holding registers is told from the answer by its length and its checksum.
_READ = re.compile(rb"[\x01-\xf7]\x03", re.DOTALL)
_REQUEST = 8
LONGEST = _REQUEST + 256


def recognise(data: bytes) -> Speaker | None:
    """Name what a pack's other sockets say, or a foreign Modbus master; None for the rest."""
    if any(_sum(match[1]) == match[2] for match in _ASCII.finditer(data)):
        return Speaker(ASCII_NAME, is_ours=False)
    if any(_is_exchange(data[match.start() :][:LONGEST]) for match in _READ.finditer(data)):
        return Speaker(MODBUS_NAME, is_ours=False)
    return None


def _sum(frame: bytes) -> bytes:
    """Return the checksum of an ASCII frame: what makes the sum of all characters zero."""
    return f"{-sum(frame) & 0xFFFF:04X}".encode()


def _is_exchange(data: bytes) -> bool:
    """Tell whether these bytes begin with a request and the answer that fits it."""
    size = 2 * int.from_bytes(data[4:6])
    request, answer = data[:_REQUEST], data[_REQUEST : _REQUEST + size + 5]
    return (
        0 < size <= 250
        and len(answer) == size + 5
        and answer[:3] == request[:2] + bytes((size,))
        and crc(request[:-2]) == request[-2:]
        and crc(answer[:-2]) == answer[-2:]
    )
