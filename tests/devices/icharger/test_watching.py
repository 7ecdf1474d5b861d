"""A watched program is looked at by a clock of its own: nobody has to read the charger."""

import asyncio
from collections.abc import Callable
import logging

import pytest

from custom_components.cellwire.devices.device import Event, Readings, Settings
from custom_components.cellwire.devices.icharger import programs, supervisor
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.supervisor import Program
from custom_components.cellwire.devices.programs import WATCH_INTERVAL, StopConditions, Trouble
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire
from tests.waiting import until

from .conftest import ALLOWED, Cut, MakeDevice, Ready, refused
from .programs import FIRST, NEVER, SECOND, begin, ended

FAST = 0.05
# A leap of the charger that is no longer than one program may be from another (30 s).
SHORT = StopConditions(minutes=0.3)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "WATCH_INTERVAL", FAST)


@pytest.fixture
async def charger() -> SimulatedCharger:
    """A charger without a clock: each test lets time pass."""
    charger = SimulatedCharger()
    for channel in (1, 2):
        charger.plug(channel, Pack([0.5] * 4, capacity=1.0))
        charger.channels[channel - 1].checked = 0.0
    return charger


@pytest.fixture
async def device(ready: Ready, charger: SimulatedCharger) -> ChargerDevice:
    return await ready(charger)


@pytest.fixture
def events(device: ChargerDevice) -> list[Event]:
    heard: list[Event] = []
    device.on_event(heard.append)
    return heard


def told(events: list[Event]) -> list[tuple[str, object]]:
    return [(event.kind, event.data.get("reason")) for event in events]


def counted(device: ChargerDevice) -> Callable[[], int]:
    """Count the readings that are reported."""
    readings: list[Readings] = []
    device.on_reading(readings.append)
    return lambda: len(readings)


def test_it_is_looked_at_every_five_seconds() -> None:
    assert WATCH_INTERVAL <= 5.0


async def test_a_limit_is_kept_though_nobody_reads(
    charger: SimulatedCharger, device: ChargerDevice, events: list[Event]
) -> None:
    hurries: list[int] = []
    readings = counted(device)
    await begin(device, charger, SHORT)
    device.on_change(lambda: hurries.append(1))
    assert list(device.programs.watched) == [FIRST]
    await until(lambda: readings() >= 2)
    assert charger.channels[0].runs
    charger.advance(20)
    await until(lambda: not charger.channels[0].runs)
    await until(lambda: ended(device) == "limit_time")
    assert told(events) == [("started", None), ("supervised_stop", "limit_time")]
    # Whoever shows it is told to look.
    assert hurries


