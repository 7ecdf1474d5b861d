"""What tests of switching classic boards share."""

import pytest

from custom_components.cellwire.devices.device import Identity, Settings
from custom_components.cellwire.devices.errors import Refused
from custom_components.cellwire.devices.jk_bms import classic
from custom_components.cellwire.devices.jk_bms.classic import UNIT, ClassicDevice
from custom_components.cellwire.devices.jk_bms.switches import SWITCHES
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import capture, reply
from tests.bench.jk_bms import BAUDRATE, edit
from tests.bench.wire import Wire

OLDER = reply("real_16s_sw11.262H_charging_10A")
# The same board as one of generation 15, the only one that is known to take all switches.
NEWER = edit(OLDER, {0xB7: b"15A_____S15.29_".hex(), 0x9D: "01"})
IDENTITY = Identity(variant=classic.VARIANT, serials={UNIT: None})
CHARGE, DISCHARGE, BALANCER = (switch.key for switch in SWITCHES)
SHORT = {
    vector["name"]: bytes.fromhex(vector["hex"])
    for vector in capture("jk_bms", "short_frames")["vectors"]
}
RECORDED = {CHARGE: "charge", DISCHARGE: "discharge", BALANCER: "balancer"}
ON: Value = True
OFF: Value = False


def device_on(wire: Wire, settings: Settings | None = None) -> ClassicDevice:
    device = ClassicDevice(SerialLink(wire.address, BAUDRATE), IDENTITY)
    device.settings = settings or Settings(allow_control=True)
    return device


async def shown(device: ClassicDevice, key: str) -> Value:
    """Return what a control is set to, as it would be shown."""
    reading = (await device.read())[UNIT]
    return next(c.value(reading) for c in device.controls[UNIT] if c.key == key)


async def refusal(device: ClassicDevice, key: str, wish: Value) -> Refused:
    with pytest.raises(Refused) as caught:
        await device.apply(UNIT, key, wish)
    assert caught.value.placeholders["control"] == key
    return caught.value
