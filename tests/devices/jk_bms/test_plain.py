"""Boards that answer plain Modbus only."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.cellwire.devices.attendance import Lookout
from custom_components.cellwire.devices.crc import crc
from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.errors import BadAnswer, Declined, DeviceError, NoAnswer
from custom_components.cellwire.devices.jk_bms import modbus, plain_bus
from custom_components.cellwire.devices.jk_bms.modbus_frame import Content
from custom_components.cellwire.devices.jk_bms.modbus_reading import to_reading
from custom_components.cellwire.devices.jk_bms.modbus_settings import to_values
from custom_components.cellwire.devices.jk_bms.plain import (
    PlainScanner,
    Registers,
    are_cells,
    can_be_cells,
    is_foreign_answer,
    plain_request,
    read_request,
    to_data,
)
from custom_components.cellwire.devices.jk_bms.plain_bus import PlainBus
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.jk_bms import BusBoard, recorded_board
from tests.bench.jk_plain import PlainBoards, registers
from tests.bench.wire import PtyWire

ABOUT, SETTINGS, STATUS = 3, 1, 2
RECORDINGS = ("pb_real_8s_sw15.10_addr1", "pb_real_16s_sw15.41_addr3")


def plain(data: bytes) -> bytes:
    return data + crc(data)


def cells(*millivolts: int) -> Registers:
    return Registers(1, b"".join(each.to_bytes(2) for each in millivolts), 0, b"")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus, "PACE", 0.01)
    monkeypatch.setattr(plain_bus, "PACE", 0.01)
    monkeypatch.setattr(plain_bus, "TIMEOUT", 0.15)
    monkeypatch.setattr(plain_bus, "SLOWLY", 0.05)
    monkeypatch.setattr(plain_bus, "QUIET", 0.05)


@pytest.fixture
def boards(pty: PtyWire) -> PlainBoards:
    return PlainBoards(pty, {1: recorded_board(RECORDINGS[0], "SERIAL1")})


def device_on(bus: PlainBoards, **serials: str | None) -> PlainBus:
    known = {key.removeprefix("a"): serial for key, serial in serials.items()}
    identity = Identity(variant=plain_bus.VARIANT, serials=known)
    device = PlainBus(SerialLink(bus.wire.address, 115200), identity)
    device._lookout = Lookout(())
    return device


@pytest.fixture
async def device(boards: PlainBoards) -> AsyncIterator[PlainBus]:
    device = device_on(boards, a1="SERIAL1")
    await device.start()
    yield device
    await device.close()


@pytest.mark.parametrize("name", RECORDINGS)
def test_registers_say_what_a_frame_says(name: str) -> None:
    frames = recorded_board(name).frames
    data = {}
    for content, kind in ((STATUS, Content.STATUS), (SETTINGS, Content.SETTINGS)):
        frame = frames[content]
        assert frame
        data[content] = (frame, to_data(kind, registers(frame)))
        assert sum(data[content][1][:-1]) & 0xFF == data[content][1][-1]
    for heating in (True, False):
        framed, plainly = (to_values(each, heating=heating) for each in data[SETTINGS])
        assert framed == plainly
    framed_reading, plain_reading = (to_reading(each, {}, 0.0) for each in data[STATUS])
    raw = {key: code for key, code in framed_reading.raw.items() if key != "byte_5"}
    assert plain_reading.raw == raw | {"byte_5": 0}
    assert plain_reading.cell_voltages == framed_reading.cell_voltages
    assert plain_reading.values == framed_reading.values
    assert plain_reading.temperatures == framed_reading.temperatures
    assert (plain_reading.voltage, plain_reading.current, plain_reading.alarms) == (
        framed_reading.voltage,
        framed_reading.current,
        framed_reading.alarms,
    )


async def test_a_board_is_read_with_its_settings_and_its_name(
    device: PlainBus, boards: PlainBoards
) -> None:
    reading = (await device.read())["1"]
    assert (reading.voltage, reading.soc, len(reading.cell_voltages)) == (26.852, 88, 8)
    assert reading.values["cell_count_setting"] == 8
    assert reading.temperatures["4"] == 28.6
    unit = device.units["1"]
    assert (unit.model, unit.serial, unit.firmware) == ("JK_PB2A16S15P", "SERIAL1", "15.10")
    # What is not answered to a trigger is not written either.
    assert device.controls["1"] == ()
    assert not any(register >= 0x1438 and register < 0x1448 for _, register, _ in boards.reads)
    assert all(words <= 40 for _, _, words in boards.reads)
    kept = b"".join(traced.data for traced in device.wires.trace.entries)
    assert b"JK_PB2A16S15P" not in kept
    assert b"SERIAL1" not in kept


@pytest.mark.parametrize(
    "fault", [faults.silent, faults.corrupted(10), faults.truncated(20), faults.split(7)]
)
async def test_a_read_that_fails_is_asked_for_again(
    device: PlainBus, boards: PlainBoards, fault: faults.Fault
) -> None:
    boards.boards[1].fault = faults.in_turn(fault, faults.none, fault, fault)
    assert (await device.read())["1"].voltage == 26.852


async def test_a_board_that_falls_silent_and_comes_back(
    device: PlainBus, boards: PlainBoards
) -> None:
    boards.boards[1].fault = faults.silent
    for _ in range(2):
        asked = len(boards.reads)
        with pytest.raises(NoAnswer):
            await device.read()
    # One that is known to be silent costs one short question.
    assert len(boards.reads) == asked + 1
    boards.boards[1].fault = faults.none
    assert (await device.read())["1"].voltage == 26.852


async def test_a_board_without_the_last_registers(boards: PlainBoards) -> None:
    boards.end = 0xF0
    device = device_on(boards, a1=None)
    await device.start()
    reading = (await device.read())["1"]
    assert reading.voltage == 26.852
    assert "4" not in reading.temperatures
    await device.close()


async def test_a_board_that_declines_what_is_needed(boards: PlainBoards) -> None:
    boards.end = 0xA0
    device = device_on(boards, a1=None)
    with pytest.raises(Declined):
        await device.start()


async def test_several_boards_are_read_slowly(pty: PtyWire) -> None:
    boards: dict[int, BusBoard] = {
        1: recorded_board(RECORDINGS[0], "SERIAL1"),
        3: recorded_board(RECORDINGS[1], "SERIAL3"),
    }
    bus = PlainBoards(pty, boards, haste=0.06)
    device = device_on(bus, a1="SERIAL1", a3="SERIAL3")
    await device.start()
    assert (await device.read()).keys() == {"1", "3"}
    await device.close()


async def test_a_board_that_joins(device: PlainBus, boards: PlainBoards) -> None:
    boards.boards[2] = recorded_board(RECORDINGS[1], "SERIAL2")
    device._lookout = Lookout(("2",), soon=True)
    assert (await device.read()).keys() == {"1", "2"}
    assert device.identity.serials["2"] == "SERIAL2"


async def test_answers_of_another_board_are_not_taken(device: PlainBus, pty: PtyWire) -> None:
    """They are heard where another master asks."""
    other = plain(bytes((2, 3, 80)) + bytes(80))
    reading = asyncio.create_task(device.read())
    for _ in range(4):
        await asyncio.sleep(0.02)
        pty.put(other)
    assert (await reading)["1"].voltage == 26.852


async def test_noise_only(device: PlainBus, boards: PlainBoards) -> None:
    boards.boards[1].fault = lambda _: [(0.0, b"\xa5" * 30)]
    with pytest.raises(DeviceError) as caught:
        await device.read()
    assert isinstance(caught.value, BadAnswer)


def test_questions() -> None:
    assert plain_request("1") == bytes.fromhex("01031200000AC0B5")
    assert read_request(1, 0x1290, 2) == bytes.fromhex("010312900002C15E")


@pytest.mark.parametrize(
    ("answer", "is_foreign"),
    [
        (b"", False),
        (plain(b"\x01\x03\x14" + bytes(20)), False),
        (plain(b"\x01\x03\x14" + b"\x20\x00" * 10), True),
        (plain(b"\x01\x83\x02"), True),
        (plain(b"\x02\x83\x02"), False),
        (b"\x01\x83\x02\x00\x00", False),
        # Not whole, damaged, of another size, of another board.
        (b"\x01\x03\x14" + bytes(22), False),
        (plain(b"\x01\x03\x14" + b"\x20\x00" * 10)[:20], False),
        (plain(b"\x01\x03\x12" + b"\x20\x00" * 9), False),
        (plain(b"\x02\x03\x14" + b"\x20\x00" * 10), False),
        (b"\xff\x01" + plain(b"\x01\x83\x02"), True),
    ],
)
def test_other_modbus_devices_are_told_by_their_answer(answer: bytes, is_foreign: bool) -> None:  # noqa: FBT001
    assert is_foreign_answer(answer, "1") == is_foreign


def test_cells_are_known_by_their_size() -> None:
    assert are_cells(cells(3300, 0, 0))
    assert not are_cells(cells(0, 0, 499))
    assert can_be_cells(cells(0, 0, 499))
    assert not can_be_cells(cells(3300, 5001))
    assert not are_cells(cells(3300, 5001))
    assert not can_be_cells(Registers(1, None, 2, b""))
    assert not are_cells(Registers(1, None, 2, b""))


def test_answers_are_found_in_any_slices() -> None:
    scanner = PlainScanner()
    answer = plain(b"\x0f\x03\x14" + bytes(range(20)))
    found = [frame for byte in b"\x0f\x03" + answer for frame in scanner.feed(bytes((byte,)))]
    assert [(each.address, each.data) for each in found] == [(15, bytes(range(20)))]
