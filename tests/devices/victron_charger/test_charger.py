"""The conversation with a charger, over real links that misbehave."""

import asyncio
import logging

import pytest

from custom_components.cellwire.devices import streaming
from custom_components.cellwire.devices.errors import (
    BadAnswer,
    NoAnswer,
    OnlyEcho,
    Unforeseen,
    WrongIdentity,
)
from custom_components.cellwire.devices.model import Status
from custom_components.cellwire.devices.vedirect import questions
from custom_components.cellwire.devices.vedirect.register import Tier
from custom_components.cellwire.devices.victron_charger import charger
from custom_components.cellwire.devices.victron_charger.reading import UNIT
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.health import Direction
from tests.bench import faults
from tests.bench.captures import recording
from tests.bench.victron_charger import REGISTERS, SERIAL, Charger, hex_frame
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until

from .talking import FAST, device_on, second, started, started_while_talking, talking


async def test_the_recorded_stream_is_described_and_read(pty: PtyWire) -> None:
    async with talking(Charger(pty, period=FAST)) as simulator, started(pty) as device:
        await until(lambda: 0x1070 in simulator.questions)
        await asyncio.sleep(0.1)
        reading = (await device.read())[UNIT]
        unit = device.units[UNIT]
    assert (unit.model, unit.serial, unit.firmware) == ("Blue Smart IP22 24/12 (1)", SERIAL, "3.42")
    assert reading.status in (Status.BULK, Status.ABSORPTION)
    assert reading.voltage is not None
    assert 28.6 <= reading.voltage <= 28.9
    assert reading.values["charge_current_limit"] == 12.0
    assert reading.values["cycles_started"] == 485
    assert reading.charged == 2092.4
    assert reading.values["tail_current"] is None
    assert reading.raw["capabilities"] == 0x40C100FC
    # Nothing but questions went out.
    sent = pty.received.decode().split()
    assert all(line.startswith(":7") for line in sent)


async def test_text_is_enough(pty: PtyWire) -> None:
    simulator = Charger(pty, [second()], period=FAST)
    simulator.deaf = True
    async with talking(simulator), started(pty) as device:
        reading = (await device.read())[UNIT]
        assert (reading.voltage, reading.current) == (28.68, 9.0)
        await until(lambda: device.wires.health.timeouts >= 9)
        asked = len(pty.received)
        await asyncio.sleep(0.5)
        # Nobody listens there: the TX wire is missing. It is left alone for a while.
        assert len(pty.received) == asked
        assert (await device.read())[UNIT].voltage == 28.68


async def test_frames_are_enough(pty: PtyWire) -> None:
    frames = hex_frame(0xA, bytes.fromhex("0E200001")) + hex_frame(0xA, bytes.fromhex("8DED00400B"))
    registers = REGISTERS | {0x0201: b"\x05", 0xEDD5: (2880).to_bytes(2, "little")}
    simulator = Charger(pty, [frames], registers, period=FAST)
    async with talking(simulator), started(pty) as device:
        await until(lambda: 0x2007 in simulator.questions)
        reading = (await device.read())[UNIT]
        assert device.units[UNIT].serial == SERIAL
        assert device.units[UNIT].firmware in (None, "3.42")
    assert reading.status is Status.FLOAT
    assert reading.voltage == 28.8


async def test_a_charger_without_any_serial_number_is_read_all_the_same(pty: PtyWire) -> None:
    registers = {0x0100: REGISTERS[0x0100]}
    frames = hex_frame(0xA, bytes.fromhex("8DED00400B"))
    async with talking(Charger(pty, [frames], registers, period=FAST)), started(pty) as device:
        assert device.units[UNIT].serial is None
        assert (await device.read())[UNIT].voltage == 28.8


