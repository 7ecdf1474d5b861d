"""The conversation with a charger on a real serial line."""

import asyncio
import logging

import pytest

from custom_components.cellwire.devices.errors import (
    Declined,
    DeviceError,
    Garbled,
    NoAnswer,
    OtherDevice,
    WrongIdentity,
)
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.model import Status
from custom_components.cellwire.links.errors import LinkError
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire

from .conftest import IMPATIENT, MakeDevice, identity, serial_link

SERIAL = "1504308022"
SIX = [0.3, 0.5, 0.5, 0.5, 0.55, 0.55]


async def test_an_idle_charger_with_a_pack_at_the_balance_port(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack(SIX, main=False))
    device = make_device(charger)
    await device.start()
    assert list(device.units) == ["charger", "channel_1", "channel_2"]
    assert device.identity.serials == {
        "charger": SERIAL,
        "channel_1": f"{SERIAL}_1",
        "channel_2": f"{SERIAL}_2",
    }
    readings = await device.read()
    assert list(readings) == ["charger", "channel_1", "channel_2"]
    first, second = readings["channel_1"], readings["channel_2"]
    assert len(first.cell_voltages) == 6
    assert first.cell_min_number == 1
    assert (first.voltage, second.voltage, second.cell_voltages) == (None, None, ())
    assert first.status is second.status is Status.IDLE
    whole = readings["charger"]
    assert whole.input_voltage == 24.173
    assert whole.temperatures == {"internal": 25.0}
    assert whole.values["presets"] == 9
    assert whole.values["fan_on_temperature"] == 50.0
    assert whole.status is None
    # What belongs to the whole charger is not shown twice.
    assert first.input_voltage is None
    assert "internal" not in first.temperatures


