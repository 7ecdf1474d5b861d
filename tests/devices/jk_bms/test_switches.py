"""Switching a classic board: asked for, written, read back, and only then believed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import time

import pytest

from custom_components.cellwire.devices.device import Option, Settings
from custom_components.cellwire.devices.errors import NoAnswer, Refused
from custom_components.cellwire.devices.jk_bms import FAMILY, classic, switches
from custom_components.cellwire.devices.jk_bms.classic import UNIT, ClassicDevice
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.links.errors import LinkError
from tests.bench import faults
from tests.bench.jk_bms import BAUDRATE, reframe
from tests.bench.jk_switches import SwitchedBoard
from tests.bench.wire import PtyWire, TcpWire

from .switching import (
    BALANCER,
    CHARGE,
    DISCHARGE,
    NEWER,
    OFF,
    OLDER,
    ON,
    RECORDED,
    SHORT,
    device_on,
    refusal,
    shown,
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for a real board: those of the bench answer at once."""
    monkeypatch.setattr(classic, "TIMEOUT", 0.3)
    monkeypatch.setattr(switches, "SETTLE", 0.3)


@pytest.fixture
def board(pty: PtyWire) -> SwitchedBoard:
    return SwitchedBoard(pty, NEWER)


@pytest.fixture
async def device(board: SwitchedBoard) -> AsyncIterator[ClassicDevice]:
    device = device_on(board.wire)
    await device.start()
    yield device
    await device.close()


def test_the_family_lets_its_owner_allow_it() -> None:
    assert FAMILY.options == (Option.ALLOW_CONTROL, Option.PASSWORD)
    assert not FAMILY.allows_control


async def test_what_cuts_the_power_is_risky(device: ClassicDevice) -> None:
    assert {c.key: (c.risky, c.setting) for c in device.controls[UNIT]} == {
        CHARGE: (False, False),
        DISCHARGE: (True, False),
        BALANCER: (False, True),
    }


@pytest.mark.parametrize("key", [CHARGE, DISCHARGE, BALANCER])
async def test_off_and_on_again(device: ClassicDevice, board: SwitchedBoard, key: str) -> None:
    assert await shown(device, key) is True
    await device.apply(UNIT, key, OFF)
    assert await shown(device, key) is False
    await device.apply(UNIT, key, ON)
    assert await shown(device, key) is True
    name = RECORDED[key]
    assert board.habits.writes == [SHORT[f"write_{name}_off"], SHORT[f"write_{name}_on"]]
    assert not board.unlocks


async def test_what_is_switched_follows(device: ClassicDevice) -> None:
    await device.apply(UNIT, DISCHARGE, OFF)
    reading = (await device.read())[UNIT]
    assert (reading.charge_mosfet, reading.discharge_mosfet) == (True, False)


async def test_what_is_so_already_is_not_written(
    device: ClassicDevice, board: SwitchedBoard
) -> None:
    await device.apply(UNIT, CHARGE, ON)
    assert not board.habits.writes


async def test_nothing_is_written_unless_asked_for(
    device: ClassicDevice, board: SwitchedBoard, pty: PtyWire
) -> None:
    board.set(0xAB, 0)
    for _ in range(3):
        await device.read()
    await pty.unplug()
    with pytest.raises(LinkError):
        await device.read()
    await pty.plug()
    await asyncio.sleep(1.1)
    await device.read()
    assert device.wires.health.opened > 1
    assert not board.habits.writes + board.unlocks


@pytest.mark.parametrize("key", [CHARGE, DISCHARGE, BALANCER])
@pytest.mark.parametrize("wish", [None, 1, "off"])
async def test_other_wishes_than_on_and_off_are_refused(
    device: ClassicDevice, board: SwitchedBoard, key: str, wish: Value
) -> None:
    assert (await refusal(device, key, wish)).key == "refused_not_a_choice"
    assert not board.habits.writes


@pytest.mark.parametrize("key", [CHARGE, DISCHARGE, BALANCER])
async def test_nothing_is_switched_without_leave(
    device: ClassicDevice, board: SwitchedBoard, key: str
) -> None:
    device.settings = Settings()
    assert (await refusal(device, key, OFF)).key == "refused_not_allowed"
    assert not board.habits.writes + board.unlocks


@pytest.mark.parametrize("key", [CHARGE, DISCHARGE, BALANCER])
async def test_an_acknowledgement_without_effect_is_no_success(
    device: ClassicDevice, board: SwitchedBoard, key: str
) -> None:
    board.habits.applies = False
    error = await refusal(device, key, OFF)
    assert (error.key, error.placeholders["detail"]) == ("refused_not_taken", "on")
    assert await shown(device, key) is True
    # Both recipes were tried, each once.
    assert [tuple(write[9:11]) for write in board.habits.writes] == [(3, 2), (2, 0)]


