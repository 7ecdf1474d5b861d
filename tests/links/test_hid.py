"""Questions to a charger on USB, and what is taken for an answer."""

import asyncio
import time

from modbus_connection import (
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
)
import pytest

from custom_components.cellwire.links import hid, owed
from custom_components.cellwire.links.hid import HidLink
from custom_components.cellwire.links.hid_frame import REPORT_SIZE, read_request, write_request
from tests.bench import faults
from tests.bench.captures import capture
from tests.bench.hid_port import HidPort, recorded_log_frames
from tests.waiting import until

from .charger import ADDRESS, DUO, TIMEOUT, read


async def test_registers_are_read_and_written(port: HidPort) -> None:
    link = HidLink(ADDRESS)
    assert not link.has_line
    assert link.product is None
    await link.open()
    assert link.is_open
    assert link.product == DUO
    unit = await link.unit(1, TIMEOUT)
    assert unit.connected
    assert await unit.read_input_registers(0x100, 30) == list(range(0x100, 0x11E))
    await unit.write_registers(0x8002, [7, 0x55AA])
    assert await unit.read_holding_registers(0x8001, 3) == [0x8001, 7, 0x55AA]
    assert port.received == [
        read_request(4, 0x100, 30).report[1:],
        write_request(0x8002, (7, 0x55AA)).report[1:],
        read_request(3, 0x8001, 3).report[1:],
    ]
    await link.close()
    await link.close()
    assert not link.is_open
    assert not unit.connected
    await until(lambda: not port.is_open)
    with pytest.raises(ModbusConnectionError):
        await unit.read_input_registers(0, 1)
    await link.open()
    assert await unit.read_input_registers(0, 1) == [0]
    await link.close()


async def test_what_does_not_fit_into_a_report_is_not_sent(link: HidLink, port: HidPort) -> None:
    unit = await link.unit(1, TIMEOUT)
    for request in (
        unit.read_input_registers(0, 31),
        unit.read_holding_registers(0, 0),
        unit.write_registers(0, [0] * 29),
    ):
        with pytest.raises(ValueError, match="registers"):
            await request
    with pytest.raises(ValueError, match="unit 1"):
        await link.unit(2, TIMEOUT)
    assert not port.received


async def test_exceptions_of_the_charger(link: HidLink) -> None:
    with pytest.raises(IllegalDataAddressError):
        await read(link, 0xDEAD)
    with pytest.raises(ModbusExceptionError) as caught:
        await read(link, 0xBAD)
    assert caught.value.exception_code == 200
    assert await read(link, 1) == [1]


async def test_the_bench_answers_as_the_recorded_charger(link: HidLink, port: HidPort) -> None:
    exchange = capture("icharger", "real_win32_run_stop_exchange")["exchange"]
    recorded = [bytes.fromhex(each["report64_hex"]) for each in exchange]
    port.memory[:] = recorded[1]
    answers: list[bytes] = []

    def overhear(report: bytes) -> faults.Pieces:
        answers.append(report)
        return faults.none(report)

    port.slave.fault = overhear
    unit = await link.unit(1, TIMEOUT)
    for asked in exchange[::2]:
        await unit.write_registers(
            int(asked["decoded"]["address"], 16), asked["decoded"]["registers"]
        )
    assert answers == recorded[1::2]


@pytest.mark.parametrize("is_logging", [False, True])
async def test_blocks_between_log_frames_and_leftovers(
    link: HidLink, port: HidPort, *, is_logging: bool
) -> None:
    port.is_logging = is_logging
    for address in range(0x100, 0x100 + 5 * 30, 30):
        assert await read(link, address, 30) == list(range(address, address + 30))
        assert await read(link, address, 2) == [address, address + 1]
    assert bool(link.log_frames) is is_logging
    assert link.skipped_frames == 0


async def test_a_flood_of_log_frames(link: HidLink, port: HidPort) -> None:
    flood = recorded_log_frames()[0]

    async def pour() -> None:
        while True:
            for _ in range(20):
                port.put(flood)
            await asyncio.sleep(0.001)

    pouring = asyncio.create_task(pour())
    await asyncio.sleep(0.02)
    unit = await link.unit(1, 2.0)
    assert await unit.read_input_registers(0x100, 30) == list(range(0x100, 0x11E))
    assert link.log_frames > 20
    port.slave.fault = faults.silent
    begin = time.monotonic()
    with pytest.raises(ModbusTimeoutError):
        await read(link, 1)
    assert time.monotonic() - begin < 1.0
    pouring.cancel()


@pytest.mark.parametrize(
    "fault",
    [
        faults.silent,
        faults.corrupted(1),  # type
        faults.corrupted(2, 0x07),  # function
        faults.truncated(1),
    ],
)
async def test_a_wrong_answer_is_none(link: HidLink, port: HidPort, fault: faults.Fault) -> None:
    port.slave.fault = faults.once(fault)
    begin = time.monotonic()
    with pytest.raises(ModbusTimeoutError):
        await read(link, 0x100)
    assert 0.5 * TIMEOUT < time.monotonic() - begin < 5 * TIMEOUT
    assert link.is_open
    assert link.skipped_frames == (fault is not faults.silent)
    assert await read(link, 0x100) == [0x100]


