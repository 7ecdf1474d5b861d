"""Programs with limits of one's own: they are watched, stopped, and found again."""

import asyncio
import logging

import pytest

from custom_components.cellwire.devices.device import Event, Settings
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.supervisor import LOST, Program, Supervisor
from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.devices.programs import StopConditions
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire

from .conftest import ALLOWED, Cut, MakeDevice, Ready, refused, to_orders
from .programs import FIRST, NEVER, SECOND, begin, ended, pass_by

PRESETS_READ = 9


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


@pytest.mark.parametrize(
    ("stop_at", "operation", "reason"),
    [
        (StopConditions(minutes=1), "charge", "limit_time"),
        (StopConditions(mah=30), "charge", "limit_capacity"),
        (StopConditions(mah=30), "discharge", "limit_capacity"),
        (StopConditions(cell_voltage=3.9), "charge", "limit_cell_voltage"),
        (StopConditions(cell_voltage=3.8), "discharge", "limit_cell_voltage"),
        (StopConditions(minutes=1, mah=900000), "storage", "limit_time"),
    ],
)
async def test_a_limit_stops_it(
    charger: SimulatedCharger,
    device: ChargerDevice,
    stop_at: StopConditions,
    operation: str,
    reason: str,
) -> None:
    heard: list[Event] = []
    device.on_event(heard.append)
    charger.plug(1, Pack([0.3 if operation == "storage" else 0.5] * 4, capacity=2.0))
    await begin(device, charger, stop_at, operation)
    assert charger.channels[0].runs
    assert ended(device) is None
    await pass_by(device, charger, 8)
    assert ended(device) == reason
    assert charger.channels[0].run_status == 0
    assert charger.orders == [1, 0, 0]
    assert [event.kind for event in heard] == ["started", "supervised_stop"]
    assert heard[1].data["reason"] == reason
    # Nothing more is written.
    before = charger.writes
    await pass_by(device, charger, 2)
    assert charger.writes == before


