"""Lines on which bytes come all the time: every wait ends, and a late answer is nobody's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import time

import pytest

from custom_components.cellwire.devices import asked
from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.errors import BadAnswer, NeverQuiet, NoAnswer
from custom_components.cellwire.devices.jk_bms import classic, modbus
from custom_components.cellwire.devices.jk_bms.classic import UNIT, ClassicDevice
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.captures import reply
from tests.bench.jk_bms import Bus, ClassicBoard, edit, recorded_board
from tests.bench.wire import PtyWire

IDENTITY = Identity(variant=classic.VARIANT, serials={UNIT: None})
CHARGING = reply("real_16s_sw11.262H_charging_10A")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classic, "TIMEOUT", 0.4)
    monkeypatch.setattr(asked, "DRAIN_LIMIT", 0.8)


@pytest.fixture
def board(pty: PtyWire) -> ClassicBoard:
    return ClassicBoard(pty, CHARGING)


@pytest.fixture
async def device(pty: PtyWire, board: ClassicBoard) -> AsyncIterator[ClassicDevice]:
    each = ClassicDevice(SerialLink(pty.address, 115200), IDENTITY)
    await each.start()
    yield each
    await each.close()


@asynccontextmanager
async def noise(wire: PtyWire, what: Callable[[], bytes] = lambda: b"\x00") -> AsyncIterator[None]:
    """Put bytes on a wire each 50 ms, as a floating RX does."""

    async def put() -> None:
        while True:
            wire.put(what())
            await asyncio.sleep(0.05)

    task = asyncio.create_task(put())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize("stray", [b"\x00", b"\xff", b"\xf8\x00"])
async def test_a_silent_board_on_a_line_that_is_never_quiet(
    device: ClassicDevice, board: ClassicBoard, pty: PtyWire, stray: bytes
) -> None:
    board.fault = faults.silent
    begin = time.monotonic()
    async with noise(pty, lambda: stray):
        for _ in range(2):
            with pytest.raises(NeverQuiet) as caught:
                await device.read()
    assert time.monotonic() - begin < device.reading_time
    assert caught.value.placeholders["device"] == "JK-BMS"
    assert not device.lock.locked()
    board.fault = faults.none
    assert (await device.read())[UNIT].voltage == 53.15


async def test_stray_bytes_keep_nobody_from_asking(
    device: ClassicDevice, board: ClassicBoard, pty: PtyWire
) -> None:
    """Between them an answer comes through, also after one that did not come."""
    answers = 0
    asked_before = board.questions
    async with noise(pty):
        for _ in range(8):
            board.fault = faults.once(faults.silent)
            answers += UNIT in await device.read()
    assert answers == 8
    assert board.questions == asked_before + 16


async def test_nothing_is_asked_while_what_comes_may_be_a_late_answer(
    device: ClassicDevice, board: ClassicBoard, pty: PtyWire
) -> None:
    board.fault = faults.silent
    async with noise(pty, lambda: CHARGING[:100]):
        asked_before = board.questions
        with pytest.raises(NeverQuiet):
            await device.read()
        # The second question would have been answered by any of them.
        assert board.questions == asked_before + 1
        with pytest.raises(NeverQuiet):
            await device.read()
        assert board.questions == asked_before + 1


async def test_a_burst_is_no_line_that_is_never_quiet(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    board.fault = faults.split(20, 0.01)
    assert UNIT in await device.read()
    board.fault = lambda _: [(0.01, b"\xa5" * 20) for _ in range(6)]
    with pytest.raises(BadAnswer) as caught:
        await device.read()
    assert not isinstance(caught.value, NeverQuiet)


async def test_an_answer_behind_what_looks_like_a_longer_one_is_found(
    device: ClassicDevice, board: ClassicBoard, pty: PtyWire
) -> None:
    """A stray header claims more bytes than come, and the line is never quiet long enough."""
    head = b"\x4e\x57\x01\x8e"
    board.fault = lambda answer: [(0.0, head + answer)]
    asked_before = board.questions
    async with noise(pty):
        assert (await device.read())[UNIT].voltage == 53.15
    assert board.questions == asked_before + 1


async def test_what_is_left_behind_by_a_reader_that_gave_up_is_nobodys_answer(
    device: ClassicDevice, board: ClassicBoard
) -> None:
    old = edit(CHARGING, {0x85: "0B"})
    board.fault = faults.once(lambda _: [(0.3, old)])
    reading = asyncio.create_task(device.read())
    await asyncio.sleep(0.15)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (await device.read())[UNIT].soc == 46


async def test_boards_that_say_whose_answer_it_is_are_asked_at_once(pty: PtyWire) -> None:
    bus = Bus(pty, {1: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1")})
    identity = Identity(variant=modbus.VARIANT, serials={"1": "SERIAL1"})
    device = BusDevice(SerialLink(pty.address, 115200), identity)
    await device.start()
    try:
        async with noise(pty):
            assert "1" in await device.read()
            bus.boards[1].fault = faults.silent
            with pytest.raises(NeverQuiet):
                await device.read()
        with pytest.raises(NoAnswer):
            await device.read()
    finally:
        await device.close()
