"""Asking a unit for its registers: what comes back, and what is told of what went wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import time
from typing import override

from modbus_connection import ModbusConnectionError
import pytest
import serialx

from custom_components.cellwire.devices import registers as asking
from custom_components.cellwire.devices.device import Line
from custom_components.cellwire.devices.errors import Declined, Garbled, NoAnswer
from custom_components.cellwire.devices.registers import Manners, Registers
from custom_components.cellwire.devices.wires import Wires
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.health import Direction
from custom_components.cellwire.links.link import Opened
from custom_components.cellwire.links.registers import RegisterLink, RegisterUnit
from tests.bench import faults
from tests.bench.modbus import HOLDING, ILLEGAL_FUNCTION, Refusal, RtuBus, Slave, TcpGateway
from tests.bench.modbus_link import Owner, make_link, modbus_link
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until

MANNERS = Manners(device="thing", timeout=0.2, spacing=0.001, secret=range(2, 4))


class Thing(Slave):
    """Ten registers that can be read both ways and written; input registers read 100 more."""

    def __init__(self) -> None:
        super().__init__()
        self.values = list(range(10))

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        values = self.values[address : address + count]
        return values if function == HOLDING else [value + 100 for value in values]

    @override
    def write(self, address: int, values: list[int]) -> None:
        self.values[address : address + len(values)] = values


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for late answers."""
    monkeypatch.setattr(asking, "LATE", 0.1)


@pytest.fixture
def thing(pty: PtyWire) -> Thing:
    """Put a unit at address 1 of a bus."""
    unit = Thing()
    RtuBus(pty, {1: unit})
    return unit


@pytest.fixture
async def wires(pty: PtyWire) -> AsyncIterator[Wires[RegisterLink]]:
    """Open a link to the bus."""
    async with modbus_link(pty) as link:
        yield Wires(link)


async def link_fault(link: RegisterLink) -> LinkError:
    await link.open()
    try:
        with pytest.raises(LinkError) as err:
            await Registers(Wires(link), 1, MANNERS).holding(0, 1)
    finally:
        await link.close()
    return err.value


async def test_registers_are_read_and_written(thing: Thing, wires: Wires[RegisterLink]) -> None:
    unit = Registers(wires, 1, MANNERS)
    assert await unit.holding(0, 5) == (0, 1, 2, 3, 4)
    assert await unit.input(7, 2) == (107, 108)
    await unit.write(5, (50, 60))
    assert thing.values[4:8] == [4, 50, 60, 7]
    assert thing.writes == 1
    assert wires.health.good_frames == 3
    assert wires.health.answer_time is not None
    assert wires.health.answer_time < 0.2


async def test_secret_registers_are_not_traced(thing: Thing, wires: Wires[RegisterLink]) -> None:
    unit = Registers(wires, 1, MANNERS)
    await unit.holding(1, 4)
    await unit.input(2, 1)
    await unit.write(3, (0x1234, 0x5678))
    assert [(entry.direction, entry.data.hex(" ", 2)) for entry in wires.trace.entries] == [
        (Direction.RECEIVED, "0103 0001 0001 0000 0000 0004"),
        (Direction.RECEIVED, "0104 0002 0000"),
        (Direction.SENT, "0110 0003 0000 5678"),
    ]


async def test_a_silent_unit_is_waited_for_before_it_is_asked_again(
    thing: Thing, wires: Wires[RegisterLink]
) -> None:
    unit = Registers(wires, 1, MANNERS)
    await unit.holding(0, 1)
    thing.fault = faults.once(faults.silent)
    with pytest.raises(NoAnswer):
        await unit.holding(0, 1)
    begin = time.monotonic()
    assert await unit.holding(0, 1) == (0,)
    assert time.monotonic() - begin >= 0.09
    assert wires.health.timeouts == 1


async def test_a_late_answer_is_not_taken_for_the_next(
    thing: Thing, wires: Wires[RegisterLink]
) -> None:
    unit = Registers(wires, 1, MANNERS)
    thing.fault = faults.once(faults.late(0.22))
    with pytest.raises(NoAnswer):
        await unit.holding(0, 1)
    assert await unit.holding(5, 1) == (5,)


