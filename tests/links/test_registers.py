"""Links that borrow Modbus units, over real connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import override

from modbus_connection import (
    ModbusConnectionError,
    ModbusSerialParams,
    ModbusTimeoutError,
    ModbusUnit,
)
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.cellwire.devices.device import Line
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.registers import ModbusLink
from tests.bench import faults
from tests.bench.hubble_am2 import Pack
from tests.bench.modbus import RtuBus, TcpGateway
from tests.bench.modbus_link import Owner, make_link, modbus_link
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until


async def test_units_are_borrowed_once_and_given_back(pty: PtyWire) -> None:
    RtuBus(pty, {1: Pack(), 2: Pack()})
    owner = Owner(pty, Line(9600))
    link = make_link(owner, pty)
    assert not link.is_open
    await link.open()
    assert link.is_open
    assert owner.borrowed == 0
    first = await link.unit(1, 0.5)
    assert await link.unit(1, 0.5) is first
    second = await link.unit(2, 0.5, 0.01)
    assert owner.borrowed == 2
    assert await first.read_holding_registers(2, 1) == [86]
    assert await second.read_holding_registers(3, 1) == [100]
    await link.close()
    assert (owner.borrowed, owner.connection) == (0, None)
    assert not link.is_open
    await link.close()


async def test_nothing_is_borrowed_of_a_closed_link(pty: PtyWire) -> None:
    owner = Owner(pty, Line(9600))
    link = make_link(owner, pty)
    with pytest.raises(LinkError) as err:
        await link.unit(1, 0.5)
    assert err.value.fault is LinkFault.LOST
    assert owner.connection is None


async def test_a_link_knows_whether_the_line_has_settings(pty: PtyWire) -> None:
    owner = Owner(pty, Line(9600))
    assert make_link(owner, pty).has_line
    assert not make_link(owner, pty, has_line=False).has_line


async def test_opening_an_open_link_begins_anew(pty: PtyWire) -> None:
    RtuBus(pty, {1: Pack()})
    owner = Owner(pty, Line(9600))
    link = make_link(owner, pty)
    await link.open()
    unit = await link.unit(1, 0.5)
    await unit.read_holding_registers(0, 1)
    await link.open()
    assert owner.borrowed == 0
    unit = await link.unit(1, 0.5)
    assert await unit.read_holding_registers(2, 1) == [86]
    await link.close()


async def test_slack_is_added_to_the_time_of_an_answer(pty: PtyWire) -> None:
    bus = RtuBus(pty, {1: Pack(delay=0.15)})
    for slack, answers in ((0.0, False), (0.4, True)):
        link = ModbusLink(pty.address, Owner(pty, Line(9600)).lease)
        link.slack = slack
        await link.open()
        unit = await link.unit(1, 0.05)
        if answers:
            assert await unit.read_holding_registers(2, 1) == [86]
        else:
            with pytest.raises(ModbusTimeoutError):
                await unit.read_holding_registers(2, 1)
        await link.close()
        await until(lambda: bus.is_quiet)


async def test_a_link_that_was_lost_is_not_open(tcp: TcpWire) -> None:
    RtuBus(tcp, {1: Pack()})
    async with modbus_link(tcp) as link:
        unit = await link.unit(1, 0.5)
        await unit.read_holding_registers(0, 1)
        await tcp.unplug()
        await until(lambda: not link.is_open)
        with pytest.raises(ModbusConnectionError):
            await unit.read_holding_registers(0, 1)
        await tcp.plug()
        await link.open()
        assert link.is_open
        unit = await link.unit(1, 0.5)
        assert await unit.read_holding_registers(2, 1) == [86]


async def test_a_reset_drops_the_connection_that_others_share(tcp: TcpWire) -> None:
    TcpGateway(tcp, {1: Pack(), 2: Pack()})
    owner = Owner(tcp, Line(9600), gateway=True)
    async with owner.lease(2) as other:
        link = make_link(owner, tcp, has_line=False)
        await link.open()
        unit = await link.unit(1, 0.5)
        await unit.read_holding_registers(0, 1)
        assert tcp.connections == 1
        await link.reset()
        assert not other.connected
        assert not link.is_open
        assert await other.read_holding_registers(2, 1) == [86]
        assert tcp.connections == 2
        await link.reset()


class Stubborn(ModbusConnection):
    """A connection whose transport fails when it is closed."""

    @override
    async def disconnect(self) -> None:
        await super().disconnect()
        raise ModbusConnectionError("can't be closed")


async def test_a_connection_that_can_not_be_closed_is_dropped_all_the_same(pty: PtyWire) -> None:
    RtuBus(pty, {1: Pack()})
    connection = Stubborn(ModbusSerialParams(device=pty.address))

    @asynccontextmanager
    async def lease(address: int) -> AsyncIterator[ModbusUnit]:
        yield connection.for_unit(address)

    link = ModbusLink(pty.address, lease)
    await link.open()
    unit = await link.unit(1, 0.5)
    await unit.read_holding_registers(0, 1)
    await link.reset()
    assert not link.is_open
    assert not unit.connected


async def test_the_time_for_an_answer_holds_for_each_unit(pty: PtyWire) -> None:
    silent = Pack()
    silent.fault = faults.silent
    RtuBus(pty, {1: Pack(), 2: silent})
    async with modbus_link(pty) as link:
        with pytest.raises(ModbusTimeoutError):
            await (await link.unit(2, 0.05)).read_holding_registers(0, 1)
        assert await (await link.unit(1, 0.05)).read_holding_registers(2, 1) == [86]
