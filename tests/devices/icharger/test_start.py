"""Starting and stopping a program, and every reason not to."""

import asyncio
import time

import pytest

from custom_components.cellwire.devices.device import Event
from custom_components.cellwire.devices.errors import (
    NoAnswer,
    OtherDevice,
    WrongIdentity,
)
from custom_components.cellwire.devices.icharger import commands
from custom_components.cellwire.devices.icharger.operations import check_start
from custom_components.cellwire.devices.model import Status
from tests.bench import faults
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire
from tests.waiting import until

from .conftest import Cut, Ready, quick, refused, to_orders, wish

RUN = 1
FIRST = "channel_1"


async def test_a_start_is_one_write_and_is_followed(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "discharge")
    await device.apply(FIRST, "start", None)
    # The slot to read, then what starts it.
    assert charger.written == [(0x8001, [7]), (0x8000, [2, 7, 0, 0x55AA, 1])]
    assert charger.channels[0].run_status == 13
    assert (await device.read())[FIRST].status in (Status.DISCHARGING, Status.PREPARING)
    assert charger.memory.commits == 0


@pytest.mark.parametrize(
    ("preset", "operation", "number"),
    [
        ("NiMH", "charge", 0),
        ("NiMH", "discharge", 1),
        ("NiMH", "cycle", 2),
        ("LiPo 15", "charge", 0),
        ("LiPo 15", "storage", 1),
        ("LiPo 15", "cycle", 3),
        ("LiPo 15", "balance", 4),
    ],
)
async def test_the_number_depends_on_the_chemistry(
    ready: Ready, preset: str, operation: str, number: int
) -> None:
    charger = quick()
    nickel = preset == "NiMH"
    chemistry = "nimh" if nickel else "lipo"
    charger.plug(2, Pack([0.5, 0.6, 0.5], chemistry=chemistry, balance=not nickel, capacity=50))
    device = await ready(charger)
    await wish(device, "channel_2", preset, operation)
    await device.apply("channel_2", "start", None)
    assert charger.written[-1][1][:3] == [number, charger.memory.selected, 1]
    # A storage program may be over at once.
    assert charger.channels[1].run_status in (7, 13, 17, 40)


async def test_newer_models_start_too(ready: Ready) -> None:
    charger = quick("X8")
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    await device.apply(FIRST, "start", None)
    assert charger.channels[0].runs


