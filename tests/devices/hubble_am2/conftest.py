"""What the tests of the family share."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from custom_components.cellwire.devices import registers
from custom_components.cellwire.devices.hubble_am2 import pack, probe
from custom_components.cellwire.devices.hubble_am2.bank import BankDevice
from tests.bench.hubble_am2 import Pack
from tests.bench.modbus import RtuBus
from tests.bench.wire import PtyWire
from tests.devices.hubble_am2.buses import TWO, packs, reading


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for real packs: those of the bench answer at once."""
    monkeypatch.setattr(registers, "LATE", 0.05)
    hasty = replace(pack.MANNERS, timeout=0.2, spacing=0.0)
    monkeypatch.setattr(pack, "MANNERS", hasty)
    monkeypatch.setattr(probe, "MANNERS", hasty)
    monkeypatch.setattr(probe, "SCAN_TIMEOUT", 0.15)


@pytest.fixture
def slaves() -> dict[int, Pack]:
    """Make two packs, with a gap between their addresses."""
    return packs(1, 3)


@pytest.fixture
def bus(pty: PtyWire, slaves: dict[int, Pack]) -> RtuBus:
    """Put the packs on a bus."""
    return RtuBus(pty, dict(slaves))


@pytest.fixture
async def device(bus: RtuBus) -> AsyncIterator[BankDevice]:
    """Read the bus."""
    async with reading(bus.wire, TWO) as device:
        yield device
