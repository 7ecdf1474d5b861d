"""Chargers of the bench that talk, and devices that listen to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.vedirect.device import VARIANT
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.devices.victron_charger.reading import UNIT
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.victron_charger import SERIAL, Charger, block
from tests.bench.wire import Wire

FAST = 0.1


def second(**fields: str) -> bytes:
    known = {"PID": "0xA334", "FWE": "0342FF", "SER": SERIAL, "V": "28680", "I": "9000"}
    return block(**(known | {"T": "---", "ERR": "0", "CS": "3", "HC": "1"} | fields))


def device_on(wire: Wire, serial: str | None = SERIAL) -> ChargerDevice:
    identity = Identity(variant=VARIANT, serials={UNIT: serial})
    return ChargerDevice(SerialLink(wire.address, 19200), identity)


@asynccontextmanager
async def talking(simulator: Charger) -> AsyncIterator[Charger]:
    task = asyncio.create_task(simulator.run())
    try:
        yield simulator
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def started(wire: Wire, serial: str | None = SERIAL) -> AsyncIterator[ChargerDevice]:
    device = device_on(wire, serial)
    await device.start()
    try:
        yield device
    finally:
        await device.close()


@asynccontextmanager
async def started_while_talking(
    simulator: Charger,
) -> AsyncIterator[tuple[ChargerDevice, asyncio.Task[None]]]:
    """Start a device whose charger can be stopped on its own."""
    task = asyncio.create_task(simulator.run())
    try:
        async with started(simulator.wire) as device:
            yield device, task
    finally:
        task.cancel()
        await asyncio.wait([task])
