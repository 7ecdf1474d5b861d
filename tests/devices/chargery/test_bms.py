"""Listening to a BMS, over real links that misbehave."""

import asyncio
from collections.abc import AsyncIterator
import logging
from pathlib import Path

from aiohttp import WSMsgType
import pytest

from custom_components.cellwire.devices import streaming
from custom_components.cellwire.devices.chargery import bms, reading
from custom_components.cellwire.devices.chargery.frame import Command
from custom_components.cellwire.devices.chargery.words import UNIT, Silent
from custom_components.cellwire.devices.errors import BadAnswer
from custom_components.cellwire.devices.model import Status
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.health import Direction
from tests.bench import faults
from tests.bench.chargery import (
    DISCHARGE,
    Bms,
    cells_frame,
    pack_frame,
    recorded_frames,
    resistances_frame,
    talking,
)
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import PtyWire, TcpWire, Wire
from tests.waiting import until

from .listening import FAST, device_on, started

TOTAL = 53.294
RECORDED = recorded_frames("real_v1_25_frames_16s")


@pytest.fixture(params=["pty", "tcp", "websocket"])
async def wire(
    request: pytest.FixtureRequest, tmp_path: Path, socket_enabled: None
) -> AsyncIterator[Wire]:
    wires: dict[str, Wire] = {
        "pty": PtyWire(tmp_path / "port"),
        "tcp": TcpWire(),
        "websocket": WebSocketWire(),
    }
    each = wires[request.param]
    await each.plug()
    yield each
    await each.unplug()


async def test_the_recorded_frames_are_read_over_every_link(wire: Wire) -> None:
    async with talking(Bms(wire, period=FAST)) as simulator, started(wire) as device:
        assert device.wires.link.is_open
        simulator.turn()
        await until(lambda: device.is_whole and device.fresh()[UNIT].cell_resistances)
        values = (await device.read())[UNIT]
        assert (values.voltage, values.current, values.soc) == (TOTAL, 22.8, 91)
        assert values.cell_resistances[0] == 0.1
        assert device.units[UNIT].model == "BMS16T"
        assert {each.direction for each in device.wires.trace.entries} == {Direction.RECEIVED}
    # It is only listened to.
    assert not wire.received


@pytest.mark.parametrize("kind", [WSMsgType.TEXT, WSMsgType.BINARY])
@pytest.mark.parametrize(
    "fault",
    [faults.split(1), faults.split(13, 0.005), faults.surrounded(b"NO\r\n$$V\xff")],
    ids=["bytes", "slices", "noise"],
)
async def test_messages_that_do_not_fit_the_frames(
    websocket_wire: WebSocketWire, kind: WSMsgType, fault: faults.Fault
) -> None:
    websocket_wire.kind = kind
    simulator = Bms(websocket_wire, period=FAST)
    simulator.fault = fault
    async with talking(simulator), started(websocket_wire) as device:
        await until(lambda: device.is_whole)
        for _ in range(5):
            assert (await device.read())[UNIT].voltage == TOTAL
            await asyncio.sleep(0.02)
        assert not device.wires.health.checksum_errors


async def test_a_line_at_its_real_speed(pty: PtyWire) -> None:
    pty.baudrate = 115200
    async with talking(Bms(pty, period=FAST)), started(pty) as device:
        await until(lambda: device.is_whole)
        assert (await device.read())[UNIT].voltage == TOTAL


async def test_damaged_frames_are_left_out(pty: PtyWire) -> None:
    simulator = Bms(pty, period=FAST)
    damage = faults.corrupted(10)
    simulator.fault = faults.in_turn(*[damage, damage, faults.none, faults.none] * 50)
    async with talking(simulator), started(pty) as device:
        await until(lambda: device.is_whole and device.wires.health.checksum_errors > 1)
        assert (await device.read())[UNIT].voltage == TOTAL
        assert Direction.NOISE in {each.direction for each in device.wires.trace.entries}


