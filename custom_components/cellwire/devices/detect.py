"""What is on this port? First listening, then asking, in the order that disturbs least.

Nothing is written to a device: what is asked are the questions by which families are read anyway.
"""

import asyncio
from collections.abc import Iterable
import time

from ..links.link import LinkKind
from ..links.registers import RegisterLink
from .device import AnyFamily, Found, Line, LinkFactory, Progress
from .errors import DeviceError, NothingFound, NotUsable, OtherDevice
from .hearing import Speaker
from .registry import FAMILIES

LIMIT = 30.0
# What talks by itself says something at least every second, and may just have done so.
LISTEN = 2.5
STEP = 0.25
HEARING_LIMIT = 8192
SPEEDS = sorted({family.baudrate for family in FAMILIES.values()}, reverse=True)

# A family, and over which kind of link it was found.
type Detected = tuple[AnyFamily, LinkKind, Found]


async def detect(
    port: str,
    link_for: LinkFactory,
    registers_for: LinkFactory[RegisterLink],
    progress: Progress,
    *,
    has_line: bool = True,
) -> Detected:
    """Find out which device is at the other end of a port, within 30 s.

    `has_line` tells whether the settings of a line can be made there.
    Raises LinkError; NotUsable for something that can be named but not used; NothingFound.
    """
    begin = time.monotonic()

    def tell(_share: float) -> None:
        progress(min(1.0, (time.monotonic() - begin) / LIMIT))

    try:
        async with asyncio.timeout(LIMIT):
            if detected := await _listen(link_for, SPEEDS if has_line else SPEEDS[:1], tell):
                return detected
            if detected := await _ask(link_for, registers_for, tell):
                return detected
    except OtherDevice as err:
        raise NotUsable(err.placeholders["found"]) from err
    except TimeoutError as err:
        raise NothingFound(port) from err
    raise NothingFound(port)


async def _listen(link_for: LinkFactory, speeds: Iterable[int], tell: Progress) -> Detected | None:
    """Find what talks by itself. It is then known for sure, so its own probe has the last word."""
    for speed in speeds:
        link = link_for(Line(speed))
        heard = bytearray()
        try:
            await link.open()
            end = time.monotonic() + LISTEN
            while (left := end - time.monotonic()) > 0:
                heard += await link.read(min(STEP, left))
                tell(0.0)
                if len(heard) > HEARING_LIMIT or _speaker(bytes(heard)):
                    break
        finally:
            await link.close()
        if speaker := _speaker(bytes(heard)):
            family, said = speaker
            if not said.is_ours:
                raise NotUsable(said.name)
            return family, LinkKind.SERIAL, await family.probe(link_for, tell)
    return None


def _speaker(heard: bytes) -> tuple[AnyFamily, Speaker] | None:
    """Return who speaks, and the family that can read it, if any can."""
    speakers = [(family, said) for family in FAMILIES.values() if (said := family.recognise(heard))]
    return next((each for each in speakers if each[1].is_ours), speakers[0] if speakers else None)


async def _ask(
    link_for: LinkFactory, registers_for: LinkFactory[RegisterLink], tell: Progress
) -> Detected | None:
    """Ask for every family that waits to be asked."""

    def usual(line: Line) -> RegisterLink:
        # There is no time for other settings of the line than the usual ones.
        link = registers_for(line)
        link.has_line = False
        return link

    for family in FAMILIES.values():
        if family.talks:
            continue
        kind = LinkKind.MODBUS_RTU if family.has_registers else LinkKind.SERIAL
        try:
            look = family.detect or family.probe
            found = await look(usual if family.has_registers else link_for, tell)
        except OtherDevice:
            raise
        except DeviceError:
            continue
        return family, kind, found
    return None