@pytest.mark.parametrize(
    "fault", [faults.corrupted(3), faults.truncated(4)], ids=["corrupted", "short"]
)
async def test_damage_is_never_an_answer(
    thing: Thing, wires: Wires[RegisterLink], fault: faults.Fault
) -> None:
    thing.fault = faults.once(fault)
    unit = Registers(wires, 1, MANNERS)
    with pytest.raises((Garbled, NoAnswer)):
        await unit.holding(5, 2)
    assert wires.health.checksum_errors + wires.health.timeouts == 1
    assert await unit.holding(5, 2) == (5, 6)


async def test_a_unit_that_is_busy_for_ever_is_given_up(
    pty: PtyWire, wires: Wires[RegisterLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy(Thing):
        @override
        def read(self, function: int, address: int, count: int) -> list[int]:
            raise Refusal(6)

    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    unit = Registers(wires, 1, MANNERS)
    bus = RtuBus(pty, {1: Busy()})
    begin = time.monotonic()
    with pytest.raises(NoAnswer):
        await unit.holding(0, 1)
    assert time.monotonic() - begin < 2.0
    assert wires.health.timeouts == 1
    bus.slaves[1] = Thing()
    assert await unit.holding(5, 1) == (5,)


async def test_what_is_left_behind_by_a_reader_that_gave_up_is_nobodys_answer(
    thing: Thing, wires: Wires[RegisterLink]
) -> None:
    unit = Registers(wires, 1, MANNERS)
    thing.fault = faults.once(faults.late(0.15))
    reading = asyncio.create_task(unit.holding(0, 1))
    await until(lambda: thing.requests)
    await asyncio.sleep(0.1)
    reading.cancel()
    await asyncio.wait([reading])
    assert await unit.holding(5, 1) == (5,)


@pytest.mark.parametrize("connected", [True, False])
async def test_a_driver_that_does_not_come_back_is_given_up(
    monkeypatch: pytest.MonkeyPatch, *, connected: bool
) -> None:
    class Hanging(UsbUnit):
        @override
        async def read_holding_registers(self, address: int, count: int) -> list[int]:
            await asyncio.Event().wait()
            return self.values

    monkeypatch.setattr(asking, "PATIENCE", 0.1)
    unit = Hanging([])
    unit.connected = connected
    with pytest.raises(NoAnswer if connected else LinkError) as caught:
        await Registers(Wires(UsbLink(unit)), 1, MANNERS).holding(0, 1)
    if isinstance(caught.value, LinkError):
        assert caught.value.fault is LinkFault.UNREACHABLE


async def test_an_answer_of_another_size_is_refused(
    thing: Thing, wires: Wires[RegisterLink]
) -> None:
    unit = Registers(wires, 1, MANNERS)
    # It has ten registers, and answers with what it has.
    with pytest.raises(Garbled):
        await unit.holding(8, 5)
    assert wires.health.checksum_errors == 1


async def test_a_refusal_says_why(pty: PtyWire, wires: Wires[RegisterLink]) -> None:
    class ReadOnly(Thing):
        @override
        def write(self, address: int, values: list[int]) -> None:
            raise Refusal(ILLEGAL_FUNCTION)

    RtuBus(pty, {1: ReadOnly()})
    with pytest.raises(Declined) as err:
        await Registers(wires, 1, MANNERS).write(0, (1,))
    assert err.value.code == 1
    assert wires.health.complaints == 1


@pytest.mark.parametrize("tells", [True, False])
async def test_a_gateway_may_tell_that_a_unit_is_silent(tcp: TcpWire, *, tells: bool) -> None:
    gateway = TcpGateway(tcp, {1: Thing()}, tells=tells)
    async with modbus_link(tcp, gateway=True) as link:
        wires: Wires[RegisterLink] = Wires(link)
        with pytest.raises(NoAnswer):
            await Registers(wires, 2, MANNERS).holding(0, 1)
        assert wires.health.timeouts == 1
        assert await Registers(wires, 1, MANNERS).holding(3, 1) == (3,)
    assert gateway.wire.connections == 1


async def test_a_port_that_was_pulled(
    thing: Thing, wires: Wires[RegisterLink], pty: PtyWire
) -> None:
    unit = Registers(wires, 1, MANNERS)
    await unit.holding(0, 1)
    await pty.unplug()
    with pytest.raises(LinkError) as err:
        await unit.holding(0, 1)
    # Which of them shows first is up to the system.
    assert err.value.fault in (LinkFault.LOST, LinkFault.MISSING)


async def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    wire = PtyWire(tmp_path / "nothing")
    err = await link_fault(make_link(Owner(wire, Line(9600)), wire))
    assert err.fault is LinkFault.MISSING
    assert err.placeholders["port"] == wire.address


@pytest.mark.parametrize("gateway", [True, False])
async def test_a_host_that_does_not_listen(tcp: TcpWire, *, gateway: bool) -> None:
    await tcp.unplug()
    owner = Owner(tcp, Line(9600), gateway=gateway)
    assert (await link_fault(make_link(owner, tcp))).fault is LinkFault.REFUSED


async def test_a_connection_that_breaks_during_a_request(tcp: TcpWire) -> None:
    thing = Thing()
    thing.fault = faults.silent
    RtuBus(tcp, {1: thing})
    tcp.closes_after = None
    tcp.attach(lambda _data: tcp.hang_up())
    async with modbus_link(tcp) as link:
        with pytest.raises(LinkError) as err:
            await Registers(Wires(link), 1, MANNERS).holding(0, 1)
    assert err.value.fault is LinkFault.LOST


async def test_a_host_that_never_answers_is_not_reached(tcp: TcpWire) -> None:
    async with modbus_link(tcp) as link:
        # No time at all to connect: what a host that drops packets looks like.
        await link.unit(1, 0.0)
        with pytest.raises(LinkError) as err:
            await Registers(Wires(link), 1, MANNERS).holding(0, 1)
    assert err.value.fault is LinkFault.UNREACHABLE


class UsbUnit(RegisterUnit):
    """Answers with given registers, or fails with a given error."""

    connected = True

    def __init__(self, values: list[int], error: Exception | None = None) -> None:
        self.values = values
        self.error = error

    @override
    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        if self.error:
            raise self.error
        return self.values

    @override
    async def read_input_registers(self, address: int, count: int) -> list[int]:
        raise NotImplementedError

    @override
    async def write_registers(self, address: int, values: list[int]) -> None:
        raise NotImplementedError


class Node(Opened):
    """What a link that is no Modbus opens."""

    is_usable = True

    @override
    async def close(self) -> None:
        self.is_usable = False


class UsbLink(RegisterLink[Node]):
    """A link that is no Modbus, to one unit."""

    name = "usb"
    has_line = False

    def __init__(self, unit: UsbUnit) -> None:
        self._unit = unit

    @override
    async def _connect(self) -> Node:
        return Node()

    @override
    async def unit(self, address: int, timeout: float, spacing: float = 0.0) -> RegisterUnit:
        return self._unit


def because(cause: Exception) -> ModbusConnectionError:
    error = ModbusConnectionError("no")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [OSError(5, "gone"), serialx.SerialException("gone")])
async def test_errors_of_the_port_that_nobody_translated(error: Exception) -> None:
    err = await link_fault(UsbLink(UsbUnit([], error)))
    assert err.fault is LinkFault.LOST
    assert "gone" in err.placeholders["detail"]


async def test_a_link_may_have_its_own_word_for_what_happened() -> None:
    known = LinkError(LinkFault.USB_DENIED, "usb", "udev")
    assert await link_fault(UsbLink(UsbUnit([], because(known)))) is known


async def test_an_error_without_a_number_says_nothing_about_the_host() -> None:
    err = await link_fault(UsbLink(UsbUnit([], because(TimeoutError()))))
    assert err.fault is LinkFault.LOST


async def test_a_link_that_gives_too_few_registers_is_not_believed() -> None:
    wires: Wires[RegisterLink] = Wires(UsbLink(UsbUnit([1])))
    with pytest.raises(Garbled):
        await Registers(wires, 1, MANNERS).holding(0, 2)
    assert wires.health.rejected == 1
