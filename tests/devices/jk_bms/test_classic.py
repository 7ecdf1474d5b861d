"""The conversation with a classic board, over real links that misbehave."""

import asyncio
from collections.abc import AsyncIterator
import logging
from typing import Any

import pytest
import serialx

from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.errors import (
    BadAnswer,
    Implausible,
    NoAnswer,
    OnlyEcho,
)
from custom_components.cellwire.devices.jk_bms import classic
from custom_components.cellwire.devices.jk_bms.classic import UNIT, ClassicDevice
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.health import Direction
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.captures import reply
from tests.bench.jk_bms import READ_ALL, ClassicBoard, edit, reframe
from tests.bench.wire import PtyWire, TcpWire, Wire

CHARGING = reply("real_16s_sw11.262H_charging_10A")
IDENTITY = Identity(variant=classic.VARIANT, serials={UNIT: None})


def device_on(wire: Wire) -> ClassicDevice:
    return ClassicDevice(SerialLink(wire.address, 115200), IDENTITY)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for a real board: those of the bench answer at once."""
    monkeypatch.setattr(classic, "TIMEOUT", 0.4)


@pytest.fixture
def board(pty: PtyWire) -> ClassicBoard:
    return ClassicBoard(pty, CHARGING)


@pytest.fixture
async def device(board: ClassicBoard) -> AsyncIterator[ClassicDevice]:
    device = device_on(board.wire)
    await device.start()
    yield device
    await device.close()


async def voltage(device: ClassicDevice) -> float | None:
    return (await device.read())[UNIT].voltage


async def test_a_board_is_described_and_read(device: ClassicDevice, board: ClassicBoard) -> None:
    unit = device.units[UNIT]
    assert (unit.model, unit.firmware) == ("JK_B1A24S15P", "11.262H")
    assert board.questions == 1
    reading = (await device.read())[UNIT]
    assert (reading.voltage, reading.current, reading.soc) == (53.15, 10.12, 46)
    assert board.questions == 2
    health = device.wires.health
    assert (health.good_frames, health.timeouts, health.opened) == (2, 0, 1)
    assert health.answer_time is not None


@pytest.mark.parametrize("form", READ_ALL)
async def test_the_form_that_a_board_answers_is_found_and_kept(pty: PtyWire, form: bytes) -> None:
    board = ClassicBoard(pty, CHARGING, forms=(form,))
    device = device_on(pty)
    await device.start()
    asked = board.questions
    assert asked == READ_ALL.index(form) + 1
    assert await voltage(device) == 53.15
    assert board.questions == asked + 1
    await device.close()


@pytest.mark.parametrize(
    "fault",
    [
        faults.split(1),
        faults.split(7, 0.002),
        faults.split(100, 0.1),
        faults.doubled,
        faults.surrounded(b"\xff\xdf\x00N"),
        faults.surrounded(CHARGING[200:]),
    ],
    ids=["bytes", "slices", "cut by a gateway", "doubled", "noise", "tail of another"],
)
async def test_a_good_answer_is_taken_however_it_comes(
    device: ClassicDevice, board: ClassicBoard, fault: faults.Fault
) -> None:
    board.fault = fault
    for _ in range(3):
        assert await voltage(device) == 53.15
    assert device.wires.health.timeouts == 0


@pytest.mark.parametrize(
    "fault",
    [faults.silent, faults.truncated(150), faults.corrupted(40), faults.late(0.6)],
    ids=["silent", "truncated", "corrupted", "late"],
)
async def test_one_bad_answer_is_asked_for_again(
    device: ClassicDevice, board: ClassicBoard, fault: faults.Fault
) -> None:
    asked = board.questions
    board.fault = faults.once(fault)
    assert await voltage(device) == 53.15
    assert board.questions == asked + 2
    health = device.wires.health
    assert health.timeouts + health.checksum_errors == 1


async def test_a_late_answer_is_not_taken_for_the_next_one(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    old = edit(CHARGING, {0x85: "0B"})
    board.fault = faults.once(lambda _: [(0.5, old)])
    reading = (await device.read())[UNIT]
    assert reading.soc == 46


async def test_a_silent_board_is_no_answer_and_comes_back(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    board.fault = faults.silent
    with pytest.raises(NoAnswer):
        await device.read()
    board.fault = faults.none
    assert await voltage(device) == 53.15


async def test_a_line_full_of_noise_is_a_bad_answer(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    board.fault = lambda _: [(0.0, b"\xa5" * 300)]
    with pytest.raises(BadAnswer) as caught:
        await device.read()
    assert caught.value.heard == b"\xa5" * 300
    assert caught.value.placeholders["count"] == "300"
    noise = [t for t in device.wires.trace.entries if t.direction is Direction.NOISE]
    assert noise[-1].data == b"\xa5" * 300


async def test_an_echo_is_not_an_answer(device: ClassicDevice, board: ClassicBoard) -> None:
    board.echoes = True
    assert await voltage(device) == 53.15
    board.fault = faults.silent
    with pytest.raises(OnlyEcho):
        await device.read()


async def test_answers_to_other_questions_are_passed_over(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    single = bytes.fromhex("4E5700150000000003000180001A0000000068000001C0")
    unasked = reframe(3, CHARGING[11:-9])
    board.fault = lambda answer: [(0.0, single + unasked + answer)]
    assert await voltage(device) == 53.15


async def test_contradicting_values_are_asked_for_again_and_then_refused(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    wrong = edit(CHARGING, {0x83: "2710"})
    board.fault = faults.once(lambda _: [(0.0, wrong)])
    assert await voltage(device) == 53.15
    board.reply = wrong
    board.fault = faults.none
    with pytest.raises(Implausible):
        await device.read()


async def test_after_some_failures_the_link_is_opened_anew(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    board.fault = faults.silent
    for _ in range(3):
        with pytest.raises(NoAnswer):
            await device.read()
    assert not device.wires.link.is_open
    board.fault = faults.none
    assert await voltage(device) == 53.15
    assert device.wires.health.opened == 2


async def test_unplugged_and_plugged_again(device: ClassicDevice, pty: PtyWire) -> None:
    assert await voltage(device) == 53.15
    await pty.unplug()
    faults_seen = []
    for _ in range(3):
        with pytest.raises(LinkError) as caught:
            await device.read()
        faults_seen.append(caught.value.fault)
    assert set(faults_seen) == {LinkFault.MISSING}
    opened = device.wires.health.opened
    await pty.plug()
    await asyncio.sleep(1.1)
    assert await voltage(device) == 53.15
    assert (device.wires.health.opened, device.wires.health.lost) == (opened + 1, 1)


async def test_a_server_that_hangs_up_after_each_answer(socket_enabled: None) -> None:
    wire = TcpWire(closes_after=len(CHARGING))
    await wire.plug()
    ClassicBoard(wire, CHARGING)
    device = device_on(wire)
    await device.start()
    for _ in range(3):
        assert await voltage(device) == 53.15
    assert wire.connections >= 4
    await device.close()
    await wire.unplug()


async def test_a_server_that_hangs_up_while_it_is_asked(tcp: TcpWire) -> None:
    board = ClassicBoard(tcp, CHARGING)
    device = device_on(tcp)
    await device.start()

    def hang_up(_answer: bytes) -> faults.Pieces:
        tcp.hang_up()
        return []

    board.fault = faults.once(hang_up)
    assert await voltage(device) == 53.15
    await device.close()


async def test_a_server_that_only_hangs_up_is_left_alone_for_a_while(socket_enabled: None) -> None:
    wire = TcpWire(closes_after=0)
    await wire.plug()
    device = device_on(wire)
    with pytest.raises(LinkError) as caught:
        await device.start()
    assert caught.value.fault is LinkFault.LOST
    device = device_on(wire)
    for _ in range(5):
        with pytest.raises(LinkError):
            await device.read()
    assert wire.connections == 2
    await device.close()
    await wire.unplug()


async def test_start_closes_what_it_opened_when_nobody_answers(pty: PtyWire) -> None:
    device = device_on(pty)
    with pytest.raises(NoAnswer):
        await device.start()
    assert not device.wires.link.is_open
    other = SerialLink(pty.address, 115200)
    await other.open()
    await other.close()


async def test_a_closed_device_opens_nothing_any_more(device: ClassicDevice) -> None:
    reading = asyncio.create_task(device.read())
    await asyncio.sleep(0.005)
    await device.close()
    with pytest.raises(LinkError):
        await reading
    with pytest.raises(LinkError):
        await device.read()
    assert not device.wires.link.is_open


async def test_a_restart_of_the_board_in_between(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    board.fault = faults.silent
    with pytest.raises(NoAnswer):
        await device.read()
    board.reply = edit(CHARGING, {0x85: "00", 0x87: "0000"})
    board.fault = faults.none
    reading = (await device.read())[UNIT]
    assert (reading.soc, reading.cycles, reading.voltage) == (None, None, 53.15)


async def test_an_unknown_identifier_is_logged_once(
    device: ClassicDevice, board: ClassicBoard, caplog: pytest.LogCaptureFixture
) -> None:
    board.reply = reframe(6, CHARGING[11:-9] + b"\xc1\x05")
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert await voltage(device) == 53.15
    assert [record.getMessage() for record in caplog.records].count(
        f"The JK-BMS on {device.wires.link.name} sends identifier 0xC1, which is not known;"
        " the rest is left out"
    ) == 1


async def test_the_password_is_kept_nowhere(
    device: ClassicDevice, board: ClassicBoard, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "S3cret#pw!"  # noqa: S105
    board.reply = edit(CHARGING, {0xB2: secret.encode().hex()})
    board.fault = faults.in_turn(faults.corrupted(30), forever=faults.none)
    with caplog.at_level(logging.DEBUG):
        await device.read()
    # The serial library logs every byte at its own debug level, so the manifest does not name it
    # among the loggers that "enable debug logging" switches on.
    logged = "".join(
        r.getMessage() for r in caplog.records if r.name.startswith("custom_components")
    )
    assert "4E 57 01 21" in logged
    kept = b"".join(traced.data for traced in device.wires.trace.entries)
    assert secret.encode() not in kept
    for part in (secret, secret.encode().hex(" ").upper()):
        assert part not in logged
    assert secret not in repr(device.units) + repr(await device.read())


@pytest.mark.parametrize("ends", ["closed", "cancelled"])
async def test_a_device_that_ends_while_its_link_is_being_opened(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    connect = serialx.BaseSerialTransport.connect
    begun = asyncio.Event()

    async def slow(self: serialx.BaseSerialTransport, **kwargs: Any) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        await connect(self, **kwargs)

    ClassicBoard(pty, CHARGING)
    monkeypatch.setattr(serialx.BaseSerialTransport, "connect", slow)
    device = device_on(pty)
    reading = asyncio.create_task(device.read())
    await begun.wait()
    if ends == "cancelled":
        reading.cancel()
    else:
        await device.close()
    with pytest.raises(asyncio.CancelledError if ends == "cancelled" else LinkError):
        await reading
    await asyncio.sleep(0.3)
    assert not device.wires.link.is_open
    assert not device.lock.locked()
    assert device.wires.health.opened == 0
    await device.close()