async def test_values_change(pty: PtyWire) -> None:
    simulator = Bms(pty, {0x57: pack_frame(), 0x56: RECORDED[0x56]}, period=FAST)
    async with talking(simulator), started(pty) as device:
        hurried: list[Status | None] = []
        device.on_change(lambda: hurried.append(device.fresh()[UNIT].status))
        await until(lambda: device.is_whole)
        values = device.fresh()[UNIT]
        assert (values.status, values.alarms) == (Status.CHARGING, frozenset())
        simulator.frames[0x57] = pack_frame(12.5, soc=51)
        await until(lambda: device.fresh()[UNIT].current == 12.5)
        assert not hurried
        simulator.frames[0x57] = pack_frame(12.5, mode=DISCHARGE)
        await until(lambda: hurried)
        assert hurried == [Status.DISCHARGING]
        simulator.frames[0x57] = pack_frame(12.5, mode=DISCHARGE, stopped=(0, 1))
        await until(lambda: len(hurried) == 2)
        assert device.fresh()[UNIT].alarms == {"overdischarge_protection"}
        assert device.fresh()[UNIT].cell_resistances == ()
        simulator.frames[0x58] = resistances_frame([5] * 16, mode=DISCHARGE)
        await until(lambda: device.fresh()[UNIT].cell_resistances)
        assert device.fresh()[UNIT].values["resistance_current"] == -22.8


async def test_an_update_of_the_firmware_shows_at_once(pty: PtyWire) -> None:
    simulator = Bms(pty, period=FAST)
    async with talking(simulator), started(pty) as device:
        await until(lambda: device.units[UNIT].firmware == "protocol V1.24-V1.25")
        simulator.frames[0x57] = pack_frame()
        await until(lambda: device.units[UNIT].firmware == "protocol V1.26")


async def test_nobody_talks(wire: Wire) -> None:
    async with device_on(wire) as device:
        with pytest.raises(Silent) as caught:
            await device.start()
        assert device._task is None
        assert not device.wires.link.is_open
    assert caught.value.key == "chargery_silent"
    assert caught.value.placeholders == {"device": "Chargery BMS", "seconds": "1"}


async def test_noise_instead_of_a_bms(pty: PtyWire) -> None:
    async with talking(Bms(pty, {0x57: b"\xa5" * 30}, period=FAST)), device_on(pty) as device:
        with pytest.raises(BadAnswer) as caught:
            await device.start()
    assert b"\xa5" * 30 in caught.value.heard


async def test_a_line_that_loses_all_cells_is_read_without(pty: PtyWire) -> None:
    """Software flow control somewhere on the way can eat just these frames."""
    async with talking(Bms(pty, {0x57: pack_frame()}, period=FAST)), started(pty) as device:
        assert not device.is_whole
        values = (await device.read())[UNIT]
        assert (values.current, values.voltage) == (10.0, None)
        assert device.units[UNIT].model is None


async def test_a_line_that_loses_all_pack_values(pty: PtyWire) -> None:
    async with talking(Bms(pty, {0x56: RECORDED[0x56]}, period=FAST)), started(pty) as device:
        values = (await device.read())[UNIT]
        assert (values.current, values.voltage) == (None, TOTAL)


async def test_what_cannot_be_true_is_counted(
    pty: PtyWire, caplog: pytest.LogCaptureFixture
) -> None:
    frames = {0x57: pack_frame(mode=9, soc=200), 0x56: cells_frame([3300, 9999] * 4, left=(1, 1))}
    with caplog.at_level(logging.INFO):
        async with talking(Bms(pty, frames, period=FAST)), started(pty) as device:
            await until(lambda: device.is_whole and device.wires.health.rejected >= 8)
            values = (await device.read())[UNIT]
    assert values.raw["refused"] == "soc mode cell_2 cell_4 cell_6 cell_8"
    assert values.cell_voltages[:2] == (3.3, None)
    messages = [record.getMessage() for record in caplog.records if "not known" in record.message]
    assert messages == [f"The BMS on {pty.address} reports mode 9, which is not known"]


