"""Taking a VE.Direct stream apart: text blocks, and HEX frames that stand anywhere in them.

Source: docs/vedirect.md, "Text blocks" and "HEX frames".
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto
import re

from ...links.health import LinkHealth
from ..framing import Noise, ignore
from .hex import HexFrame, parse

CR, LF, TAB, COLON = 0x0D, 0x0A, 0x09, 0x3A
CHECKSUM = "Checksum"
USUAL_FIRST = "PID"
LONGEST_LABEL = len(CHECKSUM)
LONGEST_VALUE = 32
MOST_FIELDS = 22
# The longest frame known has 114 characters.
LONGEST_HEX = 130
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_NO_DIGIT = re.compile(rb"[^0-9a-fA-F]")
_WHOLE_FRAME = re.compile(rb"[0-9a-fA-F]{,%d}\n" % (LONGEST_HEX - 1))


@dataclass(frozen=True, slots=True)
class Block:
    """A text block whose checksum is right: labels and values as they came."""

    fields: dict[str, str]
    raw: bytes


class _Place(IntEnum):
    """Where in a text block the next byte belongs."""

    OUTSIDE = auto()
    LINE_FEED = auto()
    LABEL = auto()
    VALUE = auto()
    CHECKSUM = auto()


# What ends a run of bytes that need no look at each of them.
_ENDS = {
    _Place.OUTSIDE: re.compile(rb"[\r:]"),
    _Place.LABEL: re.compile(rb"[\t\r:]"),
    _Place.VALUE: re.compile(rb"[\r:]"),
}
_LONGEST = {_Place.LABEL: LONGEST_LABEL, _Place.VALUE: LONGEST_VALUE}


class StreamParser:
    """Splits a stream into blocks and frames, in any slices.

    A frame may interrupt a block at every place but one: where the checksum byte is due, a colon
    is that byte. The bytes of frames take no part in the checksum.

    Where a block breaks off, its bytes are looked through again after its first one, since a
    good block may have begun there. Only one with the usual first label counts then: the sum has
    8 bits, and taking every field of a damaged block for a beginning would give damage many
    chances to pass.

    Keeps one block and one frame at most. Never raises.
    """

    def __init__(
        self, health: LinkHealth | None = None, on_noise: Callable[[bytes], None] = ignore
    ) -> None:
        """Count into `health`; hand the beginning of each run of noise to `on_noise`."""
        self.health = health or LinkHealth()
        self._noise = Noise(self.health, on_noise)
        self._hex: bytearray | None = None
        self._place = _Place.OUTSIDE
        self._raw = bytearray()
        self._text = bytearray()
        self._label = ""
        self._fields: dict[str, str] = {}
        # The label that blocks begin with, and whether this one was begun on the second look.
        self._first = USUAL_FIRST
        self._second_look = False
        # The first block after opening is nearly always half of one, which is no error.
        self._started = False

    def feed(self, data: bytes) -> list[Block | HexFrame]:
        """Take in bytes and return what is complete now."""
        found: list[Block | HexFrame] = []
        queue = bytearray(data)
        index = seen = 0
        while index < len(queue):
            if run := self._take_run(queue, index):
                index += run
                continue
            byte = queue[index]
            index += 1
            if self._hex is not None and self._take_hex(byte, found):
                continue
            if byte == COLON and self._place is not _Place.CHECKSUM:
                self._hex = bytearray((byte,))
                index += self._take_whole_frame(queue, index, found)
            elif not self._take_text(byte, found, again=index <= seen):
                # Bytes up to `seen` have been looked at before and count for no new error.
                if self._place is _Place.CHECKSUM and index > seen:
                    self.health.checksum_errors += self._started
                    self._started = True
                again = self._raw[1:]
                self._noise.add(self._raw[:1])
                self._clear()
                queue[index:index] = again
                seen = max(index, seen) + len(again)
        return found

    def _take_run(self, queue: bytearray, index: int) -> int:
        """Take the bytes at once that end nothing where they stand; return how many they are.

        What would grow too long is left to be taken byte by byte, up to the one that is too many.
        """
        place = self._place
        in_frame = self._hex is not None
        if not in_frame and place not in _ENDS:
            return 0
        most = index + LONGEST_HEX
        end = (_NO_DIGIT if in_frame else _ENDS[place]).search(queue, index, most)
        run = queue[index : end.start() if end else most]
        if self._hex is not None:
            if len(self._hex) + len(run) > LONGEST_HEX:
                return 0
            self._hex += run
        elif place is _Place.OUTSIDE:
            self._noise.add(run)
        elif len(self._text) + len(run) > _LONGEST[place]:
            return 0
        else:
            self._text += run
            self._raw += run
        return len(run)

    def _take_whole_frame(self, queue: bytearray, index: int, found: list[Block | HexFrame]) -> int:
        """Take what follows a colon if all of a good frame is there; return its length, else 0."""
        whole = _WHOLE_FRAME.match(queue, index)
        if whole is None or (frame := parse(b":" + whole[0][:-1])) is None:
            return 0
        self._hex = None
        self._found_frame(frame, found)
        return len(whole[0])

    def _found_frame(self, frame: HexFrame, found: list[Block | HexFrame]) -> None:
        self._noise.end()
        self.health.good()
        found.append(frame)

    def _take_hex(self, byte: int, found: list[Block | HexFrame]) -> bool:
        """Take a byte of a frame; return False if the byte belongs to what follows it."""
        text = self._hex or bytearray()
        if byte in _HEX_DIGITS and len(text) < LONGEST_HEX:
            text.append(byte)
            return True
        self._hex = None
        frame = parse(bytes(text)) if byte == LF else None
        if frame:
            self._found_frame(frame, found)
            return True
        self.health.checksum_errors += 1
        # What broke the frame is part of the damage, unless it can begin something new.
        passed_on = byte in (CR, COLON)
        self._noise.add(text if passed_on else text + bytes((byte,)))
        return not passed_on

    def _take_text(self, byte: int, found: list[Block | HexFrame], *, again: bool) -> bool:
        """Take a byte of a block; return False if the block breaks off here."""
        place = self._place
        if place is _Place.OUTSIDE:
            # All that is no CR was taken as a run.
            self._second_look = again
            self._raw.append(byte)
            self._place = _Place.LINE_FEED
            return True
        self._raw.append(byte)
        if place is _Place.VALUE:
            return self._take_value(byte)
        if place is _Place.LABEL:
            return self._take_label(byte)
        if place is _Place.LINE_FEED:
            self._place = _Place.LABEL
            return byte == LF
        if sum(self._raw) & 0xFF:
            return False
        self._started = True
        self._first = next(iter(self._fields), USUAL_FIRST)
        self._noise.end()
        self.health.good()
        found.append(Block(self._fields, bytes(self._raw)))
        self._clear()
        return True

    def _take_label(self, byte: int) -> bool:
        if byte not in (TAB, CR):
            self._text.append(byte)
            return len(self._text) <= LONGEST_LABEL
        self._label = self._text.decode("latin-1")
        self._text.clear()
        if self._second_look and not self._fields and self._label != self._first:
            return False
        self._place = _Place.CHECKSUM if self._label == CHECKSUM else _Place.VALUE
        return byte == TAB and len(self._fields) < MOST_FIELDS

    def _take_value(self, byte: int) -> bool:
        if byte != CR:
            self._text.append(byte)
            return len(self._text) <= LONGEST_VALUE
        self._fields[self._label] = self._text.decode("latin-1")
        self._text.clear()
        self._place = _Place.LINE_FEED
        return True

    def _clear(self) -> None:
        self._place = _Place.OUTSIDE
        self._raw = bytearray()
        self._text = bytearray()
        self._label = ""
        self._fields = {}
