"""Boards that join a bus, and boards that are forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from custom_components.cellwire.devices import attendance
from custom_components.cellwire.devices.device import Identity, Readings
from custom_components.cellwire.devices.jk_bms import modbus
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.devices.jk_bms.modbus_frame import Content
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.jk_bms import Bus, BusBoard, recorded_board, resum
from tests.bench.modbus import crc
from tests.bench.wire import PtyWire

ABOUT, SETTINGS, STATUS = 3, 1, 2
EXCEPTION = b"\x02\x83\x02"
FREE = ("1", "2", "3", "4")


@pytest.fixture(autouse=True)
def curious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for new boards in each cycle, at a few addresses."""
    monkeypatch.setattr(attendance, "LOOKOUT_INTERVAL", 0.0)
    monkeypatch.setattr(modbus, "SLAVES", FREE)
    monkeypatch.setattr(modbus, "PACE", 0.02)
    monkeypatch.setattr(modbus, "READ_TIMEOUT", 0.05)
    monkeypatch.setattr(modbus, "SCAN_TIMEOUT", 0.15)


def a_board(serial: str | None = "SERIAL2") -> BusBoard:
    return recorded_board("pb_real_8s_sw15.10_addr1", serial)


@pytest.fixture
def bus(pty: PtyWire) -> Bus:
    return Bus(pty, {1: a_board("SERIAL1"), 3: recorded_board("pb_real_16s_sw15.41_addr3")})


@pytest.fixture
async def device(bus: Bus) -> AsyncIterator[BusDevice]:
    identity = Identity(variant=modbus.VARIANT, serials={"1": "SERIAL1", "3": None})
    device = BusDevice(SerialLink(bus.wire.address, 115200), identity)
    await device.start()
    yield device
    await device.close()


async def read_until(device: BusDevice, happened: Callable[[Readings], object]) -> Readings:
    """Read until it happened, at most twice at each address."""
    for _ in range(2 * len(FREE)):
        if happened(readings := await device.read()):
            return readings
    raise AssertionError("it did not happen in time")


async def test_a_board_that_is_plugged_in_joins(device: BusDevice, bus: Bus) -> None:
    await device.read()
    bus.boards[2] = a_board()
    readings = await read_until(device, lambda found: "2" in found)
    assert readings["2"].voltage == 26.852
    # With its settings, so that a false 0 % is noticed from the beginning.
    assert readings["2"].values["cell_count_setting"] == 8
    assert device.identity.serials == {"1": "SERIAL1", "3": None, "2": "SERIAL2"}
    assert (device.units["2"].model, device.units["2"].serial) == ("JK_PB2A16S15P", "SERIAL2")
    assert {control.id for control in device.controls["2"]}
    assert list(await device.read()) == ["1", "3", "2"]
    assert bus.boards[2].questions.count(ABOUT) == 1
    # It is still there when the port is opened anew.
    await device.wires.link.close()
    assert (await device.read()).keys() == device.units.keys() == {"1", "2", "3"}


async def test_nobody_is_asked_for_long(device: BusDevice, bus: Bus) -> None:
    loop = asyncio.get_running_loop()
    health = device.wires.health
    for _ in range(4):
        asked = len(bus.wire.received)
        begin = loop.time()
        assert (await device.read()).keys() == {"1", "3"}
        # The two boards themselves take some 0.2 s here.
        assert loop.time() - begin < 0.2 + 0.3
        # Two triggers for them, a read and a trigger for one free address.
        assert len(bus.wire.received) - asked == 3 * 11 + 8
    # Nobody was expected there, so it is no fault of the link.
    assert (health.timeouts, health.checksum_errors, health.discarded_bytes) == (0, 0, 0)


async def test_an_adapter_with_an_echo(device: BusDevice, bus: Bus) -> None:
    bus.echoes = True
    for _ in range(3):
        assert (await device.read()).keys() == {"1", "3"}
    assert device.wires.health.timeouts == 0
    bus.boards[2] = a_board()
    await read_until(device, lambda found: "2" in found)


async def test_while_a_board_is_silent_no_other_is_looked_for(device: BusDevice, bus: Bus) -> None:
    bus.boards[3].fault = faults.silent
    newcomer = bus.boards[2] = a_board()
    await device.read()
    assert not newcomer.questions
    await read_until(device, lambda found: "2" in found)


async def test_a_full_bus_has_no_place_for_more(bus: Bus) -> None:
    bus.boards |= {2: a_board(), 4: a_board("SERIAL4")}
    identity = Identity(variant=modbus.VARIANT, serials=dict.fromkeys(FREE))
    device = BusDevice(SerialLink(bus.wire.address, 115200), identity)
    await device.start()
    asked = len(bus.wire.received)
    assert len(await device.read()) == 4
    assert len(bus.wire.received) - asked == 4 * 11
    await device.close()


async def test_nothing_is_triggered_at_another_modbus_device(device: BusDevice, bus: Bus) -> None:
    stranger = bus.boards[2] = a_board()
    bus.strangers[2] = EXCEPTION + crc(EXCEPTION)
    for _ in range(4):
        assert (await device.read()).keys() == {"1", "3"}
    assert not stranger.questions
    assert b"\x02\x10" not in bytes(bus.wire.received)


async def test_a_number_that_is_known_already_identifies_no_new_board(
    device: BusDevice, bus: Bus
) -> None:
    bus.boards[2] = a_board("SERIAL1")
    await read_until(device, lambda found: "2" in found)
    assert device.identity.serials["2"] is None


async def test_a_board_that_does_not_say_who_it_is_joins_all_the_same(
    device: BusDevice, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(modbus.TIMEOUTS, Content.ABOUT, 0.15)
    bus.boards[2] = a_board()
    bus.boards[2].frames[ABOUT] = None
    await read_until(device, lambda found: "2" in found)
    assert device.identity.serials["2"] is None
    assert device.units["2"].model == "JK-BMS"
    assert bus.boards[2].questions.count(ABOUT) == 2


async def test_who_it_is_is_asked_twice(device: BusDevice, bus: Bus) -> None:
    newcomer = bus.boards[2] = a_board()
    newcomer.fault = faults.once(lambda answer: [(0.0, answer)], faults.once(faults.corrupted(100)))
    await read_until(device, lambda found: "2" in found)
    assert newcomer.questions.count(ABOUT) == 2
    assert device.identity.serials["2"] == "SERIAL2"


async def test_what_makes_no_sense_does_not_join(device: BusDevice, bus: Bus) -> None:
    newcomer = bus.boards[2] = a_board()
    status = newcomer.frames[STATUS]
    assert status
    newcomer.frames[STATUS] = resum(status[:6] + b"\x00\x20" + status[8:])
    for _ in range(4):
        assert (await device.read()).keys() == {"1", "3"}
    assert STATUS in newcomer.questions
    assert device.units.keys() == device.controls.keys() == {"1", "3"}
    assert device.identity.serials == {"1": "SERIAL1", "3": None}


async def test_a_board_that_was_deleted_comes_back_when_it_answers(
    device: BusDevice, bus: Bus
) -> None:
    gone = bus.boards.pop(1)
    await device.read()
    async with device.lock:
        device.forget("1")
    for _ in range(4):
        assert (await device.read()).keys() == device.units.keys() == {"3"}
    bus.boards[1] = gone
    await read_until(device, lambda found: "1" in found)
    assert device.identity.serials == {"3": None, "1": "SERIAL1"}
