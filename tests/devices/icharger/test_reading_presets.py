"""Presets are read because a person asks; nothing else ever writes."""

import asyncio

import pytest

from custom_components.cellwire.devices.errors import Declined, NoAnswer, Refused
from custom_components.cellwire.links.registers import RegisterLink
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack

from .conftest import MakeDevice

LISTED = [0, 7, 8, 1, 2, 3, 4, 5, 6]


async def test_presets_in_the_order_of_the_charger(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    await device.read()
    assert charger.writes == 0
    presets = await device.programs.get_presets()
    assert [preset["slot"] for preset in presets] == LISTED
    assert [preset["name"] for preset in presets][:3] == ["LiPo", "LiPo 15", "LiPo"]
    assert [preset["chemistry"] for preset in presets][3:] == [
        "li_ion",
        "life",
        "nimh",
        "nicd",
        "pb",
        "nizn",
    ]
    assert [preset.slot for preset in device.stored.presets] == LISTED
    # One write for each, of the slot and nothing else.
    assert charger.writes == len(LISTED)
    assert charger.orders == []
    assert charger.memory.commits == 0
    await device.read()
    assert charger.writes == len(LISTED)


async def test_a_reading_may_wait_until_all_presets_were_read(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    many = device.reading_time
    charger.memory.head.flash[0] = 2
    await device.programs.get_presets()
    assert device.reading_time < many


@pytest.mark.parametrize("model", ["X8", "DX8", "308 DUO"])
async def test_presets_of_other_models(make_device: MakeDevice, model: str) -> None:
    charger = SimulatedCharger(model)
    device = make_device(charger)
    await device.start()
    presets = await device.programs.get_presets()
    assert [preset["chemistry"] for preset in presets][-4:] == ["nimh", "nicd", "pb", "nizn"]


async def test_what_was_changed_at_the_panel_is_read_anew(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.memory.system.flash[2] = 450
    charger.memory.head.flash[0] = 2
    assert [preset["slot"] for preset in await device.programs.get_presets()] == [0, 7]
    values = (await device.read())["charger"].values
    assert (values["fan_on_temperature"], values["presets"]) == (45.0, 2)


async def test_an_empty_slot_in_the_list_is_left_out(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    charger.memory.presets[7].flash[0] = 0xFFFF
    device = make_device(charger)
    await device.start()
    assert 7 not in [preset["slot"] for preset in await device.programs.get_presets()]


@pytest.mark.parametrize("channel", [1, 2])
async def test_refused_while_a_program_runs(make_device: MakeDevice, channel: int) -> None:
    charger = SimulatedCharger()
    charger.plug(channel, Pack([0.5] * 4))
    device = make_device(charger)
    await device.start()
    charger.start(channel, "charge")
    with pytest.raises(Refused) as caught:
        await device.programs.get_presets()
    assert caught.value.key == "refused_busy"
    assert charger.writes == 0
    # STOPS, and what waits for somebody to look, are no programs.
    charger.stop(channel)
    assert len(await device.programs.get_presets()) == 9


async def test_no_poll_comes_in_between(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    presets, readings = await asyncio.gather(device.programs.get_presets(), device.read())
    assert (len(presets), len(readings)) == (9, 3)


async def test_a_lost_answer_does_not_end_it(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.fault = faults.once(faults.silent)
    assert len(await device.programs.get_presets()) == 9


async def test_what_could_not_be_read_anew_is_as_it_was(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.fault = faults.in_turn(*[faults.none] * 5, *[faults.silent] * 5)
    with pytest.raises(NoAnswer):
        await device.programs.get_presets()
    assert (await device.read())["charger"].values["presets"] == 9
    assert charger.writes == 0


async def test_a_charger_that_declines(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    charger.refusals = {0x8C00: 2}
    with pytest.raises(Declined):
        await device.programs.get_presets()
    assert device.stored.presets == ()
    assert len(await device.read()) == 3


async def test_not_before_it_was_greeted_nor_after_it_was_closed(make_device: MakeDevice) -> None:
    device = make_device(SimulatedCharger())
    with pytest.raises(NoAnswer):
        await device.programs.get_presets()
    await device.start()
    await device.close()
    with pytest.raises(NoAnswer):
        await device.programs.get_presets()
    link: RegisterLink = device.wires.link
    assert not link.is_open


async def test_the_password_of_a_preset_is_not_traced(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    image = charger.memory.presets[0].flash
    image[23:27] = [0x3100, 0x3332, 0x3534, 0xFF36]
    charger.memory.head.flash[0] = 1
    device = make_device(charger)
    await device.start()
    await device.programs.get_presets()
    traced = b"".join(entry.data for entry in device.wires.trace.entries)
    assert bytes.fromhex("33323534") not in traced
