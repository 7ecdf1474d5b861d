"""Frames of the newer generation, "JK Modbus" or "PB": a trigger, 300 bytes, an acknowledgement.

The data carry no address. The Modbus acknowledgement right behind them tells who spoke.
Source: docs/devices/jk_bms.md, "The newer generation".
"""

from dataclasses import dataclass
from enum import IntEnum
import re
from typing import override

from ..crc import crc
from ..framing import NEVER, Match, Scanner
from .switches import REGISTERS, Switch

HEADER = b"\x55\xaa\xeb\x90"
SIZE = 300
# Where the layout of the registers begins in the data.
PAYLOAD = 6
HIGHEST_ADDRESS = 15
WRITE_REGISTERS = 0x10
ACK_SIZE = 8
REQUEST_SIZE = 11
# Some adapters put a 00 between the data and the acknowledgement.
PADDING = 2


class Content(IntEnum):
    """What a data frame holds: its fifth byte. The sixth means nothing that is known."""

    SETTINGS = 1
    STATUS = 2
    ABOUT = 3


TRIGGERS = {Content.STATUS: 0x1620, Content.SETTINGS: 0x161E, Content.ABOUT: 0x161C}
_CONTENTS = {register: content for content, register in TRIGGERS.items()}


@dataclass(frozen=True, slots=True)
class Data:
    """A data frame with the right sum; whose it is shows only in what follows."""

    content: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Spoken:
    """Data, or the acknowledgement of a trigger without them, by an address."""

    address: int
    content: Content
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A trigger for an address: the own one, echoed, or that of another master."""

    address: int
    content: Content


@dataclass(frozen=True, slots=True)
class Written:
    """The acknowledgement of a switch by an address. It does not say that the board took it."""

    address: int
    register: int


type Speech = Data | Spoken | Asked | Written


def trigger(address: int, content: Content) -> bytes:
    """Build the request for one kind of data: a write of 0 to its trigger register."""
    request = bytes((address, WRITE_REGISTERS)) + TRIGGERS[content].to_bytes(2) + b"\0\x01\x02\0\0"
    return request + crc(request)


def acknowledgement(address: int, content: Content) -> bytes:
    """Build what a board sends behind its data: without it, nobody knows whose they are."""
    head = trigger(address, content)[: ACK_SIZE - 2]
    return head + crc(head)


def switch_request(address: int, switch: Switch, *, on: bool) -> bytes:
    """Build the request that sets a switch: 32 bits, 0 or 1."""
    request = bytes((address, WRITE_REGISTERS)) + switch.register.to_bytes(2) + b"\0\x02\x04"
    request += on.to_bytes(4)
    return request + crc(request)


class SpeechScanner(Scanner[Speech]):
    """Finds data, acknowledgements and triggers on the bus.

    Data come out twice: as Data when their sum is right, and as Spoken when the acknowledgement
    behind them says whose they are.
    """

    starts = re.compile(rb"\x55(?:\xaa|\Z)|[\x00-\x0f](?:\x10|\Z)")
    _last: Data | None = None
    _last_end = 0

    @override
    def match(self, start: int) -> Match[Speech] | int:
        if self.buffer[start] == HEADER[0]:
            return self._data(start)
        return self._modbus(start)

    def _data(self, start: int) -> Match[Speech] | int:
        raw = bytes(self.buffer[start : start + SIZE])
        if not HEADER.startswith(raw[: len(HEADER)]):
            return NEVER
        if len(raw) < SIZE:
            return SIZE - len(raw)
        if sum(raw[:-1]) & 0xFF != raw[-1]:
            self.health.checksum_errors += 1
            return NEVER
        self._last = Data(raw[4], raw)
        self._last_end = self.origin + start + SIZE
        return Match(SIZE, self._last)

    def _modbus(self, start: int) -> Match[Speech] | int:
        raw = bytes(self.buffer[start : start + REQUEST_SIZE])
        if len(raw) < 4:
            return 4 - len(raw)
        register = int.from_bytes(raw[2:4])
        if register in REGISTERS:
            return _switched(raw, register)
        content = _CONTENTS.get(register)
        return NEVER if content is None else self._triggered(start, raw, content)

    def _triggered(self, start: int, raw: bytes, content: Content) -> Match[Speech] | int:
        if len(raw) < ACK_SIZE:
            return ACK_SIZE - len(raw)
        if _is_acknowledgement(raw):
            return Match(ACK_SIZE, Spoken(raw[0], content, self._spoken(start, content)))
        if crc(raw[:-2]) == raw[-2:] and len(raw) == REQUEST_SIZE:
            return Match(REQUEST_SIZE, Asked(raw[0], content))
        return REQUEST_SIZE - len(raw)

    def _spoken(self, start: int, content: Content) -> bytes | None:
        """Return the data that an acknowledgement at `start` belongs to."""
        data, self._last = self._last, None
        if data is None or data.content != content:
            return None
        return data.raw if self.origin + start - self._last_end <= PADDING else None


def _switched(raw: bytes, register: int) -> Match[Speech] | int:
    if len(raw) < ACK_SIZE:
        return ACK_SIZE - len(raw)
    return Match(ACK_SIZE, Written(raw[0], register)) if _is_acknowledgement(raw) else NEVER


def _is_acknowledgement(raw: bytes) -> bool:
    return crc(raw[: ACK_SIZE - 2]) == raw[ACK_SIZE - 2 : ACK_SIZE]
