"""Looking for a device of one family, and naming what is there instead."""

from .device import Family, Found, Line, LinkFactory, Progress
from .errors import BadAnswer, OtherDevice
from .hearing import listen
from .registry import FAMILIES

LISTEN = 1.5


def recognise(data: bytes) -> str | None:
    """Name what speaks in some received bytes, None if no family knows it."""
    return next((name for family in FAMILIES.values() if (name := family.recognise(data))), None)


async def search(family: Family, link_for: LinkFactory, progress: Progress) -> Found:
    """Look for a device of this family.

    Raises LinkError and DeviceError; OtherDevice says what else is there if any family knows it,
    also at the other families' line speeds.
    """
    try:
        return await family.probe(link_for, progress)
    except BadAnswer as err:
        found = recognise(err.heard) or await _recognise_at_other_speeds(family, link_for)
        if not found:
            raise
        raise OtherDevice(family.name, found) from err


async def _recognise_at_other_speeds(family: Family, link_for: LinkFactory) -> str | None:
    speeds = {other.baudrate for other in FAMILIES.values()} - {family.baudrate}
    for speed in sorted(speeds):
        link = link_for(Line(speed))
        try:
            await link.open()
            if found := recognise(await listen(link, LISTEN)):
                return found
        finally:
            await link.close()
    return None
