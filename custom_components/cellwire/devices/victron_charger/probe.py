"""Whether there is a charger on this line."""

from ...links.link import Link
from ..device import Device, Found, Identity, Line, LinkFactory, Progress
from .charger import VARIANT, ChargerDevice
from .hex import HexFrame
from .products import product_name
from .reading import UNIT
from .samples import Text
from .stream import Block, StreamParser

BAUDRATE = 19200
# Two frames with right check bytes are no accident.
ENOUGH_FRAMES = 2


def recognise(data: bytes) -> str | None:
    """Name the Victron product that some received bytes come from, None if it is none."""
    items = [item for item in StreamParser().feed(data) if not _is_question(item)]
    for item in items:
        if isinstance(item, Block) and (product := Text(item.fields, 0).number("PID")):
            return product_name(product)
    return "Victron VE.Direct device" if len(items) >= ENOUGH_FRAMES else None


def _is_question(item: Block | HexFrame) -> bool:
    return isinstance(item, HexFrame) and item.is_echo


def create(link: Link, identity: Identity) -> Device:
    """Make the device for an entry."""
    return ChargerDevice(link, identity)


async def probe(link_for: LinkFactory, progress: Progress) -> Found:
    """Listen for a charger and ask it who it is.

    Raises LinkError, NoAnswer, BadAnswer, and OtherDevice for another Victron product.
    """
    device = ChargerDevice(link_for(Line(BAUDRATE)), Identity(variant=VARIANT, serials={}))
    try:
        await device.start()
    finally:
        await device.close()
    progress(1.0)
    unit = device.units[UNIT]
    identity = Identity(variant=VARIANT, serials={UNIT: unit.serial})
    return Found(identity=identity, units=(unit,))
