"""Which JK-BMS is on the other end, if any.

The order disturbs least: listen, then the classic question, then the newer one at every address,
then the ones of boards that can't be read (docs/devices/jk_bms.md, "Telling the generations
apart"). To other Modbus devices the newer question is a write, so no address gets it at which one
of them answers a read.
"""

import asyncio
from functools import partial

from ...links.link import Link
from ..device import Device, Found, Identity, Line, LinkFactory, Progress
from ..errors import BadAnswer, DeviceError, NoAnswer, OnlyEcho, OtherDevice
from ..hearing import Speaker, listen
from . import classic, listener, modbus
from .classic import ClassicDevice
from .frame import FrameScanner
from .listener import BusListener
from .modbus import SCAN_TIMEOUT, SLAVES, BusDevice
from .modbus_frame import Asked, Content, SpeechScanner, Spoken
from .modbus_reading import to_unit
from .plain import is_plain_answer, plain_request
from .words import NAME

BAUDRATE = 115200
OLD_BAUDRATE = 9600
LISTEN = 1.0
# Opening a port may make a few bytes; what sends more talks by itself and is no board.
STRAY = 8
MASTER_CYCLE = 4.4
# Address 0 is a master's. For other Modbus devices it means all of them, so it comes last.
MASTER = "0"

OLD_REQUEST = bytes.fromhex("DDA50300FFFD77")
OLD_TIMEOUT = 1.0

CLASSIC_NAME = "JK-BMS (classic protocol, 4E 57)"
MODBUS_NAME = "JK-BMS (newer generation, protocol 001)"
OLD_NAME = "JK-BMS with software before 6.0, or JBD board (DD A5), which can't be read"
PLAIN_NAME = "JK-BMS (newer generation) that answers plain Modbus only, which can't be read"


def recognise(data: bytes) -> Speaker | None:
    """Name the generation that some received bytes come from, None if it is no JK-BMS."""
    frames = FrameScanner()
    if any(frame.is_reply for frame in frames.feed(data) + frames.flush()):
        return Speaker(CLASSIC_NAME)
    if _speech(data):
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
        listener.VARIANT: BusListener,
    }
    return variants[identity.variant](link, identity)


async def probe(link_for: LinkFactory, progress: Progress) -> Found:
    """Find out which generation answers, and where.

    Raises LinkError; OtherDevice for a board that can't be read; NoAnswer, BadAnswer, OnlyEcho.
    """
    return await _probe(link_for, progress, (*SLAVES, MASTER))


async def detect(link_for: LinkFactory, progress: Progress) -> Found:
    """Do the same where anything may be on the line: no question goes to all Modbus devices."""
    return await _probe(link_for, progress, SLAVES)


async def _probe(link_for: LinkFactory, progress: Progress, addresses: tuple[str, ...]) -> Found:
    link = link_for(Line(BAUDRATE))
    try:
        await link.open()
        heard = await listen(link, LISTEN)
        if _speech(heard):
            await link.close()
            return await _overhear(link, progress)
        if len(heard) > STRAY:
            raise BadAnswer(NAME, heard)
        progress(0.1)
        problem: DeviceError = NoAnswer(NAME)
        search_bus = partial(_search_bus, addresses=addresses)
        for search in (_search_classic, search_bus, _search_plain):
            try:
                return await search(link, progress)
            except (NoAnswer, BadAnswer, OnlyEcho) as err:
                # Bytes tell more than silence, and the first ones most.
                problem = err if isinstance(problem, NoAnswer) else problem
    finally:
        await link.close()
    await _search_old(link_for(Line(OLD_BAUDRATE)))
    raise problem


def _speech(data: bytes) -> list[Spoken | Asked]:
    scanner = SpeechScanner()
    frames = scanner.feed(data) + scanner.flush()
    return [frame for frame in frames if isinstance(frame, Spoken | Asked)]


async def _overhear(link: Link, progress: Progress) -> Found:
    """Learn who is on a bus that has a master, from one cycle of it."""
    identity = Identity(variant=listener.VARIANT, serials={})
    device = BusListener(link, identity)
    try:
        await device.start()
        progress(0.5)
        await asyncio.sleep(MASTER_CYCLE)
    finally:
        await device.close()
    identity = Identity(variant=listener.VARIANT, serials=dict.fromkeys(sorted(device.units)))
    return Found(identity=identity, units=tuple(device.units[key] for key in identity.serials))


async def _search_classic(link: Link, progress: Progress) -> Found:
    identity = Identity(variant=classic.VARIANT, serials={classic.UNIT: None})
    device = ClassicDevice(link, identity)
    await device.greet()
    progress(1.0)
    return Found(identity=identity, units=tuple(device.units.values()))


async def _search_bus(link: Link, progress: Progress, addresses: tuple[str, ...]) -> Found:
    device = BusDevice(link, Identity(variant=modbus.VARIANT, serials=dict.fromkeys(addresses)))
    units = []
    problem: DeviceError = NoAnswer(NAME)
    strangers = 0
    for count, address in enumerate(addresses):
        progress(0.2 + 0.7 * count / len(addresses))
        if address == MASTER and strangers:
            continue
        if await device.is_foreign(address):
            strangers += 1
            continue
        try:
            await device.ask(address, Content.STATUS, SCAN_TIMEOUT)
        except NoAnswer:
            continue
        except DeviceError as err:
            problem = err
            continue
        try:
            about = await device.ask(address, Content.ABOUT)
        except DeviceError:
            # Newer software may keep this to itself.
            about = None
        units.append(to_unit(address, about, None))
    if not units:
        raise problem
    known = [unit.serial for unit in units]
    # A number that two boards share identifies neither.
    serials = {unit.key: unit.serial if known.count(unit.serial) == 1 else None for unit in units}
    return Found(identity=Identity(variant=modbus.VARIANT, serials=serials), units=tuple(units))


async def _search_plain(link: Link, _progress: Progress) -> Found:
    await link.write(plain_request(SLAVES[0]))
    if is_plain_answer(heard := await listen(link, SCAN_TIMEOUT), SLAVES[0]):
        raise OtherDevice(NAME, PLAIN_NAME)
    raise BadAnswer(NAME, heard) if heard else NoAnswer(NAME)


async def _search_old(link: Link) -> None:
    try:
        await link.open()
        await link.write(OLD_REQUEST)
        if is_old_answer(await listen(link, OLD_TIMEOUT)):
            raise OtherDevice(NAME, OLD_NAME)
    finally:
        await link.close()