async def test_unknown_registers_are_asked_once_and_known_ones_again(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    intervals: dict[Tier, float] = questions.INTERVALS
    monkeypatch.setitem(intervals, Tier.MEASUREMENT, 0.3)
    async with talking(Charger(pty, [second()], period=FAST)) as simulator, started(pty):
        await until(lambda: simulator.questions.count(0xEDDA) >= 3)
    assert simulator.questions.count(0xEDD4) == 1
    assert simulator.questions.count(0xEDF0) == 1


async def test_what_comes_unasked_is_not_asked_for(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = hex_frame(0xA, bytes.fromhex("01020003")) + hex_frame(0xA, bytes.fromhex("DBED009C09"))
    monkeypatch.setattr(questions, "PACE", 0.05)
    async with talking(Charger(pty, [second() + frames], period=FAST)) as simulator, started(pty):
        await until(lambda: 0xEDEC in simulator.questions)
    assert 0xEDDB not in simulator.questions


async def test_a_question_that_got_lost_is_repeated(pty: PtyWire) -> None:
    simulator = Charger(pty, [second()], period=FAST)
    simulator.deaf = True
    async with talking(simulator), started(pty) as device:
        await until(lambda: device.wires.health.timeouts >= 1)
        simulator.deaf = False
        await until(lambda: 0x010A in simulator.questions)
        assert simulator.questions[0] == 0x0100


async def test_a_charger_that_knows_no_questions(pty: PtyWire) -> None:
    pty.attach(lambda _: pty.put(hex_frame(3, b"\x07")))
    device = device_on(pty)
    start = asyncio.create_task(device.start())
    await asyncio.sleep(0.1)
    await pty.send(second())
    await start
    await asyncio.sleep(0.3)
    assert pty.received.count(b":7") == 1
    await device.close()


async def test_complaints_of_the_charger_are_counted(pty: PtyWire) -> None:
    errors = recording("victron_charger", "05_ip22_24_16_frame_errors")
    async with talking(Charger(pty, [second() + errors], period=FAST)), started(pty) as device:
        await until(lambda: device.wires.health.complaints >= 5)
        assert (await device.read())[UNIT].voltage == 28.68


async def test_a_change_of_state_or_error_hurries(pty: PtyWire) -> None:
    simulator = Charger(pty, [second()], period=FAST)
    simulator.deaf = True
    async with talking(simulator), started(pty) as device:
        hurried: list[Status | None] = []
        device.on_change(lambda: hurried.append(device.fresh()[UNIT].status))
        await asyncio.sleep(0.3)
        assert not hurried
        await pty.send(hex_frame(0xA, bytes.fromhex("01020004")))
        await until(lambda: hurried)
        assert hurried[0] is Status.ABSORPTION


async def test_unknown_codes_are_logged_once(
    pty: PtyWire, caplog: pytest.LogCaptureFixture
) -> None:
    simulator = Charger(pty, [second(CS="99", ERR="98")], {}, period=0.05)
    with caplog.at_level(logging.INFO):
        async with talking(simulator), started(pty):
            await asyncio.sleep(0.5)
    messages = [record.getMessage() for record in caplog.records if "not known" in record.message]
    assert messages == [
        f"The charger on {pty.address} reports state 99, which is not known",
        f"The charger on {pty.address} reports error 98, which is not known",
    ]


def _is_block(data: bytes) -> bool:
    return b"Checksum" in data


@pytest.mark.parametrize(
    "fault",
    [
        faults.split(1),
        faults.split(13, 0.01),
        faults.surrounded(b"\x00\xff\r:A01"),
        faults.only(_is_block, faults.in_turn(*[faults.corrupted(40), faults.none] * 30)),
    ],
    ids=["bytes", "slices", "noise", "every second block damaged"],
)
async def test_good_blocks_are_taken_however_they_come(pty: PtyWire, fault: faults.Fault) -> None:
    simulator = Charger(pty, [second()], period=FAST)
    simulator.fault = fault
    async with talking(simulator), started(pty) as device:
        for _ in range(5):
            assert (await device.read())[UNIT].voltage == 28.68
            await asyncio.sleep(0.05)


async def test_a_value_of_an_unknown_size_is_counted_and_left_out(pty: PtyWire) -> None:
    odd = hex_frame(0xA, bytes.fromhex("F0ED0078"))
    async with talking(Charger(pty, [second() + odd], {}, period=FAST)), started(pty) as device:
        await until(lambda: device.wires.health.rejected)
        assert (await device.read())[UNIT].values["charge_current_limit"] is None


async def test_an_echo_is_no_charger(pty: PtyWire) -> None:
    pty.attach(pty.put)
    device = device_on(pty)
    with pytest.raises(OnlyEcho):
        await device.start()


async def test_an_echo_in_front_of_the_answers_does_no_harm(pty: PtyWire) -> None:
    simulator = Charger(pty, [second()], period=FAST)
    answer = simulator._receive

    def echo_and_answer(data: bytes) -> None:
        pty.put(data)
        answer(data)

    pty.attach(echo_and_answer)
    async with talking(simulator), started(pty) as device:
        await until(lambda: 0x2007 in simulator.questions)
        reading = (await device.read())[UNIT]
    assert reading.values["charge_current_limit"] == 12.0
    assert "EDD4" in str(reading.raw["refused"])


async def test_silence(pty: PtyWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charger.ChargerDevice, "alive", 0.3)
    simulator = Charger(pty, [second()], period=FAST)
    async with started_while_talking(simulator) as (device, task):
        hurried: list[int] = []
        device.on_change(lambda: hurried.append(1))
        task.cancel()
        await until(lambda: hurried)
        await asyncio.sleep(0.5)
        assert len(hurried) == 1
        with pytest.raises(NoAnswer):
            await device.read()
        async with talking(simulator):
            await asyncio.sleep(0.3)
            assert (await device.read())[UNIT].voltage == 28.68


async def test_noise_instead_of_the_charger(pty: PtyWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charger.ChargerDevice, "alive", 0.3)
    async with started_while_talking(Charger(pty, [second()], period=FAST)) as (device, task):
        hurried: list[int] = []
        device.on_change(lambda: hurried.append(1))
        task.cancel()
        for _ in range(10):
            await pty.send(b"\xa5" * 30)
            await asyncio.sleep(0.05)
        assert hurried
        with pytest.raises(BadAnswer) as caught:
            await device.read()
    assert caught.value.heard.endswith(b"\xa5" * 30)


async def test_a_peer_that_vanished_is_connected_to_again(
    tcp: TcpWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "REOPEN_SILENCE", 0.5)
    async with started_while_talking(Charger(tcp, [second()], period=FAST)) as (device, task):
        task.cancel()
        connections = tcp.connections
        await until(lambda: tcp.connections > connections)
        with pytest.raises(LinkError) as caught:
            await device.read()
        assert caught.value.placeholders["detail"] == "silence"


async def test_unplugged_and_plugged_again(pty: PtyWire) -> None:
    async with talking(Charger(pty, [second()], period=FAST)), started(pty) as device:
        hurried: list[int] = []
        device.on_change(lambda: hurried.append(1))
        await pty.unplug()
        await until(lambda: hurried)
        with pytest.raises(LinkError):
            await device.read()
        await asyncio.sleep(0.7)
        with pytest.raises(LinkError) as caught:
            await device.read()
        assert caught.value.fault is LinkFault.MISSING
        await pty.plug()
        hurried.clear()
        await until(lambda: hurried)
        assert (await device.read())[UNIT].voltage == 28.68
        assert (device.wires.health.opened, device.wires.health.lost) == (2, 1)


async def test_another_charger_on_the_line_is_not_shown(pty: PtyWire) -> None:
    simulator = Charger(pty, [second()], period=FAST)
    async with talking(simulator), started(pty) as device:
        simulator.seconds[:] = [second(SER="HQ9999STRANGE", V="12000")]
        await asyncio.sleep(0.5)
        with pytest.raises(WrongIdentity):
            await device.read()
        await asyncio.sleep(1.0)
        with pytest.raises(WrongIdentity):
            await device.read()
        simulator.seconds[:] = [second()]
        await asyncio.sleep(2.5)
        assert (await device.read())[UNIT].voltage == 28.68


async def test_a_mistake_of_our_own_is_not_taken_for_silence_and_passes(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with talking(Charger(pty, [second()], period=FAST)), started(pty) as device:

        def fail(_data: bytes) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as mistaken:
            mistaken.setattr(device, "receive", fail)
            await asyncio.sleep(0.3)
            with pytest.raises(Unforeseen):
                await device.read()
        await until(lambda: device.wires.health.opened == 2)
        await asyncio.sleep(0.5)
        assert (await device.read())[UNIT].voltage == 28.68


async def test_the_trace_keeps_blocks_and_changes_without_the_serial_number(pty: PtyWire) -> None:
    async with talking(Charger(pty, period=FAST)), started(pty) as device:
        await asyncio.sleep(1.0)
        entries = list(device.wires.trace.entries)
    kept = b"".join(entry.data for entry in entries)
    assert b"Checksum" in kept
    assert SERIAL.encode() not in kept
    assert SERIAL.encode().hex().upper().encode() not in kept
    # The two that come ten times a second are kept when they change.
    assert kept.count(b":A0E200001") <= 1
    assert {entry.direction for entry in entries} >= {Direction.SENT, Direction.RECEIVED}


async def test_the_unit_is_described_anew_only_when_it_says_something_else(pty: PtyWire) -> None:
    simulator = Charger(pty, [second()], period=FAST)
    async with talking(simulator), started(pty) as device:
        unit = device.units[UNIT]
        good = device.wires.health.good_frames
        await until(lambda: device.wires.health.good_frames > good + 10)
        assert device.units[UNIT] is unit
        simulator.seconds = [second(FWE="0365FF")]
        await until(lambda: device.units[UNIT].firmware == "3.65")
