"""Starting, and finding a charger on a line."""

import asyncio

import pytest

from custom_components.cellwire.devices.device import Found, Identity
from custom_components.cellwire.devices.errors import (
    DeviceError,
    NoAnswer,
    OtherDevice,
    WrongIdentity,
)
from custom_components.cellwire.devices.hearing import Speaker
from custom_components.cellwire.devices.vedirect.device import VARIANT
from custom_components.cellwire.devices.vedirect.hex import get
from custom_components.cellwire.devices.victron_charger import FAMILY
from custom_components.cellwire.devices.victron_charger.probe import recognise
from custom_components.cellwire.devices.victron_charger.reading import UNIT
from custom_components.cellwire.links.errors import LinkError
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import recording
from tests.bench.victron_charger import SERIAL, Charger, block, hex_frame
from tests.bench.wire import PtyWire, TcpWire, Wire

from .talking import FAST, device_on, second, talking


async def start_problem(wire: Wire) -> Exception:
    device = device_on(wire)
    with pytest.raises((DeviceError, LinkError)) as caught:
        await device.start()
    assert not device.wires.link.is_open
    assert device._task is None
    return caught.value


async def test_start_when_nobody_talks(pty: PtyWire) -> None:
    assert isinstance(await start_problem(pty), NoAnswer)


async def test_start_when_the_port_is_missing(pty: PtyWire) -> None:
    await pty.unplug()
    assert isinstance(await start_problem(pty), LinkError)


async def test_start_on_the_line_of_another_charger(pty: PtyWire) -> None:
    async with talking(Charger(pty, [second(SER="HQ9999STRANGE")], period=FAST)):
        assert isinstance(await start_problem(pty), WrongIdentity)


async def test_start_that_is_cancelled_closes_everything(pty: PtyWire) -> None:
    device = device_on(pty)
    start = asyncio.create_task(device.start())
    await asyncio.sleep(0.1)
    start.cancel()
    await asyncio.wait([start])
    assert device._task is None
    assert not device.wires.link.is_open


async def probe(wire: Wire) -> Found:
    return await FAMILY.probe(lambda line: SerialLink(wire.address, line.baudrate), lambda _: None)


async def test_probing_finds_a_charger(tcp: TcpWire) -> None:
    async with talking(Charger(tcp, period=FAST)):
        found = await probe(tcp)
    assert found.identity == Identity(variant=VARIANT, serials={UNIT: SERIAL})
    assert found.title == f"Blue Smart IP22 24/12 (1) {SERIAL}"


async def test_probing_refuses_other_products_by_name(pty: PtyWire) -> None:
    async with talking(Charger(pty, [second(PID="0xA053")], period=FAST)):
        with pytest.raises(OtherDevice) as caught:
            await probe(pty)
    assert caught.value.placeholders["found"] == "Victron SmartSolar MPPT 75/15"


async def test_probing_when_nobody_talks(pty: PtyWire) -> None:
    with pytest.raises(NoAnswer):
        await probe(pty)


@pytest.mark.parametrize(
    ("data", "name", "is_ours"),
    [
        (second(), "Victron Blue Smart IP22 24/12 (1)", True),
        (second(PID="0xA053"), "Victron SmartSolar MPPT 75/15", False),
        (
            recording("victron_charger", "05_ip22_24_16_frame_errors"),
            "Victron VE.Direct device",
            True,
        ),
    ],
)
def test_received_bytes_are_recognised(data: bytes, name: str, *, is_ours: bool) -> None:
    assert recognise(data) == Speaker(name, is_ours=is_ours)


@pytest.mark.parametrize(
    "data",
    [
        block(V="12800", I="0"),
        hex_frame(1, b"\x00"),
        get(0xEDF0) + get(0xEDF1) + get(0x0100),
        b"\xa5" * 100,
    ],
)
def test_what_says_nothing_for_sure_is_not_recognised(data: bytes) -> None:
    assert recognise(data) is None
