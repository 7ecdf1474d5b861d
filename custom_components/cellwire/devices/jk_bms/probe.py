"""Which JK-BMS is on the other end, if any.

The order disturbs least: listen, then the classic question, then the newer ones at every address,
the same at the other line speed, then that of boards that can't be read
(docs/devices/jk_bms.md, "Telling the generations apart").
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from ...links.link import Link
from ..device import Device, Found, Identity, Line, LinkFactory, Progress
from ..errors import BadAnswer, DeviceError, NoAnswer, OnlyEcho, OtherDevice
from ..hearing import Speaker, listen
from . import classic, listener, modbus, plain_bus
from .classic import ClassicDevice
from .frame import FrameScanner
from .listener import BusListener
from .modbus import BusDevice
from .modbus_frame import Asked, SpeechScanner, Spoken
from .overhear import hear, overhear
from .plain_bus import PlainBus
from .search_bus import search_bus
from .words import NAME

BAUDRATE = 115200
# UART protocol 013 of the newer generation, and boards of before.
SLOW = Line(9600)
LISTEN = 1.0

OLD_REQUEST = bytes.fromhex("DDA50300FFFD77")
OLD_TIMEOUT = 1.0

CLASSIC_NAME = "JK-BMS (classic protocol, 4E 57)"
MODBUS_NAME = "JK-BMS (newer generation, protocol 001)"
OLD_NAME = "JK-BMS with software before 6.0, or JBD board (DD A5), which can't be read"

type _Search = Callable[[Link, Progress], Awaitable[Found]]


def recognise(data: bytes) -> Speaker | None:
    """Name the generation that some received bytes come from, None if it is no JK-BMS."""
    frames = FrameScanner()
    if any(frame.is_reply for frame in frames.feed(data) + frames.flush()):
        return Speaker(CLASSIC_NAME)
    speech = SpeechScanner()
    if any(isinstance(frame, Spoken | Asked) for frame in speech.feed(data) + speech.flush()):
        return Speaker(MODBUS_NAME)
    return Speaker(OLD_NAME, is_ours=False) if is_old_answer(data) else None


def is_old_answer(data: bytes) -> bool:
    """Tell whether a DD A5 board answers: DD, command, status, length, data, checksum, 77."""
    start = data.find(b"\xdd\x03\x00")
    frame = data[start : start + data[start + 3] + 7] if 0 <= start < len(data) - 3 else b""
    return frame[-1:] == b"\x77" and (sum(frame[2:-3]) + int.from_bytes(frame[-3:-1])) % 65536 == 0


def create(link: Link, identity: Identity) -> Device:
    """Make the device for an entry."""
    variants: dict[str, type[ClassicDevice | BusDevice | BusListener]] = {
        classic.VARIANT: ClassicDevice,
        modbus.VARIANT: BusDevice,
        plain_bus.VARIANT: PlainBus,
        listener.VARIANT: BusListener,
    }
    return variants[identity.variant](link, identity)


async def probe(link_for: LinkFactory, progress: Progress) -> Found:
    """Find out which generation answers, and where.

    Raises LinkError; OtherDevice for a board that can't be read; NoAnswer, BadAnswer, OnlyEcho or
    another DeviceError.
    """
    return await _probe(link_for, progress, partial(search_bus, careful=False))


async def detect(link_for: LinkFactory, progress: Progress) -> Found:
    """Do the same where anything may be on the line."""
    return await _probe(link_for, progress, partial(search_bus, careful=True))


async def _probe(link_for: LinkFactory, progress: Progress, search: _Search) -> Found:
    link = link_for(Line(BAUDRATE))
    # Any answer can be lost. A poll asks a second time as well.
    usual = (_search_classic, search, _search_classic)
    if not link.has_line:
        # The speed is that of the other end, whatever is asked for here.
        return await _look(link, (*usual, _search_old), progress)
    try:
        return await _look(link, usual, _part(progress, 0, 2))
    except (NoAnswer, BadAnswer, OnlyEcho) as err:
        problem: DeviceError = err
    try:
        found = await _look(link_for(SLOW), (search, _search_old), _part(progress, 1, 2))
    except (NoAnswer, BadAnswer, OnlyEcho) as err:
        raise _more_telling(problem, err) from err
    return replace(found, line=SLOW)


async def _look(link: Link, searches: Sequence[_Search], progress: Progress) -> Found:
    """Search in one way after the other at one speed of the line, if nobody else speaks there."""
    try:
        await link.open()
        heard = await hear(link, LISTEN)
        if heard.is_master:
            await link.close()
            return await overhear(link, progress)
        if heard.is_talk:
            raise BadAnswer(NAME, bytes(heard.data))
        problem: DeviceError = NoAnswer(NAME)
        for count, search in enumerate(searches):
            try:
                return await search(link, _part(progress, count, len(searches)))
            except (NoAnswer, BadAnswer, OnlyEcho) as err:
                problem = _more_telling(problem, err)
        raise problem
    finally:
        await link.close()


def _more_telling(first: DeviceError, then: DeviceError) -> DeviceError:
    """Return the error to show: bytes tell more than silence, and the first ones most."""
    return then if isinstance(first, NoAnswer) else first


def _part(progress: Progress, done: int, count: int) -> Progress:
    """Return the progress of one of several parts."""
    return lambda share: progress((done + share) / count)


async def _search_classic(link: Link, progress: Progress) -> Found:
    progress(0.0)
    identity = Identity(variant=classic.VARIANT, serials={classic.UNIT: None})
    device = ClassicDevice(link, identity)
    await device.greet()
    return Found(identity=identity, units=tuple(device.units.values()))


async def _search_old(link: Link, progress: Progress) -> Found:
    progress(0.0)
    await link.write(OLD_REQUEST)
    heard = await listen(link, OLD_TIMEOUT)
    if is_old_answer(heard):
        raise OtherDevice(NAME, OLD_NAME)
    raise BadAnswer(NAME, heard) if heard else NoAnswer(NAME)