async def test_a_poll_takes_five_requests(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    before = charger.requests
    await device.read()
    assert charger.requests - before == 5
    await device.read()
    assert charger.writes == 0


@pytest.mark.parametrize(
    ("model", "units", "name"),
    [
        ("308 DUO", 3, "iCharger 308 DUO"),
        ("406 DUO", 3, "iCharger 406 DUO"),
        ("X8", 2, "iCharger"),
        ("DX8", 3, "iCharger"),
    ],
)
async def test_models(make_device: MakeDevice, model: str, units: int, name: str) -> None:
    charger = SimulatedCharger(model)
    charger.plug(1, Pack([0.5] * 6))
    device = make_device(charger)
    await device.start()
    assert len(device.units) == units
    assert device.units["charger"].model == name
    readings = await device.read()
    assert len(readings) == units
    assert len(readings["channel_1"].cell_voltages) == 6
    assert readings["charger"].values["cut_off_temperature"]
    assert charger.writes == 0


async def test_the_product_names_a_model_whose_number_is_not_known(
    make_device: MakeDevice,
) -> None:
    charger = SimulatedCharger("X8")
    device = make_device(charger)
    device.wires.link.product = charger.product
    await device.start()
    assert device.units["charger"].model == "iCharger X8"
    assert device.units["charger"].firmware == "2.0.8"


@pytest.mark.parametrize(("refused", "units"), [(False, 3), (True, 2)])
async def test_an_unknown_model_is_asked_for_its_second_channel(
    make_device: MakeDevice, units: int, *, refused: bool
) -> None:
    charger = SimulatedCharger()
    info = charger.info()
    charger.info = lambda: [99, *info[1:9], 130, *info[10:]]  # type: ignore[method-assign]
    charger.refusals = {0x200: 2} if refused else {}
    device = make_device(charger)
    await device.start()
    assert len(device.units) == units
    readings = await device.read()
    assert len(readings) == units
    # A block of settings of unknown length is not read.
    assert readings["charger"].values == {"presets": 9, "flash_writes": 0}


async def test_a_charger_that_keeps_its_settings_to_itself(
    make_device: MakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    charger = SimulatedCharger()
    charger.refusals = {0x8400: 2}
    device = make_device(charger)
    await device.start()
    readings = await device.read()
    assert readings["charger"].values == {"flash_writes": 0}
    assert "keeps its settings to itself" in caplog.text


async def test_a_channel_that_fails_does_not_cost_the_other(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.plug(2, Pack([0.5] * 4))
    device = make_device(charger)
    await device.start()
    charger.refusals = {0x100: 4}
    readings = await device.read()
    assert list(readings) == ["charger", "channel_2"]
    assert readings["charger"].input_voltage == 24.173
    charger.refusals = {}
    assert list(await device.read()) == ["charger", "channel_2", "channel_1"]


async def test_both_channels_fail(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.refusals = {0x100: 4, 0x200: 4}
    with pytest.raises(Declined):
        await device.read()
    charger.refusals = {}
    assert len(await device.read()) == 3


async def test_one_answer_that_is_lost_is_asked_for_again(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.fault = faults.in_turn(faults.none, faults.silent)
    assert len(await device.read()) == 3
    assert device.wires.health.timeouts == 1
    charger.fault = faults.once(faults.corrupted(5))
    assert len(await device.read()) == 3


async def test_a_fifth_lost_answer_costs_its_channel(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.fault = faults.in_turn(faults.none, *[faults.silent] * 5)
    assert list(await device.read()) == ["charger", "channel_2"]


async def test_in_one_poll_no_more_than_five_answers_are_missed(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.fault = faults.in_turn(faults.none, *[faults.silent] * 6)
    before = charger.requests
    with pytest.raises(NoAnswer):
        await device.read()
    assert charger.requests - before == 7


async def test_a_charger_that_is_switched_off_does_not_take_long(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.fault = faults.silent
    before = charger.requests
    for _ in range(4):
        with pytest.raises((NoAnswer, Garbled)):
            await device.read()
    # Five of the first poll, and two of each that follows.
    assert charger.requests - before == 11
    charger.fault = faults.none
    assert len(await device.read()) == 3


async def test_a_slow_charger_in_its_error_state(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4))
    device = make_device(charger)
    await device.start()
    charger.channels[0].fail(0x1D00)
    charger.delay = IMPATIENT / 3
    reading = (await device.read())["channel_1"]
    assert (reading.status, reading.error) == (Status.FAULT, "balance_lead_unwanted")
    assert reading.values["error_code"] == "2900"
    assert reading.program_time == 0.0
    charger.stop(1)
    reading = (await device.read())["channel_1"]
    assert (reading.status, reading.error) == (Status.IDLE, "no_error")


async def test_cells_that_are_plugged_in_one_by_one(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    counts = []
    for cells in (0, 2, 6, 6, 6, 0, 0):
        charger.plug(1, Pack([0.5] * cells) if cells else None)
        counts.append(len((await device.read())["channel_1"].cell_voltages))
    assert counts == [0, 0, 0, 6, 6, 0, 0]


async def test_another_charger_on_the_same_line(make_device: MakeDevice) -> None:
    first = SimulatedCharger()
    device = make_device(first)
    await device.start()
    await device.read()
    first.serial = "2510118006"
    with pytest.raises(WrongIdentity):
        await device.read()
    first.serial = SERIAL
    assert len(await device.read()) == 3


async def test_a_charger_that_is_known_by_another_serial_number(
    pty: PtyWire, make_device: MakeDevice
) -> None:
    make_device(SimulatedCharger())
    device = ChargerDevice(serial_link(pty.address), identity(charger="1"))
    with pytest.raises(WrongIdentity) as caught:
        await device.start()
    assert caught.value.placeholders == {"expected": "1", "found": SERIAL}
    assert not device.wires.link.is_open


async def test_a_charger_without_a_serial_number(make_device: MakeDevice) -> None:
    device = make_device(SimulatedCharger(serial="NULL"))
    await device.start()
    assert set(device.identity.serials.values()) == {None}
    assert len(await device.read()) == 3


async def test_a_firmware_update_under_way(make_device: MakeDevice) -> None:
    charger = SimulatedCharger("X8")
    device = make_device(charger)
    await device.start()
    assert len(device.units) == 2
    other = SimulatedCharger("DX8")
    charger.model, charger.memory, charger.channels = other.model, other.memory, other.channels
    assert len(await device.read()) == 3
    assert device.units["charger"].firmware == "1.0.1"


async def test_something_else_at_the_address(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.info = lambda: [0x1234] * 13  # type: ignore[method-assign]
    device = make_device(charger)
    with pytest.raises(OtherDevice) as caught:
        await device.start()
    assert caught.value.placeholders["found"] == "Modbus 0x1234"


async def test_a_channel_that_was_forgotten_comes_back(make_device: MakeDevice) -> None:
    device = make_device(SimulatedCharger())
    await device.start()
    device.forget("channel_2")
    assert "channel_2" not in device.units
    assert len(await device.read()) == 3
    assert device.identity.serials["channel_2"] == f"{SERIAL}_2"


async def test_unknown_codes_are_logged_once(
    make_device: MakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.channels[0].run_status = 43
    for _ in range(2):
        assert (await device.read())["channel_1"].status is Status.PREPARING
    assert caplog.text.count("An unknown run status of the Junsi iCharger: 43") == 1


async def test_the_serial_number_is_not_traced(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    await device.read()
    traced = b"".join(entry.data for entry in device.wires.trace.entries)
    swapped = b"".join(value.to_bytes(2) for value in charger.info()[1:6])
    assert traced
    assert swapped not in traced


async def test_the_port_goes_and_comes_back(pty: PtyWire, make_device: MakeDevice) -> None:
    device = make_device(SimulatedCharger())
    await device.start()
    await device.read()
    await pty.unplug()
    with pytest.raises((LinkError, DeviceError)):
        await device.read()
    await pty.plug()
    async with asyncio.timeout(5):
        while True:
            try:
                assert len(await device.read()) == 3
                break
            except LinkError, DeviceError:
                await asyncio.sleep(0.05)


async def test_no_charger(pty: PtyWire) -> None:
    device = ChargerDevice(serial_link(pty.address), identity())
    with pytest.raises(NoAnswer):
        await device.start()
    assert not device.wires.link.is_open
