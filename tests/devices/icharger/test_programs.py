"""Programs that somebody starts at the panel, as they are seen from here."""

import pytest

from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.model import Reading, Status
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack

from .conftest import MakeDevice

RESISTANCES = [5.6, 5.7, 7.0, 5.6]


async def follow(
    device: ChargerDevice, charger: SimulatedCharger, step: float, most: int
) -> list[Reading]:
    """Read again and again until the program is over."""
    readings = []
    for _ in range(most):
        charger.advance(step)
        readings.append((await device.read())["channel_1"])
        if not charger.channels[0].runs:
            return readings
    pytest.fail("it never ended")


def stages(readings: list[Reading]) -> list[Status | None]:
    found: list[Status | None] = []
    for reading in readings:
        if not found or found[-1] is not reading.status:
            found.append(reading.status)
    return found


@pytest.fixture
async def charger() -> SimulatedCharger:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5, 0.52, 0.5, 0.49], resistances=RESISTANCES, capacity=1.0))
    return charger


async def test_a_charge(charger: SimulatedCharger, make_device: MakeDevice) -> None:
    device = make_device(charger)
    await device.start()
    charger.start(1, "charge", slot=1)
    readings = await follow(device, charger, step=20, most=400)
    assert stages(readings) == [Status.CHARGING, Status.DONE]
    running, done = readings[len(readings) // 2], readings[-1]
    assert running.current is not None
    assert running.current > 0
    assert running.voltage is not None
    assert running.program_time is not None
    assert running.values["control_status"] in ("output_current", "cell_voltage")
    assert running.cell_resistances == tuple(RESISTANCES)
    assert running.values["line_resistance"] == 4.0
    charges = [reading.values["program_charge"] for reading in readings]
    assert charges == sorted(charges, key=lambda value: float(value or 0))
    assert done.cell_voltage_max == pytest.approx(4.1, abs=0.05)
    # Time and charge of the program stay to be read until somebody leaves the screen.
    assert done.program_time
    assert done.current == 0
    charger.stop(1)
    assert (await device.read())["channel_1"].program_time is None
    assert charger.writes == 0


async def test_a_discharge(charger: SimulatedCharger, make_device: MakeDevice) -> None:
    device = make_device(charger)
    await device.start()
    charger.start(1, "discharge", slot=1)
    first = (await device.read())["channel_1"]
    charger.advance(3)
    checking = (await device.read())["channel_1"]
    assert first.status is checking.status is Status.PREPARING
    readings = await follow(device, charger, step=20, most=400)
    assert stages(readings) == [Status.DISCHARGING, Status.DONE]
    running = readings[1]
    assert running.current is not None
    assert running.current < 0
    assert running.power is not None
    assert running.power < 0
    charge = readings[-1].values["program_charge"]
    assert isinstance(charge, float)
    assert charge < 0


async def test_the_current_grows_slowly(charger: SimulatedCharger, make_device: MakeDevice) -> None:
    device = make_device(charger)
    await device.start()
    charger.plug(1, Pack([0.9] * 4, capacity=5.0))
    charger.start(1, "discharge", slot=8)
    currents = []
    for _ in range(6):
        charger.advance(5)
        currents.append((await device.read())["channel_1"].current or 0.0)
    assert currents[0] > -0.5
    assert currents[4] == pytest.approx(-4.2, abs=0.3)


async def test_balancing_takes_no_current(
    charger: SimulatedCharger, make_device: MakeDevice
) -> None:
    device = make_device(charger)
    await device.start()
    charger.start(1, "balance")
    readings = await follow(device, charger, step=4, most=200)
    assert stages(readings) == [Status.PREPARING, Status.BALANCING, Status.DONE]
    balancing = readings[2]
    assert balancing.balancing
    assert balancing.cells_balancing == (True, True, True, False)
    assert balancing.values["balance_strength_2"] == 8
    assert balancing.cell_resistances == (None,) * 4


async def test_stopping(charger: SimulatedCharger, make_device: MakeDevice) -> None:
    device = make_device(charger)
    await device.start()
    charger.start(1, "charge")
    charger.advance(60)
    assert (await device.read())["channel_1"].status is Status.CHARGING
    seen = []
    for _ in range(2):
        charger.stop(1)
        seen.append((await device.read())["channel_1"].status)
    assert seen == [Status.STOPPED, Status.IDLE]


@pytest.mark.parametrize(
    ("pack", "slot", "error", "code"),
    [
        (Pack([0.5] * 4, balance=False), 0, "balance_lead_missing", "3000"),
        (Pack([0.5] * 4, chemistry="nimh"), 3, "balance_lead_unwanted", "2900"),
        (Pack([0.5] * 4, main=False), 0, "output_connection", "2003"),
        (None, 0, "output_connection", "2003"),
        (Pack([0.5] * 4), 20, "internal_control", "1600"),
    ],
)
async def test_a_start_that_ends_in_an_error(
    make_device: MakeDevice, pack: Pack | None, slot: int, error: str, code: str
) -> None:
    charger = SimulatedCharger()
    charger.plug(1, pack)
    device = make_device(charger)
    await device.start()
    charger.start(1, "charge", slot)
    readings = await follow(device, charger, step=1, most=20)
    assert stages(readings) == [Status.PREPARING, Status.FAULT]
    assert readings[-1].error == error
    assert readings[-1].values["error_code"] == code


async def test_both_channels_run(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4))
    charger.plug(2, Pack([0.5] * 6))
    device = make_device(charger)
    await device.start()
    charger.start(1, "charge")
    charger.start(2, "discharge")
    charger.advance(30)
    readings = await device.read()
    assert readings["channel_1"].status is Status.CHARGING
    assert readings["channel_2"].status is Status.DISCHARGING
