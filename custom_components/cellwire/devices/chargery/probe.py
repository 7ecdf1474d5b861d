"""Whether there is a BMS on this line. It is only listened to."""

import asyncio

from ...links.link import Link
from ..device import Device, Found, Identity, Line, LinkFactory, Progress
from ..hearing import Speaker
from .bms import BmsDevice
from .content import to_cells
from .frame import Command, FrameScanner
from .words import MODELS, NAME, UNIT, VARIANT

BAUDRATE = 115200
# Cells and pack values come within four seconds of each other. More is told when both were heard.
PATIENCE = 4.0
STEP = 0.1


def recognise(data: bytes) -> Speaker | None:
    """Name the BMS that some received bytes come from, None if it is none."""
    frames = [frame for frame in FrameScanner().feed(data) if frame.command is not Command.SPACER]
    packs = [len(frame.raw) for frame in frames if frame.command is Command.PACK]
    for frame in frames:
        if frame.command is Command.CELLS:
            cells = to_cells(frame.raw, packs[0] if packs else None)
            if cells and (model := MODELS.get(len(cells.voltages))):
                return Speaker(f"Chargery {model}")
    return Speaker(NAME) if frames else None


def create(link: Link, identity: Identity) -> Device:
    """Make the device for an entry."""
    return BmsDevice(link, identity)


async def probe(link_for: LinkFactory, progress: Progress) -> Found:
    """Listen for a BMS. Raises LinkError, Silent (a NoAnswer) or BadAnswer."""
    identity = Identity(variant=VARIANT, serials={UNIT: None})
    device = BmsDevice(link_for(Line(BAUDRATE)), identity)
    try:
        await device.start()
        progress(0.5)
        await _hear_all(device)
    finally:
        await device.close()
    progress(1.0)
    return Found(identity=identity, units=(device.units[UNIT],))


async def _hear_all(device: BmsDevice) -> None:
    for _ in range(round(PATIENCE / STEP)):
        if device.is_whole:
            return
        await asyncio.sleep(STEP)
