"""Devices that listen to a BMS of the bench."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from custom_components.cellwire.devices.chargery.bms import BmsDevice
from custom_components.cellwire.devices.chargery.words import UNIT, VARIANT
from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.links.link import Link
from custom_components.cellwire.links.serial import SerialLink
from custom_components.cellwire.links.websocket import WebSocketLink
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import Wire

FAST = 0.05


@asynccontextmanager
async def link_to(wire: Wire) -> AsyncIterator[Link]:
    if not isinstance(wire, WebSocketWire):
        yield SerialLink(wire.address, 115200)
        return
    async with aiohttp.ClientSession() as session:
        yield WebSocketLink(wire.address, session)


@asynccontextmanager
async def device_on(wire: Wire) -> AsyncIterator[BmsDevice]:
    async with link_to(wire) as link:
        device = BmsDevice(link, Identity(variant=VARIANT, serials={UNIT: None}))
        try:
            yield device
        finally:
            await device.close()


@asynccontextmanager
async def started(wire: Wire) -> AsyncIterator[BmsDevice]:
    async with device_on(wire) as device:
        await device.start()
        yield device