async def test_nothing_is_stopped_before_its_time(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await begin(device, charger, StopConditions(minutes=60, mah=5000, cell_voltage=4.3))
    before = charger.writes
    await pass_by(device, charger, 3)
    assert charger.channels[0].runs
    assert charger.writes == before


@pytest.mark.parametrize(
    ("run_status", "reason"), [(40, "done"), (41, "error"), (1, "stopped"), (0, "stopped")]
)
async def test_it_ends_by_itself(
    charger: SimulatedCharger, device: ChargerDevice, run_status: int, reason: str
) -> None:
    await begin(device, charger)
    await pass_by(device, charger, 1)
    charger.channels[0].run_status = run_status
    await device.read()
    assert ended(device) == reason


async def test_by_slot_without_reading_all_presets(
    make_device: MakeDevice, charger: SimulatedCharger
) -> None:
    device = make_device(charger)
    device.settings = ALLOWED
    await device.start()
    await begin(device, charger, preset=8)
    assert [values for _, values in charger.written] == [[8], [8], [0, 8, 0, 0x55AA, 1]]
    state = device.programs.state(FIRST)
    assert state
    assert (state["slot"], state["preset"], state["operation"]) == (8, "LiPo", "charge")


async def test_by_name_presets_are_read_first(
    make_device: MakeDevice, charger: SimulatedCharger
) -> None:
    device = make_device(charger)
    device.settings = ALLOWED
    await device.start()
    await begin(device, charger, preset="LiPo (8)")
    assert len(charger.written) == PRESETS_READ + 2
    # They are known now.
    await device.programs.stop(FIRST)
    await device.programs.start(SECOND, "LiPo (8)", "charge", NEVER)
    assert charger.orders == [1, 0, 0, 1]


@pytest.mark.parametrize("preset", ["LiPo 16", 64, -1, 9])
async def test_no_such_preset(
    charger: SimulatedCharger, device: ChargerDevice, preset: str | int
) -> None:
    with refused("no_such_preset"):
        await device.programs.start(FIRST, preset, "charge", NEVER)
    assert charger.orders == []


@pytest.mark.parametrize(
    ("stop_at", "operation", "reason"),
    [
        (StopConditions(minutes=0), "charge", "out_of_range"),
        (StopConditions(mah=-1), "charge", "out_of_range"),
        (StopConditions(cell_voltage=42), "charge", "out_of_range"),
        (StopConditions(cell_voltage=float("nan")), "charge", "out_of_range"),
        (StopConditions(cell_voltage=3.8), "storage", "cell_limit_unclear"),
        (StopConditions(cell_voltage=3.8), "cycle", "cell_limit_unclear"),
        (NEVER, "foam_cut", "operation_not_offered"),
    ],
)
async def test_limits_that_make_no_sense(
    charger: SimulatedCharger,
    device: ChargerDevice,
    stop_at: StopConditions,
    operation: str,
    reason: str,
) -> None:
    with refused(reason):
        await device.programs.start(FIRST, "LiPo 15", operation, stop_at)
    assert charger.orders == []
    assert device.programs.state(FIRST) is None


async def test_a_cell_limit_without_cells(charger: SimulatedCharger, device: ChargerDevice) -> None:
    charger.plug(1, Pack([0.5] * 4, balance=False))
    await device.read()
    await device.read()
    with refused("no_cells"):
        await begin(device, charger, StopConditions(cell_voltage=4.1))
    assert charger.writes == 0


async def test_not_without_leave_and_only_on_channels(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    for unit in ("charger", "channel_3"):
        with refused("not_offered"):
            await device.programs.start(unit, "LiPo 15", "charge", NEVER)
        with refused("not_offered"):
            await device.programs.stop(unit)
    device.settings = Settings()
    with refused("not_allowed"):
        await device.programs.start(FIRST, "LiPo 15", "charge", NEVER)
    with refused("not_allowed"):
        await device.programs.stop(FIRST)
    with refused("not_allowed"):
        await device.programs.get_presets()
    with refused("not_offered"):
        device.programs.resume("charger", {})
    assert charger.writes == 0


async def test_a_start_that_fails_is_not_watched(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.ignored = {1}
    with refused("not_taken"):
        await begin(device, charger)
    assert device.programs.state(FIRST) is None


async def test_an_error_in_the_checks_ends_it(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.plug(1, Pack([0.5] * 4, balance=False))
    with refused("charger_error"):
        await begin(device, charger)
    assert device.programs.state(FIRST) is None


async def test_what_may_run_is_watched(
    pty: PtyWire, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.fault = to_orders(Cut(pty))
    with refused("unknown_state"):
        await begin(device, charger, StopConditions(minutes=0.1))
    charger.fault = faults.none
    await pty.plug()
    for _ in range(50):
        try:
            charger.advance(5)
            await device.read()
        except Exception:  # noqa: BLE001
            await asyncio.sleep(0.02)
        if ended(device):
            break
    assert ended(device) == "limit_time"


async def test_a_stop_that_fails_is_tried_again(
    charger: SimulatedCharger, device: ChargerDevice, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(device, charger, StopConditions(minutes=0.5))
    charger.ignored = {0}
    await pass_by(device, charger, 3)
    assert "could not be stopped (limit_time)" in caplog.text
    assert ended(device) is None
    assert charger.channels[0].runs
    charger.ignored = set()
    await pass_by(device, charger, 1)
    assert ended(device) == "limit_time"


async def test_stopped_but_its_screen_stays(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await begin(device, charger, StopConditions(minutes=0.5))
    stop = charger.channels[0].stop

    def stop_once() -> None:
        stop()
        charger.ignored = {0}

    charger.channels[0].stop = stop_once  # type: ignore[method-assign]
    await pass_by(device, charger, 3)
    assert charger.channels[0].run_status == 1
    assert ended(device) == "limit_time"


async def test_another_program_is_not_taken_for_it(
    charger: SimulatedCharger, device: ChargerDevice, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(device, charger, StopConditions(minutes=10))
    for _ in range(3):
        await pass_by(device, charger, 1)
    assert device.memory()["programs"].keys() == {FIRST}
    events: list[Event] = []
    device.on_event(events.append)
    charger.stop(1)
    charger.start(1, "charge", slot=8)
    await device.read()
    assert ended(device) == "lost"
    assert "lost" in [event.data.get("reason") for event in events]
    assert not device.memory()
    assert "ended: lost" in caplog.text
    before = charger.writes
    await pass_by(device, charger, 40)
    assert charger.writes == before


def test_voltages_that_are_not_there_reach_nothing() -> None:
    empty = Reading(at=0.0, program_time=1.0, values={"program_charge": None})
    for operation in ("charge", "discharge"):
        stop_at = StopConditions(minutes=1, mah=1, cell_voltage=3.0)
        watched = Program(slot=7, preset="LiPo", operation=operation, stop_at=stop_at)
        assert watched.reached(empty) is None


def test_only_losses_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    supervisor = Supervisor()
    for reason in ("done", "lost"):
        supervisor.watch(FIRST, Program(slot=7, preset="LiPo", operation="charge"))
        supervisor.end(FIRST, reason)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert LOST == "lost"
