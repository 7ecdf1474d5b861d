"""What is offered, and wishes, which write nothing."""

import asyncio

import pytest

from custom_components.cellwire.devices.control import ChoiceControl, NumberControl
from custom_components.cellwire.devices.device import Settings
from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.icharger import FAMILY
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.models import Layout
from custom_components.cellwire.devices.icharger.presets import name_of, names_of, to_preset
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_memory import preset_image
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire

from .conftest import ALLOWED, MakeDevice, Ready, control, refused, shown, wish

CHANNEL_KEYS = ["preset", "operation", "start", "stop", "charge_current", "discharge_current"]
BEEPS = ["beep_key", "beep_hint", "beep_alarm", "beep_done"]
SETTINGS_KEYS = [
    "charge_power_limit_1",
    "charge_power_limit_2",
    "input_current_limit",
    "fan_on_temperature",
    *(f"{beep}_volume" for beep in BEEPS),
    *BEEPS,
]


def keys(device: ChargerDevice) -> dict[str, list[str]]:
    return {unit: [each.id for each in offered] for unit, offered in device.controls.items()}


async def test_what_an_old_duo_offers(make_device: MakeDevice) -> None:
    device = make_device(SimulatedCharger())
    assert device.controls == {}
    await device.start()
    assert keys(device) == {
        "charger": ["refresh_presets", *SETTINGS_KEYS],
        "channel_1": CHANNEL_KEYS,
        "channel_2": CHANNEL_KEYS,
    }
    assert FAMILY.allows_control
    assert len(FAMILY.options) == 2


@pytest.mark.parametrize(
    ("model", "product", "offered"),
    [
        # Of a model that is not known, no limits are.
        ("X8", False, {"charger": ["refresh_presets"], "channel_1": CHANNEL_KEYS[:4]}),
        ("X8", True, {"charger": ["refresh_presets"], "channel_1": CHANNEL_KEYS}),
    ],
)
async def test_what_others_offer(
    make_device: MakeDevice, model: str, offered: dict[str, list[str]], *, product: bool
) -> None:
    charger = SimulatedCharger(model)
    device = make_device(charger)
    device.wires.link.product = charger.product if product else None
    await device.start()
    assert keys(device) == offered


async def test_settings_that_were_not_read_are_not_offered(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.memory.system.flash[24] = 7
    device = make_device(charger)
    await device.start()
    assert "input_current_limit" not in keys(device)["charger"]
    charger.refusals = {0x8400: 2}
    await device.programs.get_presets()
    assert keys(device)["charger"] == ["refresh_presets"]


async def test_set_up_polls_and_reconnections_write_nothing(
    pty: PtyWire, make_device: MakeDevice
) -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4))
    device = make_device(charger)
    device.settings = ALLOWED
    await device.start()
    charger.start(1, "charge")
    for _ in range(3):
        charger.advance(5)
        await device.read()
    await pty.unplug()
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the system says
        await device.read()
    await pty.plug()
    async with asyncio.timeout(5):
        while True:
            try:
                await device.read()
                break
            except Exception:  # noqa: BLE001
                await asyncio.sleep(0.05)
    await device.close()
    assert charger.writes == 0


async def test_presets_can_be_chosen_once_they_were_read(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.memory.head.flash[1] = 0xFE00
    device = make_device(charger)
    device.settings = ALLOWED
    await device.start()
    with refused("not_a_choice"):
        await device.apply("channel_1", "preset", "LiPo 15")
    await device.apply("charger", "refresh_presets", None)
    preset = control(device, "channel_1", "preset")
    assert isinstance(preset, ChoiceControl)
    # The second one of the list is hidden now.
    assert preset.choices == (
        "LiPo (0)",
        "LiPo (8)",
        "LiIo",
        "LiFe",
        "NiMH",
        "NiCd",
        "Pb",
        "NiZn",
    )
    assert (preset.wish, preset.waits) == (True, False)


async def test_a_preset_that_is_gone_before_the_choice_is_renewed(ready: Ready) -> None:
    device = await ready(SimulatedCharger())
    # As after another firmware was found whose settings could not be read yet.
    device.stored.begin()
    with refused("not_a_choice"):
        await device.apply("channel_1", "preset", "LiPo 15")


async def test_wishes_write_nothing(ready: Ready) -> None:
    charger = SimulatedCharger()
    device = await ready(charger)
    heard: list[int] = []
    device.on_change(lambda: heard.append(1))
    assert await shown(device, "channel_1", "preset") is None
    await wish(device, "channel_1", "LiPo 15", "discharge")
    assert await shown(device, "channel_1", "preset") == "LiPo 15"
    assert await shown(device, "channel_1", "operation") == "discharge"
    assert await shown(device, "channel_1", "charge_current") == 15.0
    assert await shown(device, "channel_1", "discharge_current") == 2.0
    assert await shown(device, "channel_2", "preset") is None
    assert await shown(device, "channel_2", "charge_current") is None
    assert charger.writes == 0
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("preset", "operations"),
    [
        ("LiPo 15", ("charge", "storage", "discharge", "cycle", "balance")),
        ("NiMH", ("charge", "discharge", "cycle")),
        ("Pb", ("charge", "discharge", "cycle")),
    ],
)
async def test_operations_follow_the_preset(
    ready: Ready, preset: str, operations: tuple[str, ...]
) -> None:
    device = await ready(SimulatedCharger())
    with refused("not_a_choice"):
        await device.apply("channel_1", "operation", "charge")
    await device.apply("channel_1", "preset", preset)
    offered = control(device, "channel_1", "operation")
    assert isinstance(offered, ChoiceControl)
    assert offered.choices == operations


