"""Chargers on USB whose plug is pulled, or whose driver hangs."""

import asyncio
import threading
import time

from modbus_connection import (
    ModbusConnectionError,
)
import pytest

from custom_components.cellwire.links import worker
from custom_components.cellwire.links.errors import LinkFault
from custom_components.cellwire.links.hid import HidLink
from tests.bench import faults
from tests.bench.hid_port import HidPort, usb_stack
from tests.bench.usb import hidraw
from tests.waiting import until

from .charger import ADDRESS, fault_of, read


def threads() -> list[str]:
    """The threads that still work for a link, or hang in a driver."""
    return [each.name for each in threading.enumerate() if each.name.startswith("cellwire-hid")]


async def test_the_plug_is_pulled_while_an_answer_is_waited_for(
    link: HidLink, port: HidPort
) -> None:
    port.slave.fault = faults.silent
    unit = await link.unit(1, 5.0)
    request = asyncio.create_task(unit.read_input_registers(0, 1))
    await until(lambda: port.received)
    begin = time.monotonic()
    await port.unplug()
    with pytest.raises(ModbusConnectionError):
        await request
    assert time.monotonic() - begin < 1.0
    assert not link.is_open
    assert not unit.connected
    with pytest.raises(ModbusConnectionError):
        await unit.read_input_registers(0, 1)


async def test_plugged_in_again_as_another_node(link: HidLink, port: HidPort) -> None:
    before = port.node
    await port.replug()
    assert port.node != before
    with pytest.raises(ModbusConnectionError):
        await read(link, 1)
    assert not link.is_open
    port.slave.fault = faults.none
    await link.open()
    assert await read(link, 1) == [1]


@pytest.mark.parametrize("written", [-1, 10])
async def test_a_write_that_fails_is_a_lost_link(
    link: HidLink, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hidraw.device, "write", lambda *_: written)
    with pytest.raises(ModbusConnectionError):
        await read(link, 1)
    assert not link.is_open


async def test_a_question_that_the_usb_stack_refuses_is_asked_again(
    link: HidLink, port: HidPort
) -> None:
    refusals = iter([True, True, True])
    with usb_stack(lambda _: next(refusals, False)):
        assert await read(link, 1) == [1]
    assert next(refusals, None) is None
    assert len(port.received) == 1
    assert link.is_open


async def test_an_order_that_the_usb_stack_refuses_is_not_given_again(
    link: HidLink, port: HidPort
) -> None:
    # It may have been taken all the same.
    refusals = iter([True])
    unit = await link.unit(1, 1.0)
    with usb_stack(lambda _: next(refusals, False)), pytest.raises(ModbusConnectionError):
        await unit.write_registers(0x8000, [0])
    assert not port.received
    assert not link.is_open


async def test_a_driver_that_hangs(link: HidLink, port: HidPort, impatient: None) -> None:
    port.hang()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    begin = time.monotonic()
    with pytest.raises(ModbusConnectionError, match="driver"):
        await read(link, 1)
    assert time.monotonic() - begin < 1.0
    assert not link.is_open
    assert ticks > 5
    begin = time.monotonic()
    await link.close()
    assert time.monotonic() - begin < 0.5 * worker.CLOSE_TIMEOUT
    # Its thread gives the node back when the driver lets it go.
    assert port.is_open
    await port.replug()
    await link.open()
    assert await read(link, 1) == [1]
    ticking.cancel()
    await link.close()
    await until(lambda: not threads())


async def test_a_driver_that_hangs_at_the_opening(port: HidPort, impatient: None) -> None:
    port.hang()
    error = await fault_of(ADDRESS)
    assert error.fault is LinkFault.FAILED
    assert "driver" in error.placeholders["detail"]
    await port.unplug()
    await until(lambda: not threads())


async def test_closing_does_not_wait_for_a_request_for_long(
    link: HidLink, port: HidPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CLOSE_TIMEOUT", 0.05)
    port.slave.fault = faults.silent
    unit = await link.unit(1, 10.0)
    request = asyncio.create_task(unit.read_input_registers(1, 1))
    waiting = asyncio.create_task(unit.read_input_registers(2, 1))
    await until(lambda: port.received)
    begin = time.monotonic()
    await link.close()
    assert time.monotonic() - begin < 1.0
    assert not link.is_open
    assert not request.done()
    await port.unplug()
    for task in (request, waiting):
        with pytest.raises(ModbusConnectionError):
            await task
    assert len(port.received) == 1
    await until(lambda: not threads())


async def test_an_old_request_that_fails_does_not_lose_the_new_connection(
    link: HidLink, port: HidPort, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CLOSE_TIMEOUT", 0.02)
    port.hang()
    request = asyncio.create_task(read(link, 1))
    await asyncio.sleep(0.01)
    await link.close()
    await port.replug()
    await link.open()
    with pytest.raises(ModbusConnectionError):
        await request
    assert await read(link, 2) == [2]
