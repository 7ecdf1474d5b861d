"""Changing the currents of a preset: flash is written once, as a whole, and read back."""

import asyncio

import pytest

from custom_components.cellwire.devices.control import NumberControl
from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.icharger import gather
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.editing import is_editable
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_memory import to_bytes
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire
from tests.waiting import until

from .conftest import Cut, Ready, control, refused, shown, to_orders

FIRST = "channel_1"
PRESET, SAVE = 0x8C00, 5


@pytest.fixture
async def charger() -> SimulatedCharger:
    return SimulatedCharger("406 DUO")


@pytest.fixture
async def device(ready: Ready, charger: SimulatedCharger) -> ChargerDevice:
    """Wish for a preset of the owner, in slot 7: 15 A and 2 A."""
    device = await ready(charger)
    await device.apply(FIRST, "preset", "LiPo 15")
    return device


def image(charger: SimulatedCharger) -> bytes:
    return to_bytes(charger.memory.presets[7].flash)


async def test_one_byte_pair_is_changed_and_the_whole_is_written(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    before = image(charger)
    await device.apply(FIRST, "charge_current", 12.35)
    after = image(charger)
    assert after[98:100] == (1235).to_bytes(2, "little")
    assert after[:98] + after[100:] == before[:98] + before[100:]
    sizes = [(address, len(values)) for address, values in charger.written]
    assert sizes == [
        (0x8001, 1),
        (PRESET, 28),
        (PRESET + 28, 28),
        (PRESET + 56, 28),
        (PRESET + 84, 3),
        (0x8003, 2),
        (0x8003, 1),
        (0x8001, 1),
    ]
    assert charger.written[-3:-1] == [(0x8003, [0x55AA, SAVE]), (0x8003, [0])]
    assert await shown(device, FIRST, "charge_current") == 12.35
    assert await shown(device, FIRST, "preset") == "LiPo 15"
    assert (await device.read())["charger"].values["flash_writes"] == 1
    assert charger.memory.commits == 1
    kept = bytes.fromhex(device.changes.previous[7])
    assert kept[:46] + kept[53:] == before[:46] + before[53:]
    assert kept[46:53] == b"\xff" * 7


async def test_nothing_is_written_that_is_so_already(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await device.apply(FIRST, "charge_current", 15.0)
    assert charger.memory.commits == 0
    assert charger.written == [(0x8001, [7])]
    assert device.changes.previous == {}


async def test_quick_changes_are_one_write(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await device.apply("channel_2", "preset", "LiPo 15")
    await asyncio.gather(
        device.apply(FIRST, "charge_current", 10.0),
        device.apply(FIRST, "charge_current", 11.0),
        device.apply("channel_2", "discharge_current", 3.0),
        device.apply(FIRST, "charge_current", 12.0),
    )
    assert charger.memory.commits == 1
    for unit in (FIRST, "channel_2"):
        assert await shown(device, unit, "charge_current") == 12.0
        assert await shown(device, unit, "discharge_current") == 3.0
    # The next one is another write.
    await device.apply(FIRST, "charge_current", 10.0)
    assert charger.memory.commits == 2


async def test_all_who_wished_hear_that_it_failed(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.ignored = {SAVE}
    results = await asyncio.gather(
        device.apply(FIRST, "charge_current", 10.0),
        device.apply(FIRST, "discharge_current", 1.0),
        return_exceptions=True,
    )
    assert [getattr(error, "key", None) for error in results] == ["refused_not_taken"] * 2


async def test_no_preset_was_chosen(ready: Ready) -> None:
    device = await ready(SimulatedCharger("406 DUO"))
    with refused("no_preset"):
        await device.apply(FIRST, "charge_current", 10.0)


@pytest.mark.parametrize(
    ("model", "preset", "editable"),
    [
        ("406 DUO", "LiPo 15", True),
        # From the factory.
        ("406 DUO", "LiPo (0)", False),
        # Firmware 2.17 and 2.18.
        ("4010 DUO", "LiPo 15", False),
        ("308 DUO", "LiPo 15", False),
        # Slots 7 and 8 are of the factory on newer models.
        ("X8", "LiPo 15", False),
    ],
)
async def test_presets_that_are_not_changed(
    ready: Ready, model: str, preset: str, *, editable: bool
) -> None:
    charger = SimulatedCharger(model)
    device = await ready(charger)
    device.wires.link.product = charger.product
    await device.greet()
    await device.apply(FIRST, "preset", preset)
    if editable:
        await device.apply(FIRST, "discharge_current", 1.0)
    else:
        with refused("preset_fixed"):
            await device.apply(FIRST, "discharge_current", 1.0)
        assert charger.writes == 0


async def test_a_preset_that_says_that_it_is_something_else(ready: Ready) -> None:
    charger = SimulatedCharger("406 DUO")
    charger.memory.presets[7].flash[0] = 0x1234
    device = await ready(charger)
    await device.apply(FIRST, "preset", "LiPo 15")
    with refused("preset_fixed"):
        await device.apply(FIRST, "charge_current", 10.0)
    assert charger.memory.commits == 0


async def test_lengths_and_versions(device: ChargerDevice) -> None:
    preset = device.stored.presets[1]
    about, model = device.conversation.info, device.conversation.model
    assert is_editable(preset, model, about)
    for changed in ({"memory_length": 170}, {"memory_length": 192}, {"software": 2108}):
        values = {name: getattr(about, name) for name in about.__slots__} | changed
        assert not is_editable(preset, model, type(about)(**values))


@pytest.mark.parametrize(("wish", "reason"), [(40.05, "out_of_range"), (0.0, "out_of_range")])
async def test_beyond_the_limits(
    charger: SimulatedCharger, device: ChargerDevice, wish: float, reason: str
) -> None:
    with refused(reason):
        await device.apply(FIRST, "charge_current", wish)
    assert charger.writes == 0


async def test_the_power_limit_that_is_set_limits(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await device.apply(FIRST, "charge_current", 5.0)
    # 35 W at 3.5 V of one cell.
    await device.apply("charger", "charge_power_limit_1", 35)
    with refused("out_of_range"):
        await device.apply(FIRST, "charge_current", 10.05)
    await device.apply(FIRST, "charge_current", 10.0)


async def test_a_current_is_never_shown_outside_its_own_range(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    # 15 A are stored, and the power is enough for ten.
    await device.apply("charger", "charge_power_limit_1", 35)
    number = control(device, FIRST, "charge_current")
    assert isinstance(number, NumberControl)
    assert await shown(device, FIRST, "charge_current") == 15.0
    assert number.maximum == 15.0
    with refused("out_of_range"):
        await device.apply(FIRST, "charge_current", 15.05)
    await device.apply(FIRST, "charge_current", 8.0)
    number = control(device, FIRST, "charge_current")
    assert isinstance(number, NumberControl)
    assert number.maximum == 10.0
    # Below what can be set, too.
    charger.memory.presets[7].flash[49] = 2
    await device.programs.get_presets()
    await device.apply(FIRST, "preset", "LiPo 15")
    number = control(device, FIRST, "charge_current")
    assert isinstance(number, NumberControl)
    assert number.minimum == await shown(device, FIRST, "charge_current") == 0.02


async def test_the_charger_takes_something_else(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.memory.most = {PRESET: {49: 1000}}
    with refused("not_taken", "10.0 A"):
        await device.apply(FIRST, "charge_current", 20.0)
    # What it says is shown, and can be started.
    assert await shown(device, FIRST, "charge_current") == 10.0
    assert await shown(device, FIRST, "preset") == "LiPo 15"


async def test_acknowledged_but_not_saved(charger: SimulatedCharger, device: ChargerDevice) -> None:
    charger.ignored = {SAVE}
    with refused("not_taken", "15.0 A"):
        await device.apply(FIRST, "charge_current", 20.0)
    assert await shown(device, FIRST, "charge_current") == 15.0


async def test_the_slot_is_empty_afterwards(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.memory.presets[7].flash[0] = 0x55AA
    commit = charger.memory.commit

    def lose(order: int) -> None:
        commit(order)
        charger.memory.presets[7].flash[0] = 0xFFFF

    charger.memory.commit = lose  # type: ignore[method-assign]
    with refused("not_taken", "an empty preset"):
        await device.apply(FIRST, "charge_current", 20.0)
    assert await shown(device, FIRST, "preset") is None
    assert 7 not in [preset.slot for preset in device.stored.presets]


async def test_saved_but_not_acknowledged(charger: SimulatedCharger, device: ChargerDevice) -> None:
    charger.fault = to_orders(faults.silent)
    await device.apply(FIRST, "charge_current", 20.0)
    assert await shown(device, FIRST, "charge_current") == 20.0


async def test_a_block_that_is_not_acknowledged_is_not_saved(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.fault = faults.only(lambda answer: answer[2:4] == b"\x8c\x1c", faults.silent)
    with pytest.raises(NoAnswer):
        await device.apply(FIRST, "charge_current", 20.0)
    charger.fault = faults.none
    assert charger.memory.commits == 0
    await device.programs.get_presets()
    assert await shown(device, FIRST, "charge_current") == 15.0


async def test_the_link_is_lost_before_it_is_read_back(
    pty: PtyWire, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.fault = to_orders(Cut(pty))
    with refused("unknown_state", "15.0 A"):
        await device.apply(FIRST, "charge_current", 20.0)
    assert charger.memory.commits == 1


async def test_changed_at_the_panel_since_it_was_shown(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.memory.presets[7].flash[50] = 300
    with refused("preset_changed"):
        await device.apply(FIRST, "charge_current", 20.0)
    charger.memory.presets[7].flash[0] = 0xFFFF
    with refused("preset_changed"):
        await device.apply(FIRST, "charge_current", 20.0)
    assert charger.memory.commits == 0


async def test_not_while_a_program_runs(charger: SimulatedCharger, device: ChargerDevice) -> None:
    charger.plug(2, Pack([0.5] * 4))
    charger.start(2, "charge")
    with refused("busy"):
        await device.apply(FIRST, "charge_current", 20.0)
    assert charger.writes == 0


async def test_closing_gives_up_what_was_not_begun(
    charger: SimulatedCharger, device: ChargerDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "GATHER", 60.0)
    wishing = asyncio.create_task(device.apply(FIRST, "charge_current", 20.0))
    await asyncio.sleep(0.01)
    await device.close()
    with pytest.raises(NoAnswer):
        await wishing
    assert charger.writes == 0


async def test_closing_lets_a_write_end(charger: SimulatedCharger, device: ChargerDevice) -> None:
    wishing = asyncio.create_task(device.apply(FIRST, "charge_current", 20.0))
    await until(lambda: charger.writes >= 3)
    await device.close()
    await wishing
    assert charger.memory.presets[7].flash[49] == 2000


async def test_a_caller_that_goes_leaves_its_wish(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    wishing = asyncio.create_task(device.apply(FIRST, "charge_current", 20.0))
    await asyncio.sleep(0.01)
    wishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wishing
    await until(lambda: charger.memory.commits)
    assert control(device, FIRST, "charge_current").waits


async def test_a_limit_that_fell_while_the_wish_waited(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    before = charger.writes
    asked = asyncio.create_task(device.apply(FIRST, "charge_current", 30.0))
    await asyncio.sleep(0)
    # 70 W at 3.5 V of one cell.
    device.stored.settings["charge_power_limit_1"] = 70
    with refused("out_of_range"):
        await asked
    # The slot was chosen for reading.
    assert charger.writes == before + 1
    assert charger.memory.commits == 0
