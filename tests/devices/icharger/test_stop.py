"""Stopping a program, and leaving the screen behind it."""

import pytest

from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.wire import PtyWire

from .conftest import Cut, Ready, quick, refused, to_orders

FIRST = "channel_1"
STOP = 0


@pytest.mark.parametrize(
    ("run_status", "stops"), [(0, 0), (1, 1), (7, 2), (13, 2), (40, 1), (41, 1)]
)
async def test_stop_until_it_is_idle(ready: Ready, run_status: int, stops: int) -> None:
    charger = SimulatedCharger()
    device = await ready(charger)
    charger.channels[0].run_status = run_status
    await device.apply(FIRST, "stop", None)
    assert charger.written == [(0x8002, [0, 0x55AA, 0])] * stops
    assert charger.channels[0].run_status == 0


async def test_a_stop_that_is_lost_is_given_again(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    charger.start(1, "charge")
    charger.fault = to_orders(faults.once(faults.silent))
    await device.apply(FIRST, "stop", None)
    assert charger.orders == [STOP, STOP]


async def test_a_stop_that_is_not_taken(ready: Ready) -> None:
    charger = SimulatedCharger()
    device = await ready(charger)
    charger.channels[0].fail(0x1D00)
    charger.ignored = {STOP}
    with refused("not_taken", "fault"):
        await device.apply(FIRST, "stop", None)
    assert len(charger.orders) == 4


async def test_the_link_is_lost_behind_a_stop(pty: PtyWire, ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    charger.start(1, "charge")
    charger.fault = to_orders(Cut(pty))
    with refused("unknown_state", "preparing"):
        await device.apply(FIRST, "stop", None)
