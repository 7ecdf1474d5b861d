"""What is told of programs that begin and end, whoever started them."""

import asyncio

import pytest

from custom_components.cellwire.devices.device import Event
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.events import EVENTS, RunWatch
from custom_components.cellwire.devices.model import Reading
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire
from tests.waiting import until

from .conftest import MakeDevice, Ready, quick, wish

IDLE, STOPPED, CHARGE, DONE, FAILED = 0, 1, 7, 40, 41


def reading(run: int, time: float | None = 90.0) -> Reading:
    return Reading(
        at=0.0,
        program_time=time,
        error="cell_count" if run == FAILED else "no_error",
        values={"program_charge": 1.5, "error_code": "2600"},
        raw={"run_status": run},
    )


@pytest.mark.parametrize(
    ("runs", "kinds"),
    [
        # What is seen first is no news.
        ([CHARGE], []),
        ([DONE, DONE], []),
        ([IDLE, 5, 6, CHARGE, 13, CHARGE, DONE, IDLE], ["started", "done"]),
        ([IDLE, CHARGE, STOPPED, IDLE], ["started", "stopped"]),
        # Nobody saw the screens behind it.
        ([CHARGE, IDLE], ["stopped"]),
        ([CHARGE, FAILED, IDLE, CHARGE], ["error", "started"]),
        ([IDLE, DONE], ["done"]),
        ([DONE, CHARGE], ["started"]),
    ],
)
def test_changes_of_the_run_status(runs: list[int], kinds: list[str]) -> None:
    watch = RunWatch("channel_1")
    seen = [watch.see(reading(run)) for run in runs]
    assert [event.kind for event in seen if event] == kinds
    assert set(kinds) <= set(EVENTS)


def test_what_is_told() -> None:
    watch = RunWatch("channel_2")
    watch.see(reading(IDLE))
    watch.origin = {"preset": "LiPo", "operation": "charge"}
    started = watch.see(reading(CHARGE))
    failed = watch.see(reading(FAILED))
    watch.see(reading(CHARGE))
    watch.cause = "limit_time"
    stopped = watch.see(reading(IDLE, None))
    told = [event.data for event in (started, failed, stopped) if event]
    assert told == [
        {"preset": "LiPo", "operation": "charge"},
        {
            "preset": "LiPo",
            "operation": "charge",
            "charge": 1.5,
            "minutes": 1.5,
            "error": "cell_count",
            "code": "2600",
        },
        # Started at the panel: it is not known what it was.
        {"charge": 1.5, "reason": "limit_time"},
    ]
    assert stopped
    assert (stopped.unit, stopped.kind) == ("channel_2", "supervised_stop")


@pytest.fixture
def heard() -> list[Event]:
    return []


async def listening(device: ChargerDevice, heard: list[Event]) -> ChargerDevice:
    device.on_event(heard.append)
    return device


async def test_a_program_of_the_panel(make_device: MakeDevice, heard: list[Event]) -> None:
    charger = SimulatedCharger()
    charger.plug(2, Pack([0.5] * 4))
    device = await listening(make_device(charger), heard)
    await device.start()
    await device.read()
    charger.start(2, "charge")
    for _ in range(3):
        charger.advance(10)
        await device.read()
    charger.stop(2)
    await device.read()
    assert [(event.unit, event.kind) for event in heard] == [
        ("channel_2", "started"),
        ("channel_2", "stopped"),
    ]
    assert "operation" not in heard[0].data
    assert all(event.kind in device.units[event.unit].events for event in heard)
    assert charger.writes == 0


async def test_what_ran_at_start_up_is_no_news(make_device: MakeDevice, heard: list[Event]) -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4))
    charger.start(1, "charge")
    device = await listening(make_device(charger), heard)
    await device.start()
    charger.advance(10)
    await device.read()
    assert heard == []
    charger.channels[0].fail(0x1D00)
    await device.read()
    assert [event.kind for event in heard] == ["error"]
    assert heard[0].data["error"] == "balance_lead_unwanted"
    assert heard[0].data["code"] == "2900"


async def test_what_happened_while_the_link_was_lost(
    pty: PtyWire, make_device: MakeDevice, heard: list[Event]
) -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4))
    device = await listening(make_device(charger), heard)
    await device.start()
    charger.start(1, "charge")
    await device.read()
    await pty.unplug()
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the system says
        await device.read()
    charger.channels[0].run_status = DONE
    await pty.plug()
    for _ in range(100):
        try:
            await device.read()
        except Exception:  # noqa: BLE001
            await asyncio.sleep(0.02)
        else:
            break
    assert [event.kind for event in heard] == ["done"]


async def test_another_firmware_begins_anew(make_device: MakeDevice, heard: list[Event]) -> None:
    charger = SimulatedCharger()
    device = await listening(make_device(charger), heard)
    await device.start()
    await device.read()
    info = charger.info()
    charger.info = lambda: [*info[:7], 2200, *info[8:]]  # type: ignore[method-assign]
    charger.channels[0].run_status = CHARGE
    await device.read()
    assert heard == []


async def test_what_was_started_from_here_is_told_once(ready: Ready, heard: list[Event]) -> None:
    charger = quick()
    device = await listening(await ready(charger), heard)
    await wish(device, "channel_1", "LiPo 15", "charge")
    await device.apply("channel_1", "start", None)
    await device.read()
    await device.apply("channel_1", "stop", None)
    await until(lambda: len(heard) == 2)
    assert [event.kind for event in heard] == ["started", "stopped"]
    for event in heard:
        assert event.data["operation"] == "charge"
        assert event.data["preset"] == "LiPo 15"


async def test_a_start_that_was_not_taken_leaves_no_trace(ready: Ready, heard: list[Event]) -> None:
    charger = quick()
    device = await listening(await ready(charger), heard)
    await wish(device, "channel_1", "LiPo 15", "charge")
    charger.ignored = {1}
    with pytest.raises(Exception, match="refused_not_taken"):
        await device.apply("channel_1", "start", None)
    charger.start(1, "discharge")
    await device.read()
    assert [(event.kind, dict(event.data)) for event in heard] == [("started", {})]
