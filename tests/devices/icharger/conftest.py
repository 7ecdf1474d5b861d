"""What the tests of iChargers share: a simulated one on a pty, and a device that reads it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
import time

from modbus_connection import ModbusSerialParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.cellwire.devices import registers
from custom_components.cellwire.devices.control import Control
from custom_components.cellwire.devices.device import Identity, Line, Settings
from custom_components.cellwire.devices.errors import Refused
from custom_components.cellwire.devices.icharger import (
    commands,
    conversation,
    gather,
    probe,
    writes,
)
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.words import VARIANT
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.links.registers import ModbusLink
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.modbus import RtuBus, Slave
from tests.bench.wire import PtyWire

IMPATIENT = 0.15

type Ready = Callable[[SimulatedCharger], Awaitable[ChargerDevice]]
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
    monkeypatch.setattr(writes, "PATIENCE", 0.15)
    monkeypatch.setattr(gather, "GATHER", 0.05)
    monkeypatch.setattr(commands, "STARTED_AFTER", 0.02)
    monkeypatch.setattr(commands, "STARTED_WITHIN", 0.05)
    monkeypatch.setattr(commands, "STOPPED_WITHIN", 0.02)
    monkeypatch.setattr(commands, "STOP_PAUSE", 0.005)
    monkeypatch.setattr(commands, "CHECK_PAUSE", 0.01)
    monkeypatch.setattr(commands, "CHECKED_WITHIN", 1.0)


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
        device.settings = Settings(allow_control=True)
        devices.append(device)
        return device

    yield make
    for device in devices:
        await device.close()


ALLOWED = Settings(allow_control=True)
# As in an answer on a serial line: the address of the unit comes first.
WRITE = 0x10


def to_orders(fault: faults.Fault) -> faults.Fault:
    """Apply a fault to the answers to what is written to the control registers, but a slot."""
    return faults.only(
        lambda answer: answer[1] == WRITE and answer[2] == 0x80 and answer[3] != 1, fault
    )


@pytest.fixture
async def ready(make_device: MakeDevice) -> Ready:
    """Start a device that may be controlled, and read its presets: as a person would."""

    async def make(charger: SimulatedCharger) -> ChargerDevice:
        device = make_device(charger)
        device.settings = ALLOWED
        await device.start()
        await device.read()
        await device.apply("charger", "refresh_presets", None)
        charger.written.clear()
        charger.writes = 0
        return device

    return make


async def wish(device: ChargerDevice, unit: str, preset: str, operation: str) -> None:
    """Choose what to start."""
    await device.apply(unit, "preset", preset)
    await device.apply(unit, "operation", operation)


def control(device: ChargerDevice, unit: str, key: str) -> Control:
    return next(each for each in device.controls[unit] if each.id == key)


async def shown(device: ChargerDevice, unit: str, key: str) -> Value:
    """Return what a control is set to, by a fresh reading."""
    return control(device, unit, key).value((await device.read())[unit])


@contextmanager
def refused(reason: str, detail: str | None = None) -> Iterator[None]:
    """Expect a refusal with this reason."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.key == f"refused_{reason}"
    if detail is not None:
        assert caught.value.placeholders["detail"] == detail


class Cut:
    """A fault that pulls the plug instead of an answer."""

    def __init__(self, pty: PtyWire) -> None:
        self._pty = pty
        self._task: asyncio.Task[None] | None = None

    def __call__(self, _answer: bytes) -> faults.Pieces:
        self._task = asyncio.create_task(self._pty.unplug())
        return []


def quick(model: str = "4010 DUO", speed: float = 100.0) -> SimulatedCharger:
    """Make a charger whose checks are over soon, with a pack at each channel."""
    charger = SimulatedCharger(model, clock=time.monotonic, speed=speed)
    for channel, _ in enumerate(charger.channels, 1):
        charger.plug(channel, Pack([0.5] * 4, capacity=50.0))
    return charger
