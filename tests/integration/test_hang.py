"""Whatever hangs or goes wrong, what was read last is not shown for ever, and all goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.cellwire.device_entry import coordinator as coordinator_module
from custom_components.cellwire.devices import mistakes
from custom_components.cellwire.devices.device import Readings
from custom_components.cellwire.devices.jk_bms import classic
from custom_components.cellwire.devices.jk_bms.classic import ClassicDevice
from tests.bench import faults
from tests.bench.jk_bms import ClassicBoard
from tests.bench.wire import PtyWire

from .conftest import AddEntry
from .steps import refresh, value

VOLTAGE = "sensor.jk_b1a24s15p_voltage"


@asynccontextmanager
async def noise(wire: PtyWire) -> AsyncIterator[None]:
    """Put a byte on a wire now and then, as a floating RX does."""

    async def put() -> None:
        while True:
            wire.put(b"\x00")
            await asyncio.sleep(0.02)

    task = asyncio.create_task(put())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def errors_of_the_coordinator(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == coordinator_module.__name__ and record.levelno == logging.ERROR
    ]


async def test_values_go_when_the_line_is_never_quiet(
    hass: HomeAssistant,
    board: ClassicBoard,
    pty: PtyWire,
    add_entry: AddEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await add_entry("classic")
    board.fault = faults.silent
    async with noise(pty), asyncio.timeout(10):
        for _ in range(2):
            await refresh(hass, entry)
            assert value(hass, VOLTAGE) == STATE_UNAVAILABLE
    (error,) = errors_of_the_coordinator(caplog)
    assert "The line is never quiet: bytes come all the time" in error
    board.fault = faults.none
    await refresh(hass, entry)
    assert value(hass, VOLTAGE) == "53.15"


async def test_a_reading_that_never_ends_is_broken_off(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await add_entry("classic")
    device: ClassicDevice = entry.runtime_data.device
    was_cancelled = asyncio.Event()

    async def hang() -> Readings:
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()
        return {}

    with monkeypatch.context() as hanging:
        hanging.setattr(ClassicDevice, "reading_time", 0.2)
        hanging.setattr(device, "poll", hang)
        for _ in range(2):
            await refresh(hass, entry)
            assert value(hass, VOLTAGE) == STATE_UNAVAILABLE
        assert was_cancelled.is_set()
    assert not device.lock.locked()
    assert not device.wires.link.is_open
    (error,) = errors_of_the_coordinator(caplog)
    assert "did not come to an end within 0 seconds" in error
    await refresh(hass, entry)
    assert value(hass, VOLTAGE) == "53.15"


async def test_a_link_that_can_not_even_be_reset_hangs_nobody(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_entry("classic")
    device: ClassicDevice = entry.runtime_data.device

    async def hang() -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as hanging:
        hanging.setattr(coordinator_module, "RESET_TIMEOUT", 0.1)
        hanging.setattr(ClassicDevice, "reading_time", 0.2)
        hanging.setattr(device, "poll", hang)
        hanging.setattr(device.wires.link, "reset", hang)
        await refresh(hass, entry)
    assert value(hass, VOLTAGE) == STATE_UNAVAILABLE
    await refresh(hass, entry)
    assert value(hass, VOLTAGE) == "53.15"


async def test_a_device_that_hangs_at_the_start_is_tried_again(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_device: ClassicDevice) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as hanging:
        hanging.setattr(ClassicDevice, "reading_time", 0.2)
        hanging.setattr(ClassicDevice, "greet", hang)
        entry = await add_entry("classic")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason is not None
    assert "did not come to an end" in entry.reason
    await hass.config_entries.async_reload(entry.entry_id)
    assert value(hass, VOLTAGE) == "53.15"


async def test_a_timeout_that_nobody_foresaw_is_a_mistake(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_entry("classic")

    async def fail() -> Readings:
        raise TimeoutError

    monkeypatch.setattr(entry.runtime_data.device, "read", fail)
    await refresh(hass, entry)
    assert entry.runtime_data.last_exception.translation_key == "unforeseen"


def fail(*_: object, **__: object) -> Any:
    raise KeyError("nobody foresaw this")


@pytest.mark.parametrize("where", ["decoder", "coordinator", "problems"])
async def test_a_mistake_is_logged_once_and_passes(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    caplog.set_level(logging.INFO)
    entry = await add_entry("classic")
    coordinator = entry.runtime_data
    with monkeypatch.context() as mistaken:
        match where:
            case "decoder":
                mistaken.setattr(classic, "to_reading", fail)
            case "coordinator":
                mistaken.setattr(coordinator, "_describe", fail)
            case "problems":
                board.fault = faults.silent
                mistaken.setattr(coordinator.problems, "failed", fail)
        for _ in range(3):
            await refresh(hass, entry)
            assert value(hass, VOLTAGE) == STATE_UNAVAILABLE
    board.fault = faults.none
    await refresh(hass, entry)
    assert value(hass, VOLTAGE) == "53.15"
    assert coordinator.device.wires.health.mistakes == 3
    logged = [record for record in caplog.records if record.exc_info]
    assert [record.name for record in logged] == [mistakes.__name__]
    (error,) = errors_of_the_coordinator(caplog)
    assert ("Cellwire made a mistake" in error) == (where != "problems")
