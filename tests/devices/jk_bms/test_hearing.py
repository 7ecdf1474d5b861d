"""What is heard before anything is asked: a master, a board that announces itself, noise."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from custom_components.cellwire.devices.device import Found
from custom_components.cellwire.devices.errors import BadAnswer, DeviceError
from custom_components.cellwire.devices.jk_bms import (
    FAMILY,
    classic,
    listener,
    modbus,
    overhear,
    probe as probing,
    roll_call,
)
from custom_components.cellwire.devices.jk_bms.modbus_frame import Content, acknowledgement, trigger
from custom_components.cellwire.devices.jk_bms.overhear import Heard
from custom_components.cellwire.devices.jk_bms.stray import PULSES, is_stray
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import reply
from tests.bench.jk_bms import Bus, ClassicBoard, MasterBus, recorded_board
from tests.bench.wire import PtyWire

STATUS = 2
CHARGING = reply("real_16s_sw11.262H_charging_10A")
SLOW = "pb_real_bus_master_cycle_7.2s"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classic, "TIMEOUT", 0.2)
    monkeypatch.setattr(modbus, "PACE", 0.02)
    monkeypatch.setattr(probing, "LISTEN", 0.4)
    monkeypatch.setattr(probing, "OLD_TIMEOUT", 0.1)
    monkeypatch.setattr(overhear, "LISTEN_ON", 1.2)
    monkeypatch.setattr(roll_call, "READ_TIMEOUT", 0.02)
    monkeypatch.setattr(roll_call, "WINDOW", 0.05)


async def probe(wire: PtyWire) -> Found:
    steps: list[float] = []
    found = await FAMILY.probe(lambda line: SerialLink(wire.address, line.baudrate), steps.append)
    assert steps == sorted(steps)
    assert all(0 <= step <= 1 for step in steps)
    return found


@asynccontextmanager
async def repeating(
    wire: PtyWire, part: bytes | Callable[[int], bytes], pause: float
) -> AsyncIterator[None]:
    async def talk() -> None:
        number = 0
        while True:
            wire.put(part if isinstance(part, bytes) else part(number))
            number += 1
            await asyncio.sleep(pause)

    task = asyncio.create_task(talk())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def status_of(address: int) -> bytes:
    status = recorded_board("pb_real_16s_sw15.41_addr3").frames[STATUS]
    assert status
    return status + acknowledgement(address, Content.STATUS)


@asynccontextmanager
async def master_on(bus: MasterBus) -> AsyncIterator[None]:
    task = asyncio.create_task(bus.run())
    try:
        yield
    finally:
        task.cancel()


async def test_a_bus_that_has_a_master_is_only_listened_to(pty: PtyWire) -> None:
    async with master_on(MasterBus(pty, cycle=1.0)):
        found = await probe(pty)
    assert found.identity.variant == listener.VARIANT
    assert found.identity.serials == {"0": None, "1": None}
    assert found.looks == 1
    assert not pty.received


async def test_a_whole_cycle_is_listened_to_however_long_it_is(pty: PtyWire) -> None:
    """Both boards speak in the first quarter of it."""
    bus = MasterBus(pty, 4.0, SLOW)
    # Begin with the questions to those that are not there.
    bus.rotate(10)
    async with master_on(bus):
        found = await probe(pty)
    assert found.identity.serials == {"0": None, "1": None}


async def test_a_board_whose_status_came_damaged_is_listened_to_again(pty: PtyWire) -> None:
    bus = MasterBus(pty, 1.5, SLOW)
    bus.fault = lambda number, part, data: (
        data[:20] + bytes((data[20] ^ 1,)) + data[21:] if part == 5 and number < 2 else data
    )
    async with master_on(bus):
        found = await probe(pty)
    assert found.identity.serials == {"0": None, "1": None}


async def test_a_board_that_is_never_understood_does_not_hold_up_the_search(pty: PtyWire) -> None:
    bus = MasterBus(pty, 0.8, SLOW)
    bus.fault = lambda _, part, data: data[:20] + b"?" + data[21:] if part == 5 else data
    async with master_on(bus):
        found = await probe(pty)
    assert found.identity.serials == {"0": None}
    assert found.looks == overhear.ROUNDS


async def test_a_master_without_any_board(pty: PtyWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener.BusListener, "patience", 0.5)
    async with repeating(pty, lambda n: trigger(1 + n % 15, Content.STATUS), 0.05):
        with pytest.raises(DeviceError):
            await probe(pty)
    assert not pty.received


@pytest.mark.parametrize("address", [0, 1])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_board_that_announces_itself_is_no_master(
    pty: PtyWire, address: int, times: int
) -> None:
    Bus(pty, {address: recorded_board("pb_real_16s_sw15.41_addr3", "S0")})
    asyncio.get_running_loop().call_later(0.2, pty.put, status_of(address))
    if times == 2:
        settings = recorded_board("pb_real_16s_sw15.41_addr3").frames[1]
        assert settings
        said = settings + acknowledgement(address, Content.SETTINGS)
        asyncio.get_running_loop().call_later(0.3, pty.put, said)
    found = await probe(pty)
    assert found.identity.variant == modbus.VARIANT
    assert found.identity.serials == {str(address): "S0"}


def test_what_makes_a_master() -> None:
    question, own, other = trigger(5, Content.STATUS), status_of(0), status_of(5)
    for said, is_master in (
        ([question], False),
        ([question, trigger(6, Content.STATUS)], True),
        ([own], False),
        ([own, own], True),
        ([own, question], False),
        ([other, other, other], False),
    ):
        heard = Heard()
        for part in said:
            heard.feed(part)
        assert heard.is_master is is_master
        assert heard.is_speech
        assert not heard.is_talk


@pytest.mark.parametrize(
    ("data", "stray"),
    [
        (b"", True),
        (b"\xff\xff\x7f\xff" * 50, True),
        (bytes(200), True),
        (b"\xff\xdf\xfe\xfc\x80\x00" * 30, True),
        (b"\x55\xaa\xeb\x90", True),
        (b"PID\t0xA334\r\n", False),
        (CHARGING, False),
        (status_of(1), False),
        (bytes(range(256)), False),
    ],
)
def test_noise_of_an_idle_line_is_told_from_speech(data: bytes, *, stray: bool) -> None:
    assert is_stray(data) is stray


def test_a_pulse_is_low_once() -> None:
    assert len(PULSES) == 37
    assert {0xFF, 0xFE, 0x7F, 0xDF, 0x80, 0x00, 0xC7}.issubset(PULSES)
    assert not {0x55, 0xAA, 0x4E, 0x57, 0xEB, 0x0D, 0x0A}.intersection(PULSES)


@pytest.mark.parametrize("noise", [b"\xff\xff\x7f\xff", b"\x00", b"\xff\xdf\xff\xfe\xff" * 4])
async def test_a_line_that_is_not_quiet_is_asked_all_the_same(pty: PtyWire, noise: bytes) -> None:
    board = ClassicBoard(pty, CHARGING)
    async with repeating(pty, noise, 0.1):
        found = await probe(pty)
    assert found.title == "JK_B1A24S15P"
    assert board.questions


async def test_a_newer_board_on_a_line_that_is_not_quiet(pty: PtyWire) -> None:
    Bus(pty, {3: recorded_board("pb_real_16s_sw15.41_addr3", "S3")})
    async with repeating(pty, b"\xff\x7f", 0.1):
        found = await probe(pty)
    assert found.identity.serials == {"3": "S3"}


async def test_noise_is_complained_of_when_nobody_answers(pty: PtyWire) -> None:
    async with repeating(pty, b"\xff\xff\x7f\xff", 0.1):
        with pytest.raises(BadAnswer) as caught:
            await probe(pty)
    assert b"\xff\x7f\xff" in caught.value.heard
    assert b"\x01\x10\x16\x20" in pty.received


async def test_a_classic_board_that_another_program_asks_is_no_talker(pty: PtyWire) -> None:
    board = ClassicBoard(pty, CHARGING)
    asyncio.get_running_loop().call_later(0.1, pty.put, CHARGING)
    assert (await probe(pty)).title == "JK_B1A24S15P"
    assert board.questions
