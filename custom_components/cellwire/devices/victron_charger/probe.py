"""Whether there is a charger on this line."""

from ...links.link import Link
from ..device import Device, Found, Identity, Line, LinkFactory, Progress
from ..hearing import Speaker
from ..vedirect.device import BAUDRATE, VARIANT
from ..vedirect.recognise import recognise as recognise_product
from .charger import ChargerDevice
from .reading import UNIT


def recognise(data: bytes) -> Speaker | None:
    """Name the Victron product that some received bytes come from, None if it is none."""
    return recognise_product(data, ChargerDevice.classes)


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
