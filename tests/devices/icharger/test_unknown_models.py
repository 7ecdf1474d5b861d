"""Chargers that are not in the table of models: what they are follows from what they show."""

from pathlib import Path

import pytest

from custom_components.cellwire.devices.errors import Declined
from custom_components.cellwire.devices.icharger import patience
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.models import MODELS, Model
from custom_components.cellwire.devices.icharger.system import DX, OLD_DUO, Block, X, block_of
from custom_components.cellwire.links.hid import HidLink
from tests.bench.hid_port import HidPort
from tests.bench.icharger import SimulatedCharger

from .conftest import MakeDevice, identity


@pytest.mark.parametrize(
    ("channels", "answer", "keys"),
    [
        (2, None, ["channel_1", "channel_2"]),
        (1, None, ["channel_1"]),
        # One that answers for more channels than it has says nothing of their supply.
        (2, [0] * 58, ["channel_1"]),
    ],
)
async def test_a_model_that_is_not_known_has_as_many_channels_as_it_shows(
    make_device: MakeDevice, channels: int, answer: list[int] | None, keys: list[str]
) -> None:
    charger = SimulatedCharger("DX8" if channels == 2 else "X8")
    device = make_device(charger)
    # By its name it would have one of them.
    device.wires.link.product = "Junsi X16 USB HID"
    if answer:
        charger.channels[1].registers = lambda: answer  # type: ignore[method-assign]
    await device.start()
    assert list(device.units) == ["charger", *keys]
    assert device.units["charger"].model == "iCharger X16"
    assert list(await device.read()) == ["charger", *keys]


async def test_a_charger_that_is_too_busy_to_say_how_many_channels_it_has(
    usb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BUSY_PAUSE", 0.0)
    charger = SimulatedCharger("DX8")
    charger.refusals = {0x200: 6}
    port = HidPort(usb, "Junsi X16 USB HID", charger.serial, charger)
    await port.plug()
    device = ChargerDevice(HidLink(f"hid://{charger.serial}"), identity())
    # It is not taken for one with a single channel.
    with pytest.raises(Declined):
        await device.start()
    await port.unplug()


@pytest.mark.parametrize(
    ("model", "length", "block"),
    [
        (MODELS["4010 DUO"], 118, OLD_DUO),
        (MODELS["4010 DUO"], 120, OLD_DUO),
        (MODELS["X8"], 156, X),
        (MODELS["DX8"], 180, DX),
        # A length that is not known, and those of other layouts.
        (MODELS["X6"], 152, None),
        (MODELS["S6"], 118, None),
        (MODELS["4010 DUO"], 156, None),
        (MODELS["X8"], 180, None),
        (Model(None, None), 118, None),
    ],
)
def test_the_layout_of_settings_follows_from_model_and_length(
    model: Model, length: int, block: Block | None
) -> None:
    assert block_of(model, length) is block


@pytest.mark.parametrize(("length", "chemistry"), [(192, "lto"), (173, None), (170, "lto")])
async def test_the_chemistry_of_a_preset_too(
    make_device: MakeDevice, length: int, chemistry: str | None
) -> None:
    charger = SimulatedCharger("X8")
    # The fifth chemistry is LTO here, and NiCd where presets are shorter.
    image = charger.memory.presets[7].flash
    image[30] = image[30] & 0xFF | 4 << 8
    info = charger.info()
    charger.info = lambda: [*info[:10], length, *info[11:]]  # type: ignore[method-assign]
    device = make_device(charger)
    device.wires.link.product = charger.product
    await device.start()
    (preset,) = [each for each in await device.programs.get_presets() if each["slot"] == 7]
    assert preset["chemistry"] == chemistry