async def test_nothing_is_started_that_was_not_chosen(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    with refused("no_preset"):
        await device.apply(FIRST, "start", None)
    await device.apply(FIRST, "preset", "LiPo 15")
    with refused("no_operation"):
        await device.apply(FIRST, "start", None)
    assert charger.writes == 0


async def test_a_channel_that_runs_or_shows_a_screen(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.start(1, "charge", slot=7)
    with refused("busy"):
        await device.apply(FIRST, "start", None)
    for run_status in (1, 40, 41):
        charger.channels[0].stop()
        charger.channels[0].run_status = run_status
        with refused("needs_stop"):
            await device.apply(FIRST, "start", None)
    assert charger.writes == 0


async def test_the_other_channel_shows_an_error(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.channels[1].fail(0x1D00)
    with refused("other_channel_error"):
        await device.apply(FIRST, "start", None)
    assert charger.writes == 0
    # That it is done, or runs, is no reason.
    charger.channels[1].stop()
    charger.start(2, "charge")
    await device.apply(FIRST, "start", None)


async def test_a_preset_that_was_changed_at_the_panel(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    image = charger.memory.presets[7].flash
    before = list(image)
    for register, value in ((49, 2000), (50, 100), (40, 4350), (33, 1)):
        image[register] = value
        with refused("preset_changed"):
            await device.apply(FIRST, "start", None)
        image[:] = before
    # Nor is one started that is no longer in the list, or whose slot is empty.
    image[0] = 0xFFFF
    with refused("preset_empty"):
        await device.apply(FIRST, "start", None)
    image[0] = before[0]
    charger.memory.head.flash[0] = 1
    with refused("preset_changed"):
        await device.apply(FIRST, "start", None)
    assert charger.orders == []


@pytest.mark.parametrize(
    ("model", "changes", "reason"),
    [
        # Both outputs in parallel.
        ("4010 DUO", {27: 0x01FF}, "preset_synchronous"),
        # The most that this one can do are 40 A, and 10 cells.
        ("4010 DUO", {49: 4100}, "preset_beyond_model"),
        ("4010 DUO", {50: 4100}, "preset_beyond_model"),
        ("4010 DUO", {31: 11}, "preset_beyond_model"),
        ("4010 DUO", {30: 0x4D01}, "preset_unknown"),
        ("X8", {30: 0x0A01}, "preset_uncertain"),
    ],
)
async def test_presets_that_must_not_be_started(
    ready: Ready, model: str, changes: dict[int, int], reason: str
) -> None:
    charger = quick(model)
    for register, value in changes.items():
        charger.memory.presets[7].flash[register] = value
    device = await ready(charger)
    await device.apply(FIRST, "preset", "LiPo 15")
    device.changes.wishes[FIRST].operation = "charge"
    with refused(reason):
        await device.apply(FIRST, "start", None)
    assert charger.orders == []


async def test_a_preset_of_unknown_length_or_without_the_operation(ready: Ready) -> None:
    device = await ready(quick())
    preset = device.stored.presets[1]
    for operation, length, reason in (
        ("charge", 170, "preset_unknown"),
        ("charge", 192, "preset_unknown"),
        ("foam_cut", 173, "operation_not_offered"),
    ):
        with refused(reason):
            check_start("start", preset, operation, device.conversation.model, length)
    check_start("start", preset, "charge", device.conversation.model, 173)


@pytest.mark.parametrize(
    ("pack", "detail"),
    [
        (Pack([0.5] * 4, balance=False), "3000, balance lead missing"),
        (Pack([0.5] * 4, main=False), "2003, output connection"),
    ],
)
async def test_a_start_that_ends_in_the_checks(ready: Ready, pack: Pack, detail: str) -> None:
    charger = quick(speed=20.0)
    charger.plug(1, pack)
    device = await ready(charger)
    events: list[Event] = []
    device.on_event(events.append)
    await wish(device, FIRST, "LiPo 15", "charge")
    with refused("charger_error", detail):
        await device.apply(FIRST, "start", None)
    assert [event.kind for event in events] == ["started", "error"]
    assert events[1].data["code"] == detail[:4]
    assert events[1].data["operation"] == "charge"


async def test_an_error_bit_at_once(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.channels[0].checked = -1.0
    charger.plug(1, None)
    with refused("charger_error"):
        await device.apply(FIRST, "start", None)


async def test_stopped_at_the_panel_during_the_checks(ready: Ready) -> None:
    charger = quick(speed=1.0)
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    starting = asyncio.create_task(device.apply(FIRST, "start", None))
    await asyncio.sleep(0.2)
    charger.stop(1)
    with refused("not_taken", "stopped"):
        await starting


async def test_checks_that_take_too_long_are_left_alone(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "CHECKED_WITHIN", 0.1)
    charger = quick(speed=1.0)
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    await device.apply(FIRST, "start", None)
    assert charger.channels[0].run_status == 5


async def test_a_start_that_ends_while_it_is_looked_for(ready: Ready) -> None:
    charger = quick()
    charger.plug(1, Pack([0.5] * 4))
    device = await ready(charger)
    # Nothing to balance: done as soon as the checks are over.
    await wish(device, FIRST, "LiPo 15", "balance")
    await device.apply(FIRST, "start", None)
    assert charger.channels[0].run_status == 40


async def test_acknowledged_but_not_applied(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.ignored = {RUN}
    with refused("not_taken", "idle"):
        await device.apply(FIRST, "start", None)
    assert charger.orders == [RUN]


async def test_applied_but_not_acknowledged(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.fault = to_orders(faults.silent)
    await device.apply(FIRST, "start", None)
    assert charger.orders == [RUN]
    assert charger.channels[0].runs


async def test_a_lost_start_is_not_repeated(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.ignored = {RUN}
    charger.fault = to_orders(faults.silent)
    with refused("not_taken", "idle"):
        await device.apply(FIRST, "start", None)
    assert charger.orders == [RUN]


@pytest.mark.parametrize("code", [3, 6])
async def test_a_start_that_the_charger_declines(ready: Ready, code: int) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.declined = {RUN: code}
    begin = time.monotonic()
    with refused("not_taken", "idle"):
        await device.apply(FIRST, "start", None)
    # The library would ask a busy one for a minute.
    assert time.monotonic() - begin < 1
    assert not charger.channels[0].runs


async def test_the_link_is_lost_behind_the_start(pty: PtyWire, ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.fault = to_orders(Cut(pty))
    with refused("unknown_state"):
        await device.apply(FIRST, "start", None)
    assert charger.orders == [RUN]


@pytest.mark.parametrize("silent", [True, False])
async def test_the_link_is_lost_during_the_checks(
    pty: PtyWire, ready: Ready, monkeypatch: pytest.MonkeyPatch, *, silent: bool
) -> None:
    monkeypatch.setattr(commands, "CHECKED_WITHIN", 0.3)
    charger = quick(speed=1.0)
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    starting = asyncio.create_task(device.apply(FIRST, "start", None))
    await until(lambda: bool(charger.orders))
    await asyncio.sleep(0.1)
    charger.fault = faults.silent if silent else Cut(pty)
    with refused("unknown_state", "idle before"):
        await starting


async def test_both_channels_at_once(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    await wish(device, "channel_2", "LiPo (8)", "discharge")
    await asyncio.gather(
        device.apply(FIRST, "start", None), device.apply("channel_2", "start", None)
    )
    assert [values for address, values in charger.written if address == 0x8000] == [
        [0, 7, 0, 0x55AA, 1],
        [2, 8, 1, 0x55AA, 1],
    ]
    assert [channel.run_status for channel in charger.channels] == [7, 13]
    await asyncio.gather(device.apply(FIRST, "stop", None), device.apply("channel_2", "stop", None))
    assert [channel.run_status for channel in charger.channels] == [0, 0]


async def test_a_program_can_be_stopped_during_its_checks(ready: Ready) -> None:
    charger = quick(speed=1.0)
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    starting = asyncio.create_task(device.apply(FIRST, "start", None))
    await until(lambda: charger.channels[0].runs)
    await device.apply(FIRST, "stop", None)
    with refused("not_taken", "idle"):
        await starting
    assert charger.channels[0].run_status == 0


async def test_another_charger_is_not_started(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.serial = "2510118006"
    with pytest.raises(WrongIdentity):
        await device.apply(FIRST, "start", None)
    charger.serial = "1504308022"
    info = charger.info()
    charger.info = lambda: [*info[:7], 2200, *info[8:]]  # type: ignore[method-assign]
    with pytest.raises(OtherDevice):
        await device.apply(FIRST, "stop", None)
    assert charger.writes == 0


async def test_a_charger_that_is_silent_before_anything_is_written(ready: Ready) -> None:
    charger = quick()
    device = await ready(charger)
    await wish(device, FIRST, "LiPo 15", "charge")
    charger.fault = faults.silent
    for key in ("start", "stop"):
        with pytest.raises(NoAnswer):
            await device.apply(FIRST, key, None)
    assert charger.writes == 0
