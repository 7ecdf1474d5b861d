"""A search finds what a poll can read: at any address and speed, in any words."""

import asyncio
import termios
from typing import Any, override

import pytest

from custom_components.cellwire.devices.device import Found, Identity, Line
from custom_components.cellwire.devices.errors import DeviceError, Implausible, NoAnswer
from custom_components.cellwire.devices.jk_bms import (
    FAMILY,
    classic,
    modbus,
    overhear,
    plain_bus,
    probe as probing,
    roll_call,
)
from custom_components.cellwire.devices.jk_bms.probe import SLOW
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.captures import reply
from tests.bench.hubble_am2 import Pack
from tests.bench.jk_bms import READ_ALL, Bus, BusBoard, ClassicBoard, recorded_board, resum
from tests.bench.jk_plain import PlainBoards
from tests.bench.modbus import RtuBus, crc
from tests.bench.wire import PtyWire

ABOUT, SETTINGS, STATUS = 3, 1, 2
CHARGING = reply("real_16s_sw11.262H_charging_10A")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classic, "TIMEOUT", 0.15)
    monkeypatch.setattr(modbus, "PACE", 0.02)
    monkeypatch.setattr(probing, "LISTEN", 0.1)
    monkeypatch.setattr(probing, "OLD_TIMEOUT", 0.1)
    monkeypatch.setattr(overhear, "LISTEN_ON", 0.2)
    monkeypatch.setattr(roll_call, "READ_TIMEOUT", 0.02)
    monkeypatch.setattr(roll_call, "WINDOW", 0.05)


def a_board(serial: str | None = "S1") -> BusBoard:
    return recorded_board("pb_real_16s_sw15.41_addr3", serial)


async def look(wire: PtyWire, how: Any = probing.probe) -> Found:
    steps: list[float] = []
    found: Found = await how(lambda line: SerialLink(wire.address, line.baudrate), steps.append)
    assert steps == sorted(steps)
    assert all(0 <= step <= 1 for step in steps)
    return found


async def read(wire: PtyWire, found: Found) -> dict[str, float | None]:
    """Return the voltages that the device says which was found."""
    line = found.line or Line(FAMILY.baudrate)
    device = FAMILY.create(SerialLink(wire.address, line.baudrate), found.identity)
    try:
        await device.start()
        return {key: reading.voltage for key, reading in (await device.read()).items()}
    finally:
        await device.close()


@pytest.mark.parametrize("how", [probing.probe, probing.detect])
async def test_a_board_with_all_switches_off_on_a_port_of_its_own(pty: PtyWire, how: Any) -> None:
    Bus(pty, {0: a_board()})
    found = await look(pty, how)
    assert found.identity.serials == {"0": "S1"}
    assert await read(pty, found) == {"0": 52.695}


@pytest.mark.parametrize(
    "fault",
    [
        faults.silent,
        faults.corrupted(100),
        faults.corrupted(303),
        faults.truncated(150),
        faults.truncated(303),
        faults.late(0.4),
    ],
    ids=["lost", "data", "acknowledgement", "short data", "short acknowledgement", "late"],
)
async def test_one_bad_answer_is_no_reason_not_to_be_found(
    pty: PtyWire, fault: faults.Fault
) -> None:
    boards = {address: a_board(f"S{address}") for address in (1, 7, 15)}
    for board in boards.values():
        board.fault = faults.once(fault)
    Bus(pty, boards)
    found = await look(pty)
    assert found.identity.serials == {"1": "S1", "7": "S7", "15": "S15"}
    assert found.looks == 2


async def test_a_board_that_takes_its_time(pty: PtyWire) -> None:
    """A poll waits for half a second."""
    board = a_board()
    board.fault = faults.late(0.4)
    Bus(pty, {9: board})
    found = await look(pty)
    assert found.identity.serials == {"9": "S1"}
    assert await read(pty, found) == {"9": 52.695}


async def test_a_board_that_answers_only_behind_its_settings(pty: PtyWire) -> None:
    class AfterSettings(Bus):
        before = 0

        @override
        async def _answer(self, question: bytes) -> None:
            before, self.before = self.before, question[3]
            if question[3] != 0x20 or before == 0x1E:
                await super()._answer(question)

    AfterSettings(pty, {2: a_board()})
    found = await look(pty)
    assert found.identity.serials == {"2": "S1"}
    assert await read(pty, found) == {"2": 52.695}


@pytest.mark.parametrize("form", READ_ALL)
@pytest.mark.parametrize("fault", [faults.silent, faults.corrupted(40)], ids=["lost", "damaged"])
async def test_a_classic_board_of_one_form_that_answers_badly_once(
    pty: PtyWire, form: bytes, fault: faults.Fault
) -> None:
    board = ClassicBoard(pty, CHARGING, (form,))
    board.fault = faults.once(fault)
    assert (await look(pty)).title == "JK_B1A24S15P"


class AtSpeed(Bus):
    """Boards that hear nothing at another speed of the line."""

    speed = termios.B9600

    @override
    def _receive(self, data: bytes) -> None:
        assert isinstance(self.wire, PtyWire)
        slave = self.wire._slave
        assert slave is not None
        if termios.tcgetattr(slave)[4] == self.speed:
            super()._receive(data)