async def test_an_operation_that_the_next_preset_has_not_is_given_up(ready: Ready) -> None:
    device = await ready(SimulatedCharger())
    await wish(device, "channel_1", "LiPo 15", "storage")
    await device.apply("channel_1", "preset", "NiMH")
    assert await shown(device, "channel_1", "operation") is None
    await wish(device, "channel_1", "NiMH", "charge")
    await device.apply("channel_1", "preset", "LiPo 15")
    assert await shown(device, "channel_1", "operation") == "charge"


async def test_operations_that_the_preset_hides(ready: Ready) -> None:
    charger = SimulatedCharger()
    image = charger.memory.presets[7].flash
    # Bytes 53 and 54: only charge and discharge.
    image[26] = image[26] & 0xFF | 0x09 << 8
    image[27] &= 0xFF00
    device = await ready(charger)
    await device.apply("channel_1", "preset", "LiPo 15")
    offered = control(device, "channel_1", "operation")
    assert isinstance(offered, ChoiceControl)
    assert offered.choices == ("charge", "discharge")


@pytest.mark.parametrize("code", [10, 9, 11])
async def test_presets_of_which_the_numbers_are_uncertain(ready: Ready, code: int) -> None:
    charger = SimulatedCharger("X8")
    image = charger.memory.presets[7].flash
    image[30] = image[30] & 0xFF | code << 8
    device = await ready(charger)
    await device.apply("channel_1", "preset", "LiPo 15")
    offered = control(device, "channel_1", "operation")
    assert isinstance(offered, ChoiceControl)
    assert offered.choices == (("charge",) if code == 10 else ())


async def test_a_preset_that_was_changed_must_be_chosen_again(ready: Ready) -> None:
    charger = SimulatedCharger()
    device = await ready(charger)
    await wish(device, "channel_1", "LiPo 15", "charge")
    # How often it ran says nothing.
    charger.memory.presets[7].flash[29] += 0x0100
    await device.programs.get_presets()
    assert await shown(device, "channel_1", "preset") == "LiPo 15"
    charger.memory.presets[7].flash[49] = 1600
    await device.programs.get_presets()
    assert await shown(device, "channel_1", "preset") is None
    assert await shown(device, "channel_1", "operation") is None


async def test_another_firmware_makes_presets_unknown(ready: Ready) -> None:
    charger = SimulatedCharger()
    device = await ready(charger)
    await wish(device, "channel_1", "LiPo 15", "charge")
    info = charger.info()
    charger.info = lambda: [*info[:7], 2200, *info[8:]]  # type: ignore[method-assign]
    await device.read()
    assert device.stored.presets == ()
    assert await shown(device, "channel_1", "preset") is None


@pytest.mark.parametrize(
    ("preset", "charge", "discharge"),
    [
        # The model's, and what 130 W are at 3.5 V of one cell.
        ("LiPo 15", 40.0, 37.1),
        # Six cells of lead.
        ("Pb", 40.0, 12.0),
        # The voltage of the pack.
        ("NiMH", 40.0, 40.0),
    ],
)
async def test_limits_of_a_current(
    ready: Ready, preset: str, charge: float, discharge: float
) -> None:
    device = await ready(SimulatedCharger())
    await device.apply("channel_1", "preset", preset)
    limits = []
    for key in ("charge_current", "discharge_current"):
        number = control(device, "channel_1", key)
        assert isinstance(number, NumberControl)
        assert (number.minimum, number.step) == (0.05, 0.05)
        limits.append(number.maximum)
    assert limits == pytest.approx([charge, discharge], abs=0.1)


async def test_nothing_without_leave(ready: Ready) -> None:
    charger = SimulatedCharger()
    device = await ready(charger)
    device.settings = Settings()
    for unit, offered in device.controls.items():
        for each in offered:
            with refused("not_allowed"):
                await device.apply(unit, each.id, None)
    assert charger.writes == 0


async def test_nothing_without_a_link(ready: Ready) -> None:
    charger = SimulatedCharger("406 DUO")
    device = await ready(charger)
    await wish(device, "channel_1", "LiPo 15", "charge")
    await device.close()
    for unit, key, value in (
        ("charger", "refresh_presets", None),
        ("charger", "beep_key", False),
        ("channel_1", "charge_current", 5.0),
        ("channel_1", "start", None),
        ("channel_1", "stop", None),
    ):
        with pytest.raises(NoAnswer):
            await device.apply(unit, key, value)
    assert charger.writes == 0


def test_names_are_unique() -> None:
    presets = [
        to_preset(slot, preset_image(173, {61: ("B", code)}, name), Layout.OLD_DUO)
        for slot, name, code in (
            (1, "A", 0),
            (2, "A (1)", 0),
            (3, "A", 0),
            (4, "", 99),
            (5, "B", 0),
        )
    ]
    found = [preset for preset in presets if preset]
    assert list(names_of(found)) == ["A (1)", "A (1) (2)", "A (3)", "(4)", "B"]
    assert name_of(found[2], found) == "A (3)"
    assert name_of(None, found) is None
