"""Changing the settings of an old DUO: the whole block, saved and read back."""

import asyncio

import pytest

from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.model import Value
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire

from .conftest import ALLOWED, Cut, MakeDevice, refused, shown, to_orders

UNIT = "charger"
SYSTEM, SAVE = 0x8400, 3


@pytest.fixture
async def charger() -> SimulatedCharger:
    return SimulatedCharger()


@pytest.fixture
async def device(make_device: MakeDevice, charger: SimulatedCharger) -> ChargerDevice:
    device = make_device(charger)
    device.settings = ALLOWED
    await device.start()
    return device


@pytest.mark.parametrize(
    ("key", "wish", "register", "raw"),
    [
        ("charge_power_limit_1", 5, 34, 5),
        ("charge_power_limit_2", 1400, 35, 1400),
        ("input_current_limit", 45.5, 27, 455),
        ("fan_on_temperature", 42.5, 2, 425),
        ("beep_key", True, 13, 1),
        ("beep_hint", False, 14, 0),
        ("beep_alarm", False, 15, 0),
        ("beep_done", False, 16, 0),
        ("beep_key_volume", 0, 17, 0),
        ("beep_hint_volume", 10, 18, 10),
        ("beep_alarm_volume", 1, 19, 1),
        ("beep_done_volume", 9, 20, 9),
    ],
)
async def test_one_register_is_changed_and_the_whole_is_written(
    charger: SimulatedCharger,
    device: ChargerDevice,
    key: str,
    wish: Value,
    register: int,
    raw: int,
) -> None:
    before = list(charger.memory.system.flash)
    await device.apply(UNIT, key, wish)
    after = charger.memory.system.flash
    assert after[register] == raw
    assert {at for at, value in enumerate(after) if value != before[at]} == {register}
    assert [(address, len(values)) for address, values in charger.written] == [
        (SYSTEM, 28),
        (SYSTEM + 28, 28),
        (SYSTEM + 56, 3),
        (0x8003, 2),
        (0x8003, 1),
    ]
    assert charger.orders == [SAVE]
    assert await shown(device, UNIT, key) == wish
    assert (await device.read())[UNIT].values["flash_writes"] == 1


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("charge_power_limit_1", 1401),
        ("charge_power_limit_1", 4),
        ("input_current_limit", 65.1),
        ("input_current_limit", 0.9),
        ("fan_on_temperature", 29.9),
        ("fan_on_temperature", 50.1),
        ("beep_key_volume", 11),
    ],
)
async def test_beyond_the_limits(
    charger: SimulatedCharger, device: ChargerDevice, key: str, wish: float
) -> None:
    with refused("out_of_range"):
        await device.apply(UNIT, key, wish)
    assert charger.writes == 0


async def test_the_limit_is_that_of_the_chosen_source(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.memory.system.flash[24] = 1
    await device.apply(UNIT, "input_current_limit", 20)
    assert charger.memory.system.flash[27:31] == [300, 100, 505, 200]
    charger.memory.system.flash[24] = 9
    with refused("not_offered"):
        await device.apply(UNIT, "input_current_limit", 21)
    assert charger.memory.commits == 1


async def test_the_longer_block_of_newer_firmware(make_device: MakeDevice) -> None:
    charger = SimulatedCharger("406 DUO")
    device = make_device(charger)
    device.settings = ALLOWED
    await device.start()
    await device.apply(UNIT, "beep_done", wish=False)
    assert charger.written[2] == (SYSTEM + 56, [0] * 4)
    assert charger.memory.system.flash[16] == 0


async def test_several_settings_are_one_write(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await asyncio.gather(
        device.apply(UNIT, "beep_done", wish=False),
        device.apply(UNIT, "beep_done_volume", 1),
        device.apply(UNIT, "charge_power_limit_1", 100),
        device.apply(UNIT, "charge_power_limit_1", 200),
    )
    assert charger.memory.commits == 1
    assert await shown(device, UNIT, "charge_power_limit_1") == 200
    assert await shown(device, UNIT, "beep_done") is False


async def test_nothing_is_written_that_is_so_already(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.memory.system.flash[2] = 450
    await device.apply(UNIT, "fan_on_temperature", 45.0)
    assert charger.writes == 0
    assert await shown(device, UNIT, "fan_on_temperature") == 45.0


async def test_the_charger_takes_something_else(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.memory.most = {SYSTEM: {34: 1000}}
    with refused("not_taken", "1000"):
        await device.apply(UNIT, "charge_power_limit_1", 1300)
    assert await shown(device, UNIT, "charge_power_limit_1") == 1000


async def test_acknowledged_but_not_saved(charger: SimulatedCharger, device: ChargerDevice) -> None:
    charger.ignored = {SAVE}
    with refused("not_taken", "on"):
        await device.apply(UNIT, "beep_done", wish=False)
    assert await shown(device, UNIT, "beep_done") is True


async def test_saved_but_not_acknowledged(charger: SimulatedCharger, device: ChargerDevice) -> None:
    charger.fault = to_orders(faults.silent)
    await device.apply(UNIT, "beep_done", wish=False)
    assert await shown(device, UNIT, "beep_done") is False


async def test_the_link_is_lost_before_it_is_read_back(
    pty: PtyWire, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.fault = to_orders(Cut(pty))
    with refused("unknown_state", "on"):
        await device.apply(UNIT, "beep_done", wish=False)


async def test_silent_before_anything_is_written(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.fault = faults.silent
    with pytest.raises(NoAnswer):
        await device.apply(UNIT, "beep_done", wish=False)
    assert charger.writes == 0


async def test_not_while_a_program_runs(charger: SimulatedCharger, device: ChargerDevice) -> None:
    charger.plug(1, Pack([0.5] * 4))
    charger.start(1, "charge")
    with refused("busy"):
        await device.apply(UNIT, "beep_done", wish=False)
    assert charger.writes == 0
