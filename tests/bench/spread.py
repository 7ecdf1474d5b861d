"""Time that passes faster: readings that look further apart than they are."""

from dataclasses import replace
import itertools
import time
from typing import Any

from custom_components.cellwire.devices.asked import AskedDevice
from custom_components.cellwire.devices.device import Device, Readings


def spread(device: Device[Any], seconds: float) -> None:
    """Let the readings of a device look so many seconds apart, however soon they are asked for.

    How much a value counts, and what flowed, depends on the time since the one before it.
    """
    moments = itertools.count(time.monotonic(), seconds)
    # What a device is asked for is counted from here, what it says by itself has a time of its own.
    name = "poll" if isinstance(device, AskedDevice) else "read"
    read = getattr(device, name)

    async def later() -> Readings:
        readings: Readings = await read()
        at = next(moments)
        return {key: replace(reading, at=at) for key, reading in readings.items()}

    setattr(device, name, later)
