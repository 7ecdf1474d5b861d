"""Every reading is told of: each set of frames of a device that talks, each poll of another."""

import pytest

from custom_components.cellwire.devices import streaming
from custom_components.cellwire.devices.chargery.words import UNIT
from custom_components.cellwire.devices.device import Identity, Readings
from custom_components.cellwire.devices.jk_bms import classic
from custom_components.cellwire.devices.jk_bms.classic import ClassicDevice
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import reply
from tests.bench.chargery import Bms, talking
from tests.bench.jk_bms import ClassicBoard
from tests.bench.wire import PtyWire
from tests.waiting import until

from .chargery.listening import FAST, device_on


async def test_a_device_that_talks_tells_of_every_set_of_frames(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "TOGETHER", 0.2)
    simulator = Bms(pty, period=FAST)
    async with talking(simulator), device_on(pty) as device:
        told: list[float] = []
        unwatch = device.on_reading(lambda readings: told.append(readings[UNIT].at))
        await device.start()
        # Nobody reads.
        await until(lambda: len(told) > 5)
        assert told == sorted(set(told))
        # Four beats or so make one reading.
        assert device.wires.health.good_frames > 2 * len(told)
        # What came last is told too, when nothing follows.
        simulator.is_silent = True
        await until(lambda: told[-1] == device.fresh()[UNIT].at)
        simulator.is_silent = False
        unwatch()
        count = len(told)
        good = device.wires.health.good_frames
        await until(lambda: device.wires.health.good_frames > good + 10)
        assert len(told) == count


async def test_a_device_that_is_asked_tells_of_every_poll(pty: PtyWire) -> None:
    ClassicBoard(pty, reply("real_16s_sw11.262H_charging_10A"))
    identity = Identity(variant=classic.VARIANT, serials={classic.UNIT: None})
    device = ClassicDevice(SerialLink(pty.address, 115200), identity)
    told: list[Readings] = []
    device.on_reading(told.append)
    await device.start()
    assert not told
    assert told == [await device.read()]
    await device.close()