@pytest.mark.parametrize("key", [CHARGE, DISCHARGE, BALANCER])
async def test_a_link_that_is_lost_behind_the_write(
    device: ClassicDevice, board: SwitchedBoard, pty: PtyWire, key: str
) -> None:
    lost: list[asyncio.Task[None]] = []
    board.habits.lose = lambda: lost.append(asyncio.create_task(pty.unplug()))
    error = await refusal(device, key, OFF)
    assert (error.key, error.placeholders["detail"]) == ("refused_unknown_state", "on before")
    assert len(board.habits.writes) == len(lost) == 1
    with pytest.raises(LinkError):
        await device.read()


async def test_a_link_that_is_lost_before_the_write(
    device: ClassicDevice, board: SwitchedBoard, pty: PtyWire
) -> None:
    await pty.unplug()
    with pytest.raises(LinkError):
        await device.apply(UNIT, CHARGE, OFF)
    assert not board.habits.writes


async def test_a_board_that_does_not_answer_is_not_written_to(
    device: ClassicDevice, board: SwitchedBoard
) -> None:
    board.fault = faults.silent
    with pytest.raises(NoAnswer):
        await device.apply(UNIT, CHARGE, OFF)
    assert not board.habits.writes


async def test_a_board_that_falls_asleep_behind_the_write(
    device: ClassicDevice, board: SwitchedBoard
) -> None:
    board.habits.lose = lambda: setattr(board, "fault", faults.silent)
    assert (await refusal(device, DISCHARGE, OFF)).key == "refused_unknown_state"
    assert len(board.habits.writes) == 1


async def test_a_board_that_does_not_tell_its_state_is_not_written_to(
    device: ClassicDevice, board: SwitchedBoard
) -> None:
    info = board.reply[11:-9]
    # The list ends early, at an identifier that does not exist.
    board.reply = reframe(6, info[: info.index(b"\xaa\x00")] + b"\x88" + info[-20:])
    assert (await refusal(device, CHARGE, OFF)).key == "refused_not_offered"
    assert not board.habits.writes


@pytest.mark.parametrize(
    "acknowledge",
    [
        faults.silent,
        faults.late(0.2),
        faults.late(0.45),
        faults.corrupted(11),
        faults.doubled,
        faults.surrounded(b"\xff\xdfNW"),
    ],
    ids=["none", "slow", "late", "damaged", "doubled", "noise"],
)
async def test_what_was_taken_counts_however_it_is_acknowledged(
    device: ClassicDevice, board: SwitchedBoard, acknowledge: faults.Fault
) -> None:
    board.habits.acknowledge = acknowledge
    await device.apply(UNIT, CHARGE, OFF)
    assert await shown(device, CHARGE) is False
    assert len(board.habits.writes) == 1


async def test_a_board_that_takes_its_time(device: ClassicDevice, board: SwitchedBoard) -> None:
    board.habits.delay = 0.2
    await device.apply(UNIT, CHARGE, OFF)
    assert await shown(device, CHARGE) is False
    assert len(board.habits.writes) == 1


async def test_an_echo_acknowledges_nothing(device: ClassicDevice, board: SwitchedBoard) -> None:
    board.echoes = True
    board.habits.applies = False
    board.habits.acknowledge = faults.silent
    assert (await refusal(device, CHARGE, OFF)).key == "refused_not_taken"


async def test_a_server_that_hangs_up_behind_the_write(tcp: TcpWire) -> None:
    board = SwitchedBoard(tcp, NEWER)
    device = device_on(tcp)
    await device.start()
    board.habits.lose = tcp.hang_up
    await device.apply(UNIT, CHARGE, OFF)
    assert await shown(device, CHARGE) is False
    assert (len(board.habits.writes), tcp.connections) == (1, 2)
    await device.close()


async def test_a_reading_waits_for_the_switch(device: ClassicDevice, board: SwitchedBoard) -> None:
    board.habits.delay = 0.1
    switching = asyncio.create_task(device.apply(UNIT, CHARGE, OFF))
    await asyncio.sleep(0)
    assert await shown(device, CHARGE) is False
    assert switching.done()
    await switching


async def test_closing_ends_it(device: ClassicDevice, board: SwitchedBoard) -> None:
    board.habits.applies = False
    switching = asyncio.create_task(device.apply(UNIT, CHARGE, OFF))
    await asyncio.sleep(0.2)
    await device.close()
    with pytest.raises(Refused) as caught:
        await switching
    assert caught.value.key == "refused_unknown_state"
    assert not device.wires.link.is_open


@pytest.mark.parametrize("board_reply", [OLDER, NEWER], ids=["11.262H", "15.29"])
async def test_the_way_there_and_back_at_the_real_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board_reply: bytes
) -> None:
    monkeypatch.setattr(switches, "SETTLE", 1.0)
    wire = PtyWire(tmp_path / "port", BAUDRATE)
    await wire.plug()
    SwitchedBoard(wire, board_reply)
    device = device_on(wire)
    await device.start()
    begin = time.monotonic()
    await device.apply(UNIT, DISCHARGE, OFF)
    assert time.monotonic() - begin < 1.5
    await device.close()
    await wire.unplug()
