"""How long a poll takes, against the time that its bytes need on the wire."""

import asyncio
import statistics
import time

from custom_components.cellwire.devices.device import Device, Identity
from custom_components.cellwire.devices.jk_bms.classic import ClassicDevice
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import reply
from tests.bench.jk_bms import BAUDRATE, BUS_DELAY, CLASSIC_DELAY, READ_ALL
from tests.bench.wire import BITS

from .bench import playing
from .figure import Figure

POLLS = 40
# As many as fit between two questions about settings.
PAUSE = 0.25
RATIO = 1.10
TRIGGER, STATUS, ACKNOWLEDGEMENT = 11, 300, 8


async def seconds(device: Device) -> float:
    """Return the median time of a poll."""
    times = []
    await device.start()
    try:
        for _ in range(POLLS):
            # The least pause between two requests is over when the interval is.
            await asyncio.sleep(PAUSE)
            begin = time.perf_counter()
            await device.read()
            times.append(time.perf_counter() - begin)
    finally:
        await device.close()
    return statistics.median(times)


async def ratio(kind: str, count: int, delay: float) -> tuple[float, str]:
    """Return the time of a poll by that of its bytes, the device's own time taken off."""
    async with playing(kind) as bench:
        link = SerialLink(bench.addresses[0], BAUDRATE)
        device: Device
        if kind == "classic":
            device = ClassicDevice(link, Identity(variant=kind, serials={"bms": None}))
        else:
            device = BusDevice(link, Identity(variant=kind, serials={"1": None}))
        took = await seconds(device)
    wire = count * BITS / BAUDRATE
    limit = f"1 = {count} bytes, {wire * 1000:.1f} ms; then {delay * 1000:.1f} ms of the device"
    return (took - delay) / wire, limit


async def polling() -> list[Figure]:
    """Measure both generations of JK boards at their line speed."""
    asked = len(READ_ALL[0]) + len(reply("real_16s_sw11.262H_charging_10A"))
    classic, classic_limit = await ratio("classic", asked, CLASSIC_DELAY)
    count = TRIGGER + STATUS + ACKNOWLEDGEMENT
    newer, newer_limit = await ratio("bus", count, BUS_DELAY)
    what = "a poll by the time of its bytes on the wire"
    return [
        Figure(f"JK classic: {what}", classic, "", RATIO, classic_limit),
        Figure(f"JK newer: {what}", newer, "", RATIO, newer_limit),
    ]
