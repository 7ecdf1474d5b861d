"""Watched programs over a restart of this side, and what closing does to them."""

from dataclasses import replace
import json
import time
from typing import Any

import pytest

from custom_components.cellwire.devices.device import Event
from custom_components.cellwire.devices.icharger import programs
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.supervisor import Program
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.devices.programs import StopConditions
from tests.bench import faults
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.wire import PtyWire

from .conftest import ALLOWED, MakeDevice, Ready, refused
from .programs import FIRST, begin, ended, pass_by


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


async def restarted(
    device: ChargerDevice, make_device: MakeDevice, charger: SimulatedCharger, **changes: Any
) -> ChargerDevice:
    """Close the device and make another one, with what is kept of the program."""
    state = device.programs.state(FIRST)
    assert state
    await device.close()
    again = make_device(charger)
    again.settings = ALLOWED
    again.programs.resume(FIRST, json.loads(json.dumps({**state, **changes})))
    await again.start()
    return again


async def test_a_restart_finds_it_again(
    make_device: MakeDevice, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await begin(device, charger, StopConditions(minutes=1))
    await pass_by(device, charger, 1)
    # Default: it goes on.
    again = await restarted(device, make_device, charger)
    assert charger.channels[0].runs
    before = charger.writes
    await again.read()
    assert charger.writes == before
    await pass_by(again, charger, 2)
    assert ended(again) == "limit_time"
    assert charger.channels[0].run_status == 0


@pytest.mark.parametrize(
    ("changes", "run_status", "reason"),
    [
        # Ten minutes have passed, but not for the program.
        ({"seen_at": -600.0}, None, "lost"),
        # It runs for longer than it can.
        ({"program_time": -600.0}, None, "lost"),
        ({}, 40, "done"),
        ({}, 41, "error"),
        ({}, 1, "stopped"),
        ({}, 0, "lost"),
    ],
)
async def test_a_restart_finds_something_else(
    make_device: MakeDevice,
    charger: SimulatedCharger,
    device: ChargerDevice,
    changes: dict[str, float],
    run_status: int | None,
    reason: str,
) -> None:
    await begin(device, charger, StopConditions(minutes=1))
    await pass_by(device, charger, 1)
    state = device.programs.state(FIRST)
    assert state
    shifted = {key: float(state[key] or 0) + shift for key, shift in changes.items()}
    if run_status is not None:
        charger.channels[0].run_status = run_status
    before = charger.writes
    again = await restarted(device, make_device, charger, **shifted)
    events: list[Event] = []
    again.on_event(events.append)
    await again.read()
    assert ended(again) == reason
    # Nobody saw it happen, but everybody hears of it.
    assert [event.data["reason"] for event in events] == [reason]
    assert events[0].kind == ("stopped" if reason == "lost" else reason)
    assert charger.writes == before


async def test_an_ended_program_stays_ended(
    make_device: MakeDevice, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await begin(device, charger)
    await device.programs.stop(FIRST)
    await device.read()
    again = await restarted(device, make_device, charger)
    charger.start(1, "charge")
    await again.read()
    assert ended(again) == "stopped"


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"slot": "7"},
        {"minutes": True},
        {"program_time": None},
    ],
)
async def test_a_state_that_is_none(
    charger: SimulatedCharger, device: ChargerDevice, state: dict[str, Value]
) -> None:
    whole = Program(slot=7, preset="LiPo", operation="charge").state()
    with refused("not_a_choice"):
        device.programs.resume(FIRST, {**whole, **state} if state else {})
    assert device.programs.state(FIRST) is None


def test_a_state_is_whole() -> None:
    one = Program(
        slot=7, preset="LiPo", operation="charge", stop_at=StopConditions(mah=3), ended="done"
    )
    other = Program.from_state(one.state())
    assert other.at == pytest.approx(one.at, abs=0.1)
    other.at = one.at
    assert other == one


async def test_closing_stops_it_if_asked_to(
    charger: SimulatedCharger, device: ChargerDevice
) -> None:
    device.settings = replace(ALLOWED, stop_on_unload=True)
    await begin(device, charger)
    charger.start(2, "charge")
    await device.close()
    # Only what is watched.
    assert [channel.run_status for channel in charger.channels] == [0, 5]
    assert ended(device) == "stopped"
    await device.close()


async def test_closing_stops_nothing_that_was_not_seen(
    make_device: MakeDevice, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await begin(device, charger)
    again = await restarted(device, make_device, charger)
    again.settings = replace(ALLOWED, stop_on_unload=True)
    await again.close()
    assert charger.channels[0].runs


async def test_closing_does_not_wait_for_ever(
    charger: SimulatedCharger,
    device: ChargerDevice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(programs, "STOP_TIMEOUT", 0.05)
    device.settings = replace(ALLOWED, stop_on_unload=True)
    await begin(device, charger)
    await pass_by(device, charger, 1)
    charger.fault = faults.silent
    begun = time.monotonic()
    await device.close()
    assert time.monotonic() - begun < 1
    assert "could not be stopped before closing" in caplog.text


async def test_closing_behind_a_lost_link(
    pty: PtyWire,
    charger: SimulatedCharger,
    device: ChargerDevice,
    caplog: pytest.LogCaptureFixture,
) -> None:
    device.settings = replace(ALLOWED, stop_on_unload=True)
    await begin(device, charger)
    await pass_by(device, charger, 1)
    await pty.unplug()
    await device.close()
    assert "could not be stopped before closing" in caplog.text