async def test_the_oldest_layout_waits_for_the_pack_values(pty: PtyWire) -> None:
    frames = {0x56: cells_frame([3300] * 8)}
    simulator = Bms(pty, frames, period=FAST)
    async with talking(simulator), device_on(pty) as device:
        start = asyncio.create_task(device.start())
        await until(lambda: device.wires.health.good_frames)
        assert not device.units
        simulator.frames[0x57] = pack_frame(soc=None, stopped=None)
        await start
        assert (await device.read())[UNIT].cell_voltages == (3.3,) * 8
        assert device.units[UNIT].firmware == "protocol V1.21"


async def test_silence(pty: PtyWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AGES", dict.fromkeys(Command, 0.3))
    monkeypatch.setattr(streaming, "LOOK_UP", 0.1)
    monkeypatch.setattr(bms.BmsDevice, "alive", 0.3)
    monkeypatch.setattr(streaming, "HEARD_SECONDS", 0.3)
    simulator = Bms(pty, period=FAST)
    async with talking(simulator), started(pty) as device:
        hurried: list[int] = []
        device.on_change(lambda: hurried.append(1))
        simulator.is_silent = True
        await until(lambda: hurried)
        await asyncio.sleep(0.5)
        assert len(hurried) == 1
        with pytest.raises(Silent):
            await device.read()
        simulator.is_silent = False
        await until(device.fresh)
        assert (await device.read())[UNIT].current == 22.8


async def test_a_peer_that_vanished_is_connected_to_again(
    websocket_wire: WebSocketWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "REOPEN_SILENCE", 0.4)
    simulator = Bms(websocket_wire, period=FAST)
    async with talking(simulator), started(websocket_wire) as device:
        simulator.turn()
        await until(lambda: device.fresh()[UNIT].cell_resistances)
        simulator.is_silent = True
        await until(lambda: websocket_wire.connections == 2)
        with pytest.raises(LinkError) as caught:
            await device.read()
        assert caught.value.placeholders["detail"] == "silence"
        simulator.is_silent = False
        await until(device.fresh)
        # The cells are counted as before: the resistances that told of them may not come for days.
        assert device.fresh()[UNIT].values["cell_count_setting"] == 16


@pytest.mark.parametrize("how", ["hang up", "cut", "in mid-frame"])
async def test_a_server_that_hangs_up(websocket_wire: WebSocketWire, how: str) -> None:
    async with talking(Bms(websocket_wire, period=FAST)), started(websocket_wire) as device:
        hurried: list[int] = []
        device.on_change(lambda: hurried.append(1))
        if how == "hang up":
            await websocket_wire.hang_up()
        else:
            websocket_wire.cut(in_mid_frame=how == "in mid-frame")
        await until(lambda: hurried)
        with pytest.raises(LinkError) as caught:
            await device.read()
        assert caught.value.fault is LinkFault.LOST
        await until(lambda: len(hurried) > 1)
        assert (await device.read())[UNIT].voltage == TOTAL
        assert (device.wires.health.opened, device.wires.health.lost) == (2, 1)


async def test_unplugged_and_plugged_again(wire: Wire) -> None:
    async with talking(Bms(wire, period=FAST)), started(wire) as device:
        hurried: list[int] = []
        device.on_change(lambda: hurried.append(1))
        await wire.unplug()
        await until(lambda: hurried)
        await asyncio.sleep(0.7)
        with pytest.raises(LinkError) as caught:
            await device.read()
        assert caught.value.fault in (LinkFault.MISSING, LinkFault.REFUSED)
        await wire.plug()
        hurried.clear()
        await until(lambda: hurried)
        assert (await device.read())[UNIT].voltage == TOTAL


async def test_another_model_after_a_long_time_inherits_nothing(
    tcp: TcpWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bms, "SAME_DEVICE", 0.0)
    simulator = Bms(tcp, period=FAST)
    async with talking(simulator), started(tcp) as device:
        simulator.turn()
        await until(lambda: device.fresh()[UNIT].cell_resistances)
        tcp.hang_up()
        await until(lambda: device.wires.health.opened == 2)
        await until(device.fresh)
        assert device.fresh()[UNIT].cell_resistances == ()
