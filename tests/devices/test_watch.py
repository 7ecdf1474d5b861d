"""Every reading is told of: each frame of a device that talks, each poll of one that is asked."""

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


async def test_a_device_that_talks_tells_of_every_frame(pty: PtyWire) -> None:
    async with talking(Bms(pty, period=FAST)), device_on(pty) as device:
        told: list[float] = []
        unwatch = device.on_reading(lambda readings: told.append(readings[UNIT].at))
        await device.start()
        # Nobody reads.
        await until(lambda: len(set(told)) > 5)
        assert told == sorted(told)
        unwatch()
        count = len(told)
        good = device.wires.health.good_frames
        await until(lambda: device.wires.health.good_frames > good + 2)
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
