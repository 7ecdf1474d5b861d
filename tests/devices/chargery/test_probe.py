"""Finding a BMS on a line by listening."""

import asyncio

import pytest

from custom_components.cellwire.devices.chargery import FAMILY
from custom_components.cellwire.devices.chargery.bms import BmsDevice
from custom_components.cellwire.devices.chargery.probe import recognise
from custom_components.cellwire.devices.chargery.words import UNIT, VARIANT, Silent
from custom_components.cellwire.devices.device import Found, Identity
from custom_components.cellwire.devices.errors import BadAnswer, OtherDevice
from custom_components.cellwire.devices.hearing import Speaker
from custom_components.cellwire.devices.registry import FAMILIES
from custom_components.cellwire.devices.search import search
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.link import LinkKind
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import capture
from tests.bench.chargery import SPACER, Bms, cells_frame, pack_frame, recorded, talking
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import PtyWire, Wire

from .listening import FAST, link_to


async def probe(wire: Wire) -> Found:
    progress: list[float] = []
    async with link_to(wire) as link:
        try:
            found = await FAMILY.probe(lambda _: link, progress.append)
        finally:
            assert not link.is_open
    assert progress[-1] == 1.0
    return found


async def test_a_bms_behind_a_websocket(websocket_wire: WebSocketWire) -> None:
    async with talking(Bms(websocket_wire, period=FAST)):
        found = await probe(websocket_wire)
    assert found.identity == Identity(variant=VARIANT, serials={UNIT: None})
    assert found.title == "BMS16T"
    assert found.units[0].firmware == "protocol V1.24-V1.25"
    assert not websocket_wire.received


async def test_both_kinds_of_frames_are_waited_for(pty: PtyWire) -> None:
    simulator = Bms(pty, {0x56: cells_frame([3300] * 8, left=(1, 1))}, period=FAST)
    async with talking(simulator):
        finding = asyncio.create_task(probe(pty))
        await asyncio.sleep(0.3)
        assert not finding.done()
        simulator.frames[0x57] = pack_frame()
        found = await finding
    assert (found.title, found.units[0].firmware) == ("BMS8T", "protocol V1.26")


async def test_but_not_for_ever(pty: PtyWire) -> None:
    frames = {0x56: cells_frame([3300] * 8, left=(1, 1))}
    async with talking(Bms(pty, frames, period=FAST)):
        found = await probe(pty)
    assert found.units[0].firmware is None


async def test_nobody_talks(pty: PtyWire) -> None:
    with pytest.raises(Silent):
        await probe(pty)


async def test_something_else_talks(pty: PtyWire) -> None:
    async with talking(Bms(pty, {0x57: b"NO\r\n"}, period=FAST)):
        with pytest.raises(BadAnswer):
            await probe(pty)


async def test_a_port_that_is_missing(pty: PtyWire) -> None:
    await pty.unplug()
    with pytest.raises(LinkError) as caught:
        await probe(pty)
    assert caught.value.fault is LinkFault.MISSING


async def test_a_bms_where_another_device_was_expected(pty: PtyWire) -> None:
    async with talking(Bms(pty, period=FAST)):
        with pytest.raises(OtherDevice) as caught:
            await search(
                FAMILIES["jk_bms"],
                lambda line: SerialLink(pty.address, line.baudrate),
                lambda _: None,
            )
    assert caught.value.placeholders["found"] == "Chargery BMS16T"


ONE = pack_frame()
VECTORS = capture("chargery", "constructed_vectors")["vectors"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (recorded("real_8slots_stream_with_two_truncated_frames"), "Chargery BMS8T"),
        (recorded("real_v1_22_stream_16slots_3cells"), "Chargery BMS16T"),
        (bytes.fromhex(VECTORS["v1_26_24slots_22cells"]["stream_hex"]), "Chargery BMS24T"),
        (ONE, "Chargery BMS"),
        (cells_frame([3300] * 8), "Chargery BMS"),
        (pack_frame(soc=None, stopped=None) + cells_frame([3300] * 8), "Chargery BMS8T"),
        (cells_frame([3300] * 22, left=(1, 1)), "Chargery BMS"),
        (SPACER, None),
        (ONE[:-1], None),
        (b"\xa5" * 100, None),
        (b"", None),
    ],
)
def test_received_bytes_are_recognised(data: bytes, name: str | None) -> None:
    assert recognise(data) == (Speaker(name) if name else None)


def test_how_it_is_reached() -> None:
    assert FAMILY.links == (LinkKind.SERIAL, LinkKind.WEBSOCKET)
    link = SerialLink("/dev/null", 9600)
    device = FAMILY.create(link, Identity(variant=VARIANT, serials={UNIT: None}))
    assert isinstance(device, BmsDevice)
    assert device.wires.link is link
