"""What is heard on a line before anything is asked, and who speaks on a bus that has a master.

Source: docs/devices/jk_bms.md, "A bus with a master" and "Stray bytes".
"""

import asyncio
import time

from ...links.link import Link
from ..device import Found, Identity, Progress
from . import listener
from .frame import FrameScanner
from .listener import MASTER, BusListener
from .modbus_frame import Asked, Content, SpeechScanner, Spoken
from .stray import is_stray

# A board may say something unasked once a minute. A master asks the next one within half a second,
# so one that spoke is heard again in this time.
LISTEN_ON = 4.0
# Said again, it is a master.
SIGNS = 2
# How often a whole cycle is listened to at most, for boards of which no good frame came, and how
# long altogether, in seconds.
ROUNDS = 3
LONGEST = 45.0
STEP = 0.05


class Heard:
    """Something that was heard on a line on which nobody was asked."""

    def __init__(self) -> None:
        """Begin with silence."""
        self.data = bytearray()
        self._noise = bytearray()
        self._speech = SpeechScanner(on_noise=self._noise.extend)
        self._questions = self._turns = 0
        self.is_speech = False

    def feed(self, data: bytes) -> None:
        """Take in bytes as they come."""
        self.data += data
        for frame in self._speech.feed(data):
            self.is_speech = True
            self._questions += isinstance(frame, Asked)
            match frame:
                case Spoken(address, Content.STATUS) if address == MASTER:
                    self._turns += 1

    @property
    def is_master(self) -> bool:
        """Whether somebody asks the boards, or the one with address 0 tells of itself by turns."""
        return max(self._questions, self._turns) >= SIGNS

    @property
    def is_talk(self) -> bool:
        """Whether something talks by itself that is no board."""
        self._speech.flush()
        classic = FrameScanner()
        known = classic.feed(bytes(self.data)) + classic.flush()
        return not known and not is_stray(bytes(self._noise))


async def hear(link: Link, seconds: float) -> Heard:
    """Listen for some seconds, and on when a board speaks, until it is clear what is there.

    Raises LinkError.
    """
    heard = Heard()
    begin = time.monotonic()
    while not heard.is_master:
        end = begin + (max(seconds, LISTEN_ON) if heard.is_speech else seconds)
        if (left := end - time.monotonic()) <= 0:
            break
        heard.feed(await link.read(left))
    return heard


async def overhear(link: Link, progress: Progress) -> Found:
    """Learn who is on a bus that has a master, from a whole cycle of it or more.

    Raises LinkError or DeviceError.
    """
    device = BusListener(link, Identity(variant=listener.VARIANT, serials={}))
    end = time.monotonic() + LONGEST
    try:
        await device.start()
        while time.monotonic() < end and (
            not device.cycle.rounds or (device.unread and device.cycle.rounds < ROUNDS)
        ):
            progress(1 - (end - time.monotonic()) / LONGEST)
            await asyncio.sleep(STEP)
    finally:
        await device.close()
    serials: dict[str, str | None] = dict.fromkeys(sorted(device.units, key=int))
    return Found(
        identity=Identity(variant=listener.VARIANT, serials=serials),
        units=tuple(device.units[key] for key in serials),
        looks=device.cycle.rounds,
    )
