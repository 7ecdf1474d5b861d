"""Links that are closed, or given up, while they are being opened: nothing may stay open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, override

import aiohttp
from modbus_connection import ModbusUnit
import pytest
import serialx

from custom_components.cellwire.devices.device import Line
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.link import Connection, Opened
from custom_components.cellwire.links.registers import ModbusLink
from custom_components.cellwire.links.serial import SerialLink
from custom_components.cellwire.links.websocket import WebSocketLink
from tests.bench.hubble_am2 import Pack
from tests.bench.modbus import RtuBus
from tests.bench.modbus_link import Owner
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until


class Door(Opened):
    """Something that counts whether it is open."""

    def __init__(self, house: Doors) -> None:
        self.house = house
        house.open_doors += 1

    is_usable = True

    @override
    async def close(self) -> None:
        self.house.open_doors -= 1


class Doors(Connection[Door]):
    """A link that opens when it is let, and doesn't care when it is told to stop."""

    name = "door"

    def __init__(self, *, stubborn: bool) -> None:
        self.open_doors = 0
        self.let = asyncio.Event()
        self.begun = 0
        self._stubborn = stubborn

    @override
    async def _connect(self) -> Door:
        self.begun += 1
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            if not self._stubborn:
                raise
        return Door(self)


async def begin(link: Doors) -> asyncio.Task[None]:
    opening = asyncio.create_task(link.open())
    begun = link.begun
    await until(lambda: link.begun > begun)
    return opening


@pytest.mark.parametrize("stubborn", [False, True])
async def test_what_is_closed_while_it_opens_is_not_open(*, stubborn: bool) -> None:
    link = Doors(stubborn=stubborn)
    opening = await begin(link)
    await link.close()
    assert link.open_doors == 0
    with pytest.raises(LinkError) as caught:
        await opening
    assert caught.value.fault is LinkFault.LOST
    assert not link.is_open


@pytest.mark.parametrize("stubborn", [False, True])
async def test_an_opening_that_is_cancelled_leaves_nothing_open(*, stubborn: bool) -> None:
    link = Doors(stubborn=stubborn)
    opening = await begin(link)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert link.open_doors == 0
    assert not link.is_open
    link.let.set()
    await link.open()
    assert link.is_open
    await link.close()
    assert link.open_doors == 0


async def test_an_opening_that_is_cancelled_when_it_is_done_leaves_nothing_open() -> None:
    link = Doors(stubborn=False)
    opening = await begin(link)
    link.let.set()
    await until(lambda: link.open_doors)
    opening.cancel()
    await asyncio.wait([opening])
    assert opening.cancelled() == (not link.is_open)
    await link.close()
    assert link.open_doors == 0


@pytest.mark.parametrize("stubborn", [False, True])
async def test_of_two_openings_the_second_one_counts(*, stubborn: bool) -> None:
    link = Doors(stubborn=stubborn)
    first = await begin(link)
    second = await begin(link)
    first.cancel()
    await asyncio.wait([first])
    link.let.set()
    await second
    assert link.is_open
    assert link.open_doors == 1
    await link.close()


@pytest.mark.parametrize("stubborn", [False, True])
async def test_closed_and_cancelled_at_once(*, stubborn: bool) -> None:
    link = Doors(stubborn=stubborn)
    opening = await begin(link)
    closing = asyncio.create_task(link.close())
    await asyncio.sleep(0)
    opening.cancel()
    await closing
    await asyncio.wait([opening])
    assert opening.cancelled()
    assert link.open_doors == 0


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_closing_that_is_cancelled_closes_all_the_same(*, stubborn: bool) -> None:
    link = Doors(stubborn=stubborn)
    opening = await begin(link)
    closing = asyncio.create_task(link.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing, opening])
    await until(lambda: not link.open_doors)
    assert not link.is_open
    assert isinstance(opening.exception(), LinkError)


def slowed(begun: asyncio.Event) -> Any:
    connect = serialx.BaseSerialTransport.connect

    async def slow(self: serialx.BaseSerialTransport, **kwargs: Any) -> None:
        begun.set()
        await asyncio.sleep(0.1)
        await connect(self, **kwargs)

    return slow


@pytest.fixture
async def opening_port(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> tuple[SerialLink, asyncio.Task[None]]:
    """Begin to open a port whose driver takes its time."""
    begun = asyncio.Event()
    monkeypatch.setattr(serialx.BaseSerialTransport, "connect", slowed(begun))
    link = SerialLink(pty.address, 115200)
    opening = asyncio.create_task(link.open())
    await begun.wait()
    return link, opening


async def is_free(wire: PtyWire) -> bool:
    other = SerialLink(wire.address, 115200)
    await other.open()
    await other.close()
    return True


async def test_a_port_that_is_closed_while_it_opens(
    pty: PtyWire, opening_port: tuple[SerialLink, asyncio.Task[None]]
) -> None:
    link, opening = opening_port
    await link.close()
    with pytest.raises(LinkError):
        await opening
    assert not link.is_open
    assert await is_free(pty)


async def test_a_port_whose_opening_is_cancelled(
    pty: PtyWire, opening_port: tuple[SerialLink, asyncio.Task[None]]
) -> None:
    link, opening = opening_port
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert not link.is_open
    assert await is_free(pty)


@pytest.mark.parametrize("ends", ["closed", "cancelled"])
async def test_a_websocket_that_is_given_up_while_it_opens(tcp: TcpWire, ends: str) -> None:
    """The server takes the connection, and never agrees to speak WebSocket."""
    async with aiohttp.ClientSession() as session:
        link = WebSocketLink(tcp.address.replace("socket:", "ws:"), session)
        opening = asyncio.create_task(link.open())
        await until(lambda: tcp.received)
        if ends == "closed":
            await link.close()
            with pytest.raises(LinkError):
                await opening
        else:
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
        assert not link.is_open
        await until(lambda: not tcp._clients)


async def test_a_unit_that_is_borrowed_while_the_link_closes_is_given_back(pty: PtyWire) -> None:
    RtuBus(pty, {1: Pack()})
    owner = Owner(pty, Line(9600))
    asked, lent = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def slow(address: int) -> AsyncIterator[ModbusUnit]:
        async with owner.lease(address) as unit:
            asked.set()
            await lent.wait()
            yield unit

    link = ModbusLink(pty.address, slow)
    await link.open()
    borrowing = asyncio.create_task(link.unit(1, 0.5))
    await asked.wait()
    await link.close()
    lent.set()
    with pytest.raises(LinkError) as caught:
        await borrowing
    assert caught.value.fault is LinkFault.LOST
    assert owner.borrowed == 0
