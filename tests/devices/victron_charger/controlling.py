"""Chargers of the bench that can be set, and devices that set them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from custom_components.cellwire.devices.control import Control
from custom_components.cellwire.devices.device import Mains, Settings
from custom_components.cellwire.devices.errors import Refused
from custom_components.cellwire.devices.model import Reading, Value
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.devices.victron_charger.reading import UNIT
from tests.bench.victron_writes import PHOENIX, SettableCharger
from tests.bench.wire import Wire
from tests.waiting import until

from .talking import FAST, device_on, second, talking

LIMIT, SWITCH = "charge_current_limit", "charger_switch"


def ip22(wire: Wire) -> SettableCharger:
    return SettableCharger(wire, [second()], period=FAST)


def ip43(wire: Wire) -> SettableCharger:
    return SettableCharger(wire, [second(PID="0xA340")], PHOENIX, period=FAST, clamp=(12.5, 50.0))


def control(device: ChargerDevice, key: str) -> Control | None:
    return next((c for c in device.controls.get(UNIT, ()) if c.key == key), None)


async def reading_of(device: ChargerDevice) -> Reading:
    return (await device.read())[UNIT]


async def shown(device: ChargerDevice, key: str) -> Value:
    found = control(device, key)
    assert found is not None
    return found.value(await reading_of(device))


async def refused(device: ChargerDevice, key: str, wish: Value) -> Refused:
    with pytest.raises(Refused) as caught:
        await device.apply(UNIT, key, wish)
    return caught.value


@asynccontextmanager
async def in_control(
    simulator: SettableCharger,
    key: str | None = LIMIT,
    *,
    mains: Mains | None = None,
    daily_writes: int = 100,
    allow_control: bool = True,
) -> AsyncIterator[ChargerDevice]:
    """Start a device, and wait until it offers a control."""
    device = device_on(simulator.wire)
    device.settings = Settings(allow_control=allow_control, mains=mains, daily_writes=daily_writes)
    async with talking(simulator):
        await device.start()
        try:
            if key:
                await until(lambda: control(device, key))
            yield device
        finally:
            await device.close()
            await asyncio.sleep(0)