@pytest.mark.parametrize(
    "fault",
    [
        faults.corrupted(0),  # length
        faults.corrupted(2, 0x20),  # function
        faults.corrupted(3, 0x02),  # number of bytes
        faults.corrupted(3, 0x01),
        faults.truncated(5),
    ],
)
async def test_a_damaged_answer_is_not_waited_for(
    link: HidLink, port: HidPort, fault: faults.Fault
) -> None:
    port.slave.fault = faults.once(fault)
    unit = await link.unit(1, 10.0)
    begin = time.monotonic()
    with pytest.raises(ModbusProtocolError):
        await unit.read_input_registers(0x100, 1)
    assert time.monotonic() - begin < 1.0
    assert link.is_open
    assert link.skipped_frames == 1
    assert await read(link, 0x101) == [0x101]


async def test_a_damaged_answer_in_front_of_the_right_one(link: HidLink, port: HidPort) -> None:
    # The late answer to a question of before, for instance.
    port.slave.fault = lambda answer: [(0.0, bytes((3, 0x30, 4, 0))), (0.02, answer)]
    assert await read(link, 3) == [3]
    assert link.skipped_frames == 1


async def test_foreign_frames_in_front_of_an_answer(link: HidLink, port: HidPort) -> None:
    (noise,) = recorded_log_frames()[:1]
    port.slave.fault = faults.surrounded(noise + bytes(REPORT_SIZE))
    assert await read(link, 3) == [3]
    assert (link.log_frames, link.skipped_frames) == (1, 1)


async def test_an_answer_that_comes_twice_is_taken_once(link: HidLink, port: HidPort) -> None:
    port.slave.fault = faults.once(faults.doubled)
    assert await read(link, 1) == [1]
    await asyncio.sleep(0.02)
    assert await read(link, 2) == [2]
    assert link.skipped_frames == 1


@pytest.mark.parametrize("late", [1.1, 1.4])
async def test_a_late_answer_is_never_taken_for_the_next_one(
    link: HidLink, port: HidPort, late: float
) -> None:
    port.slave.fault = faults.once(faults.late(TIMEOUT * late))
    with pytest.raises(ModbusTimeoutError):
        await read(link, 1)
    assert await read(link, 2) == [2]
    assert link.skipped_frames == 1
    # Once the line is in order again, nothing is waited for.
    begin = time.monotonic()
    assert await read(link, 3) == [3]
    assert time.monotonic() - begin < hid.LATE


async def test_an_answer_that_is_very_late_is_not_taken_for_one_of_its_size(
    link: HidLink, port: HidPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hid, "LATE", 0.1 * TIMEOUT)
    unit = await link.unit(1, TIMEOUT)
    port.slave.fault = faults.in_turn(faults.late(4 * TIMEOUT), faults.none, faults.silent)
    with pytest.raises(ModbusTimeoutError):
        await unit.read_input_registers(1, 2)
    # Asked again it is answered, and what was asked first is still on its way.
    assert await unit.read_input_registers(1, 2) == [1, 2]
    patient = await link.unit(1, 10.0)
    with pytest.raises(ModbusProtocolError):
        await patient.read_input_registers(7, 2)
    assert await unit.read_input_registers(7, 2) == [7, 8]
    assert link.is_open


async def test_an_answer_that_never_came_is_not_waited_for_for_ever(
    link: HidLink, port: HidPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owed, "LATEST", 0.05)
    port.slave.fault = faults.once(faults.silent)
    with pytest.raises(ModbusTimeoutError):
        await read(link, 1)
    assert await read(link, 2) == [2]


async def test_a_cancelled_request_leaves_no_answer_behind(link: HidLink, port: HidPort) -> None:
    port.slave.delay = 0.05
    for at in range(1, 9, 2):
        request = asyncio.create_task(read(link, at))
        await asyncio.sleep(0.01)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert await read(link, at + 1) == [at + 1]
    assert link.skipped_frames == 0


async def test_a_cancelled_request_without_an_answer_in_time(link: HidLink, port: HidPort) -> None:
    port.slave.fault = faults.once(faults.late(TIMEOUT * 1.4))
    request = asyncio.create_task(read(link, 1))
    await asyncio.sleep(0.01)
    request.cancel()
    assert await read(link, 2) == [2]
    assert link.skipped_frames == 1


async def test_one_request_at_a_time(link: HidLink, port: HidPort) -> None:
    port.slave.delay = 0.01
    answers = await asyncio.gather(*(read(link, at) for at in range(10)))
    assert answers == [[at] for at in range(10)]
    assert link.skipped_frames == 0
