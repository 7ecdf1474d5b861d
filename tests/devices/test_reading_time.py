"""How long a reading may take at most: longer than it ever does, and shorter than for ever."""

from dataclasses import replace
import time
from typing import Any

import pytest

from custom_components.cellwire.devices import asked, registers
from custom_components.cellwire.devices.device import Device, Identity
from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.hubble_am2 import pack as hubble
from custom_components.cellwire.devices.jk_bms import classic, modbus
from custom_components.cellwire.devices.jk_bms.classic import UNIT, ClassicDevice
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.captures import reply
from tests.bench.jk_bms import Bus, ClassicBoard, recorded_board
from tests.bench.modbus import RtuBus
from tests.bench.wire import PtyWire
from tests.devices.hubble_am2.buses import identity, packs, reading

ALL = range(1, 16)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the opening out, and wait less than for real devices."""
    monkeypatch.setattr(asked, "OPENING_TIME", 0.0)
    monkeypatch.setattr(registers, "LATE", 0.02)
    monkeypatch.setattr(hubble, "MANNERS", replace(hubble.MANNERS, timeout=0.05, spacing=0.0))
    monkeypatch.setattr(classic, "TIMEOUT", 0.1)
    monkeypatch.setattr(modbus, "TIMEOUTS", dict.fromkeys(modbus.TIMEOUTS, 0.05))
    monkeypatch.setattr(modbus, "PACE", 0.01)


async def time_of_silence(device: Device[Any]) -> float:
    """Read a device that doesn't answer any more."""
    begin = time.monotonic()
    with pytest.raises(NoAnswer):
        await device.read()
    return time.monotonic() - begin


async def test_a_bus_of_packs_may_take_as_long_as_it_has_packs(pty: PtyWire) -> None:
    slaves = packs(*ALL)
    RtuBus(pty, dict(slaves))
    known = identity(**{f"p{number}": f"S{number}" for number in ALL})
    async with reading(pty, known) as device:
        for slave in slaves.values():
            slave.fault = faults.silent
        took = await time_of_silence(device)
        assert 15 * 2 * 0.05 < took < device.reading_time < 20 * took
        whole = device.reading_time
        for number in ALL[1:]:
            device.forget(str(number))
        assert device.reading_time < whole / 5


async def test_a_bus_of_boards_may_take_as_long_as_it_has_boards(pty: PtyWire) -> None:
    bus = Bus(pty, {number: recorded_board("pb_real_8s_sw15.10_addr1") for number in ALL})
    serials = {str(number): None for number in ALL}
    device = BusDevice(SerialLink(pty.address, 115200), Identity(variant="modbus", serials=serials))
    await device.start()
    bus.boards.clear()
    took = await time_of_silence(device)
    assert 15 * 2 * 0.05 < took < device.reading_time < 20 * took
    await device.close()


async def test_a_board_alone_is_missed_soon(pty: PtyWire) -> None:
    board = ClassicBoard(pty, reply("real_16s_sw11.262H_charging_10A"))
    identity = Identity(variant=classic.VARIANT, serials={UNIT: None})
    device = ClassicDevice(SerialLink(pty.address, 115200), identity)
    await device.start()
    board.fault = faults.silent
    took = await time_of_silence(device)
    assert took < device.reading_time
    await device.close()