async def test_nobody_looks_when_nothing_is_watched(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    readings = counted(device)
    await asyncio.sleep(3 * FAST)
    assert readings() == 0
    await begin(device, charger)
    await until(lambda: readings() > 0)
    await device.programs.stop(FIRST)
    await until(lambda: not device.programs.watched)
    assert ended(device) == "stopped"
    seen = readings()
    await asyncio.sleep(3 * FAST)
    assert readings() == seen


async def test_what_happens_between_two_polls_is_told_of(
    charger: SimulatedCharger, device: ChargerDevice, events: list[Event]
) -> None:
    await begin(device, charger)
    hurries: list[int] = []
    device.on_change(lambda: hurries.append(1))
    charger.channels[0].run_status = 40
    await until(lambda: ended(device) == "done")
    await until(lambda: bool(hurries))
    assert told(events)[-1] == ("done", None)


async def test_polls_are_looks_too(
    ready: Ready, charger: SimulatedCharger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "WATCH_INTERVAL", 0.5)
    device = await ready(charger)
    readings = counted(device)
    await begin(device, charger)
    for _ in range(8):
        await asyncio.sleep(0.1)
        await device.read()
    assert readings() == 8


async def test_it_can_not_be_stopped_and_then_it_can(
    charger: SimulatedCharger,
    device: ChargerDevice,
    events: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await begin(device, charger, SHORT)
    charger.ignored = {0}
    charger.advance(20)
    await until(lambda: device.programs.troubles == {FIRST: Trouble.NOT_STOPPED})
    tried = charger.orders.count(0)
    await until(lambda: charger.orders.count(0) > 3 * tried)
    charger.ignored = set()
    await until(lambda: ended(device) == "limit_time")
    assert device.programs.troubles == {}
    assert told(events) == [
        ("started", None),
        ("supervision_failed", "not_stopped"),
        ("supervised_stop", "limit_time"),
    ]
    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "can't be stopped" in errors[0].message


async def test_a_limit_that_was_reached_once_is_reached(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    pack = Pack([0.5] * 4, capacity=1.0)
    charger.plug(1, pack)
    await begin(device, charger, StopConditions(cell_voltage=3.85))
    charger.ignored = {0}
    charger.advance(20)
    await until(lambda: device.programs.troubles == {FIRST: Trouble.NOT_STOPPED})
    # The charger takes the current back, and the cells fall below the limit.
    for cell in pack.cells:
        cell.soc = 0.3
    charger.channels[0].current = 0.0
    await device.read()
    charger.ignored = set()
    await until(lambda: ended(device) == "limit_cell_voltage")


async def test_without_leave_it_is_told_that_it_can_not_be_stopped(
    charger: SimulatedCharger, device: ChargerDevice, events: list[Event]
) -> None:
    await begin(device, charger, SHORT)
    device.settings = Settings()
    before = charger.writes
    charger.advance(20)
    await until(lambda: device.programs.troubles == {FIRST: Trouble.NOT_STOPPED})
    assert told(events)[-1] == ("supervision_failed", "not_stopped")
    assert charger.writes == before


async def test_it_can_not_be_looked_at_and_then_it_can(
    charger: SimulatedCharger,
    device: ChargerDevice,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(supervisor, "UNWATCHED", 0.5)
    await begin(device, charger, SHORT)
    charger.fault = faults.silent
    await until(lambda: device.programs.troubles == {FIRST: Trouble.NOT_READ})
    await until(lambda: told(events)[-1] == ("supervision_failed", "not_read"))
    charger.advance(20)
    charger.fault = faults.none
    await until(lambda: ended(device) == "limit_time")
    assert device.programs.troubles == {}
    assert [each.levelno for each in caplog.records].count(logging.ERROR) == 1


async def test_a_link_that_comes_back_is_used_again(
    pty: PtyWire, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await begin(device, charger, SHORT)
    await pty.unplug()
    await asyncio.sleep(3 * FAST)
    charger.advance(20)
    await pty.plug()
    await until(lambda: ended(device) == "limit_time", seconds=10)


async def test_a_link_that_is_lost_before_it_can_be_stopped(
    pty: PtyWire, charger: SimulatedCharger, device: ChargerDevice, events: list[Event]
) -> None:
    await begin(device, charger, SHORT)
    async with device.lock:
        charger.advance(20)
        # Five answers are a poll; the next one would be to the question what is to be stopped.
        charger.fault = faults.in_turn(*[faults.none] * 5, forever=Cut(pty))
    await until(lambda: told(events)[-1] == ("supervision_failed", "not_stopped"))
    assert charger.channels[0].runs
    charger.fault = faults.none
    await pty.plug()
    await until(lambda: ended(device) == "limit_time", seconds=10)


async def test_a_watched_channel_is_asked_for_each_time(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await begin(device, charger, SHORT)
    charger.refusals = {0x100: 4}
    for _ in range(6):
        await device.read()
    # One that is only shown would be asked less and less often by now.
    charger.refusals = {}
    charger.advance(20)
    assert FIRST in await device.read()
    assert ended(device) == "limit_time"


async def test_closing_ends_it_and_says_what_goes_on(
    charger: SimulatedCharger, device: ChargerDevice, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(device, charger, SHORT)
    waiting = asyncio.create_task(device.programs.until_end(FIRST))
    await device.close()
    state = await asyncio.wait_for(waiting, 1)
    assert state["ended"] is None
    assert "Nobody watches the program of preset LiPo 15 on channel_1 any more" in caplog.text
    assert charger.channels[0].runs
    readings = counted(device)
    charger.advance(20)
    await asyncio.sleep(3 * FAST)
    assert readings() == 0
    assert charger.channels[0].runs
    # It is known after a restart.
    assert device.memory()["programs"].keys() == {FIRST}


async def test_closing_stops_each_though_one_can_not_be(
    charger: SimulatedCharger, device: ChargerDevice, caplog: pytest.LogCaptureFixture
) -> None:
    device.settings = Settings(allow_control=True, stop_on_unload=True)
    await begin(device, charger)
    await device.programs.start(SECOND, "LiPo 15", "charge", NEVER)
    stop = charger.channels[0].stop
    charger.channels[0].stop = lambda: None  # type: ignore[method-assign]
    await device.close()
    charger.channels[0].stop = stop  # type: ignore[method-assign]
    assert charger.channels[0].runs
    assert not charger.channels[1].runs
    assert "The program on channel_1 could not be stopped before closing" in caplog.text
    assert "Nobody watches the program of preset LiPo 15 on channel_1" in caplog.text


async def test_a_channel_that_is_gone_is_not_watched(
    charger: SimulatedCharger, device: ChargerDevice, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(device, charger, SHORT)
    device.forget(SECOND)
    assert "Nobody watches" not in caplog.text
    device.forget(FIRST)
    assert "Nobody watches the program of preset LiPo 15 on channel_1" in caplog.text
    assert not device.programs.watched
    assert device.memory() == {}


async def test_the_end_of_no_program(device: ChargerDevice) -> None:
    assert await device.programs.until_end(FIRST) == {}


async def test_without_leave_it_is_watched_on_after_a_restart(
    make_device: MakeDevice, charger: SimulatedCharger
) -> None:
    device = make_device(charger)
    device.settings = Settings()
    charger.start(1, "charge")
    charger.advance(1)
    state = Program(slot=7, preset="LiPo", operation="charge", stop_at=SHORT).state()
    device.recalled = {"programs": {FIRST: dict(state)}}
    await device.start()
    device.resume()
    charger.advance(20)
    await until(lambda: device.programs.troubles == {FIRST: Trouble.NOT_STOPPED})
    assert charger.writes == 0
    device.settings = ALLOWED
    await until(lambda: ended(device) == "limit_time")


async def test_memory_as_the_version_before_wrote_it(
    make_device: MakeDevice, charger: SimulatedCharger
) -> None:
    device = make_device(charger)
    charger.start(1, "charge")
    charger.advance(1)
    state = Program(slot=7, preset="LiPo", operation="charge", stop_at=SHORT).state()
    assert state.keys() == {
        "slot",
        "preset",
        "operation",
        "minutes",
        "mah",
        "cell_voltage",
        "program_time",
        "seen_at",
        "ended",
    }
    device.recalled = {"programs": {FIRST: dict(state)}}
    with refused("not_offered"):
        device.programs.resume("charger", state)
    await device.start()
    assert device.memory() == {"programs": {FIRST: dict(state)}}
    device.resume()
    charger.advance(20)
    await until(lambda: ended(device) == "limit_time")
