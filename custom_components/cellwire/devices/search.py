"""Looking for a device of one family, and naming what is there instead."""

from collections.abc import Iterable

from ..links.errors import LinkError
from ..links.link import Connection
from .device import Family, Found, Line, LinkFactory, Progress
from .errors import BadAnswer, Garbled, NoAnswer, OtherDevice
from .hearing import listen
from .registry import FAMILIES

LISTEN = 1.5
SPEEDS = sorted({family.baudrate for family in FAMILIES.values()})


def recognise(data: bytes) -> str | None:
    """Name what speaks in some received bytes, None if no family knows it."""
    speakers = (family.recognise(data) for family in FAMILIES.values())
    return next((speaker.name for speaker in speakers if speaker), None)


async def search[LinkT: Connection](
    family: Family[LinkT],
    link_for: LinkFactory[LinkT],
    progress: Progress,
    overhear_on: LinkFactory | None = None,
) -> Found:
    """Look for a device of this family.

    `overhear_on` makes links on which the bytes of the line can be heard, where there is a line.
    Raises LinkError and DeviceError; OtherDevice says what else is there if any family knows it,
    also at the other families' line speeds.
    """
    try:
        return await family.probe(link_for, progress)
    except BadAnswer as err:
        others = [speed for speed in SPEEDS if speed != family.baudrate]
        found = recognise(err.heard) or await _overhear(overhear_on, others)
        problem: Exception = err
    except (Garbled, NoAnswer) as err:
        if not family.has_registers:
            # Not one byte came.
            raise
        found = await _overhear(overhear_on, SPEEDS)
        problem = err
    if not found:
        raise problem
    raise OtherDevice(family.name, found) from problem


async def _overhear(overhear_on: LinkFactory | None, speeds: Iterable[int]) -> str | None:
    """Name what speaks by itself on a line at any of some speeds."""
    if overhear_on is None:
        return None
    for speed in speeds:
        link = overhear_on(Line(speed))
        try:
            await link.open()
            if found := recognise(await listen(link, LISTEN)):
                return found
        except LinkError:
            # Whoever shares the port with us has it to himself.
            return None
        finally:
            await link.close()
    return None
