"""Buses of packs, and devices that read them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import time

from custom_components.cellwire.devices.device import Identity, Readings
from custom_components.cellwire.devices.errors import DeviceError
from custom_components.cellwire.devices.hubble_am2.bank import BankDevice
from custom_components.cellwire.devices.hubble_am2.words import VARIANT
from custom_components.cellwire.links.errors import LinkError
from tests.bench.hubble_am2 import Pack, vector
from tests.bench.modbus_link import modbus_link
from tests.bench.wire import Wire


def identity(**serials: str | None) -> Identity:
    """Make an identity with the bank and packs, such as `p1="S1"`."""
    packs = {key.removeprefix("p"): serial for key, serial in serials.items()}
    return Identity(variant=VARIANT, serials={"bank": None, **packs})


def packs(*numbers: int) -> dict[int, Pack]:
    """Make packs with made values of their own, and serial numbers such as "S1"."""
    return {
        number: Pack(
            vector(f"live_block_pack_{(number - 1) % 4 + 1}")["registers"], serial=f"S{number}"
        )
        for number in numbers
    }


@asynccontextmanager
async def reading(
    wire: Wire, known: Identity, *, gateway: bool = False, start: bool = True
) -> AsyncIterator[BankDevice]:
    """Run a device on a wire, started unless the test does it."""
    async with modbus_link(wire, gateway=gateway) as link:
        device = BankDevice(link, known)
        if start:
            await device.start()
        yield device
        await device.close()


async def read_until(
    device: BankDevice, happened: Callable[[Readings], object], seconds: float = 10.0
) -> Readings:
    """Read until something is there; a read that fails is tried again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            readings = await device.read()
        except LinkError, DeviceError:
            readings = {}
        if happened(readings):
            return readings
    raise AssertionError("it did not happen in time")


TWO = identity(p1="S1", p3="S3")