@pytest.mark.parametrize("how", [probing.probe, probing.detect])
async def test_boards_of_protocol_013_are_found_at_9600_baud(pty: PtyWire, how: Any) -> None:
    AtSpeed(pty, {1: a_board("S1"), 2: a_board("S2")})
    found = await look(pty, how)
    assert found.identity.variant == modbus.VARIANT
    assert found.line == SLOW
    assert await read(pty, found) == {"1": 52.695, "2": 52.695}


async def test_where_the_speed_can_not_be_set_it_is_asked_for_once(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Line] = []

    def link_for(line: Line) -> SerialLink:
        lines.append(line)
        link = SerialLink(pty.address, line.baudrate)
        link.has_line = False
        return link

    with pytest.raises(NoAnswer):
        await probing.probe(link_for, lambda _: None)
    assert lines == [Line(115200)]
    assert probing.OLD_REQUEST in pty.received


def test_a_serial_server_keeps_its_own_speed() -> None:
    assert SerialLink("/dev/ttyUSB0", 9600).has_line
    assert SerialLink("rfc2217://host:1", 9600).has_line
    assert not SerialLink("socket://host:1", 9600).has_line


@pytest.mark.parametrize("how", [probing.probe, probing.detect])
async def test_boards_that_answer_plain_modbus_only(pty: PtyWire, how: Any) -> None:
    PlainBoards(pty, {1: a_board("S1"), 4: a_board("S4")})
    found = await look(pty, how)
    assert found.identity == Identity(variant=plain_bus.VARIANT, serials={"1": "S1", "4": "S4"})
    assert await read(pty, found) == {"1": 52.695, "4": 52.695}


async def test_a_board_whose_first_cells_are_not_connected_is_found_by_its_trigger(
    pty: PtyWire,
) -> None:
    bus = Bus(pty, {1: a_board("S1")})
    answer = b"\x01\x03\x14" + bytes(20)
    bus.strangers[1] = answer + crc(answer)
    assert (await look(pty)).identity.serials == {"1": "S1"}


async def test_who_answers_a_trigger_is_not_read_plainly(pty: PtyWire) -> None:
    class Both(PlainBoards):
        @override
        async def _answer(self, question: bytes) -> None:
            await Bus._answer(self, question)

    bus = Both(pty, {1: a_board("S1")})
    found = await look(pty)
    assert found.identity.variant == modbus.VARIANT
    assert {register for _, register, _ in bus.reads} == {0x1200}


@pytest.mark.parametrize(
    ("how", "place", "other"),
    [
        # No cell is there, or the pack has another voltage than its cells have together.
        (probing.detect, 70, b"\0\0\0\0"),
        (probing.probe, 70, b"\0\0\0\0"),
        (probing.detect, 152, b"\1"),
    ],
)
async def test_other_devices_with_small_numbers_are_no_boards(
    pty: PtyWire, how: Any, place: int, other: bytes
) -> None:
    """Something that answers 3.3 V for a cell, and nothing else that makes sense."""
    board = a_board()
    status = board.frames[STATUS]
    assert status
    board.frames[STATUS] = resum(status[:place] + other + status[place + len(other) :])
    PlainBoards(pty, {1: board})
    with pytest.raises(Implausible):
        await look(pty, how)


async def test_whoever_says_it_is_a_board_is_believed(pty: PtyWire) -> None:
    """Who chose JK-BMS is not told that a pack with a fault is none."""
    board = a_board()
    status = board.frames[STATUS]
    assert status
    board.frames[STATUS] = resum(status[:152] + b"\1" + status[153:])
    PlainBoards(pty, {1: board})
    assert (await look(pty)).identity.serials == {"1": "S1"}


async def test_other_modbus_devices_at_9600_baud_get_no_trigger(pty: PtyWire) -> None:
    """Not even the one to all of them, which asks a board that is a master."""
    pack = Pack()
    RtuBus(pty, {5: pack})
    with pytest.raises(DeviceError):
        await look(pty)
    assert not pack.writes
    assert b"\x05\x10\x16" not in pty.received
    assert b"\x00\x10\x16\x20" not in pty.received


async def test_a_board_that_keeps_its_name_to_itself_is_asked_for_it_twice(pty: PtyWire) -> None:
    board = a_board()
    about = board.frames[ABOUT]
    board.frames[ABOUT] = None
    Bus(pty, {1: board})
    found = await look(pty)
    assert found.identity.serials == {"1": None}
    assert board.questions.count(ABOUT) == 2
    board.frames[ABOUT] = about
    assert (await look(pty)).identity.serials == {"1": "S1"}


async def test_a_serial_number_must_be_said_twice(pty: PtyWire) -> None:
    """Two flipped bits pass the sum, and it is stored for ever."""
    board = a_board()
    about = board.frames[ABOUT]
    assert about
    board.fault = faults.only(
        lambda answer: answer[4] == ABOUT,
        faults.once(lambda answer: [(0.0, resum(about[:86] + b"T" + about[87:]) + answer[300:])]),
    )
    Bus(pty, {1: board})
    assert (await look(pty)).identity.serials == {"1": "S1"}


async def test_giving_up_closes_the_link(pty: PtyWire) -> None:
    looking = asyncio.create_task(look(pty))
    await asyncio.sleep(0.5)
    looking.cancel()
    await asyncio.wait([looking])
    link = SerialLink(pty.address, 9600)
    await link.open()
    await link.close()
