"""What the tests of iChargers share: a simulated one on a pty, and a device that reads it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from modbus_connection import ModbusSerialParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.cellwire.devices import registers
from custom_components.cellwire.devices.device import Identity, Line
from custom_components.cellwire.devices.icharger import charger as conversation, probe
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.words import VARIANT
from custom_components.cellwire.links.registers import ModbusLink
from tests.bench.icharger import SimulatedCharger
from tests.bench.modbus import RtuBus, Slave
from tests.bench.wire import PtyWire

IMPATIENT = 0.15

type MakeDevice = Callable[[SimulatedCharger], ChargerDevice]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no more than the charger of the bench needs."""
    manners = registers.Manners(
        device=conversation.MANNERS.device, timeout=IMPATIENT, secret=conversation.SECRET
    )
    monkeypatch.setattr(conversation, "MANNERS", manners)
    monkeypatch.setattr(conversation, "TIMEOUT", IMPATIENT)
    monkeypatch.setattr(probe, "LINE_TIMEOUT", IMPATIENT)
    monkeypatch.setattr(registers, "LATE", 0.01)


def serial_link(path: str, line: Line = probe.LINES[0], *, has_line: bool = True) -> ModbusLink:
    """Make a link of real Modbus RTU to a port."""
    # A pty has no parity, and says so when it is asked for one.
    params = ModbusSerialParams(device=path, baudrate=line.baudrate)

    @asynccontextmanager
    async def lease(address: int) -> AsyncIterator[ModbusUnit]:
        connection = ModbusConnection(params)
        try:
            yield connection.for_unit(address)
        finally:
            await connection.close()

    link = ModbusLink(path, lease)
    link.has_line = has_line
    return link


def identity(**serials: str | None) -> Identity:
    return Identity(variant=VARIANT, serials=serials)


@pytest.fixture
async def make_device(pty: PtyWire) -> AsyncIterator[MakeDevice]:
    """Put a simulated charger on the line and make a device for it; it is closed in the end."""
    devices: list[ChargerDevice] = []
    slaves: dict[int, Slave] = {}
    RtuBus(pty, slaves)

    def make(charger: SimulatedCharger) -> ChargerDevice:
        slaves[conversation.ADDRESS] = charger
        device = ChargerDevice(serial_link(pty.address, Line(115200)), identity())
        devices.append(device)
        return device

    yield make
    for device in devices:
        await device.close()
