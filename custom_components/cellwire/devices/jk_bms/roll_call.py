"""Calling every address of a bus and hearing who answers, without waiting long for any of them.

An answer says whose it is, so one that comes while others are called counts as well. What was found
here is then asked as a poll would ask it (docs/devices/jk_bms.md, "Telling the generations apart").
"""

from collections import deque
from collections.abc import Iterable
import time

from ...links.link import Link
from ..device import Progress
from ..errors import BadAnswer, DeviceError, NoAnswer, OnlyEcho
from .modbus import READ_TIMEOUT, SLAVES
from .modbus_frame import Content, Speech, SpeechScanner, Spoken, trigger
from .plain import PlainScanner, Registers, are_cells, can_be_cells, plain_request
from .stray import is_stray
from .words import NAME

# Address 0 is a master's. For other Modbus devices it means all of them, so it comes last.
MASTER = "0"
ADDRESSES = (*SLAVES, MASTER)
# Boards begin to answer within 50 ms.
WINDOW = 0.12
# While an answer comes, nobody else is called; the longest one takes 0.4 s at 9600 baud.
GAP = 0.05
LONGEST_ANSWER = 0.6
# A damaged answer may be that of any of the last so many that were called: a poll waits for 0.5 s.
LATE = 3


class RollCall:
    """Knows after some rounds who is on the bus.

    To other Modbus devices a trigger is a write, so no address gets one at which one of them
    answered a read.
    """

    def __init__(self, link: Link) -> None:
        """Call over an open link, on which nobody else speaks."""
        self._link = link
        self._speech = SpeechScanner()
        self._plain = PlainScanner()
        self._requests: list[bytes] = []
        # Whose answer may come now.
        self._called: deque[str] = deque(maxlen=LATE)
        # Boards that answered a trigger, or something that could not be understood.
        self.present: set[str] = set()
        self.doubtful: set[str] = set()
        # Boards that answered a read, and other devices that did.
        self.readable: set[str] = set()
        self.strangers: set[str] = set()
        self._heard = bytearray()
        self._echoed = False

    async def round(self, contents: Iterable[Content], progress: Progress) -> None:
        """Call all that did not answer yet, with a read and these triggers. Raises LinkError."""
        contents = tuple(contents)
        for count, address in enumerate(ADDRESSES):
            progress(count / len(ADDRESSES))
            if address in self.present or (address == MASTER and self.strangers):
                continue
            self._called.append(address)
            await self._say(plain_request(address), READ_TIMEOUT)
            for content in contents:
                if address not in self.strangers:
                    await self._say(trigger(int(address), content), WINDOW)
        self._note(self._speech.flush(), self._plain.flush())

    @property
    def candidates(self) -> list[str]:
        """Addresses that are worth to be asked for longer."""
        return [
            address
            for address in ADDRESSES
            if address in (self.present | self.doubtful) - self.strangers
        ]

    @property
    def problem(self) -> DeviceError:
        """What to say if nobody was found."""
        if self._heard:
            return BadAnswer(NAME, bytes(self._heard))
        return OnlyEcho(NAME) if self._echoed else NoAnswer(NAME)

    async def _say(self, request: bytes, window: float) -> None:
        await self._link.write(request)
        # An echo may come a moment later, behind the next request.
        self._requests = [*self._requests[-1:], request]
        heard = await self._listen(window)
        found = self._note(self._speech.feed(heard), self._plain.feed(heard))
        rest = heard
        for said in self._requests:
            self._echoed = self._echoed or said in rest
            rest = rest.replace(said, b"", 1)
        self._heard += rest
        if not found and not is_stray(rest):
            self.doubtful.update(self._called)

    async def _listen(self, window: float) -> bytes:
        """Return what comes within a window, and then until it pauses."""
        begin = time.monotonic()
        end = begin + window
        heard = bytearray()
        while (left := end - time.monotonic()) > 0:
            if data := await self._link.read(left):
                heard += data
                end = min(max(end, time.monotonic() + GAP), begin + LONGEST_ANSWER)
        return bytes(heard)

    def _note(self, speech: Iterable[Speech], answers: Iterable[Registers]) -> bool:
        """Take in who answered; tell whether anybody did."""
        spoken = {str(frame.address) for frame in speech if isinstance(frame, Spoken)}
        self.present |= spoken
        told = False
        for answer in answers:
            told = True
            address = str(answer.address)
            if not can_be_cells(answer):
                self.strangers.add(address)
            elif are_cells(answer):
                self.readable.add(address)
        return told or bool(spoken)
