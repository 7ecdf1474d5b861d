"""What the tests of JK boards share."""

from collections.abc import AsyncIterator

import pytest

from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from tests.bench.jk_bms import Bus
from tests.bench.wire import PtyWire

from .boards import device_on, two_boards


@pytest.fixture
def bus(pty: PtyWire) -> Bus:
    """Put two boards of the newer generation on the wire."""
    return Bus(pty, two_boards())


@pytest.fixture
async def device(bus: Bus) -> AsyncIterator[BusDevice]:
    """Talk to both of them."""
    device = device_on(bus)
    await device.start()
    yield device
    await device.close()
