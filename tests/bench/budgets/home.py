"""What Cellwire costs inside Home Assistant, with its frontend and recorder running."""

import asyncio
from asyncio.events import Handle
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
import gc
from pathlib import Path
import resource
import socket
import statistics
import sys
import tempfile
import time
from types import MappingProxyType

from homeassistant.bootstrap import async_setup_hass
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.runner import RuntimeConfig

from custom_components.cellwire.device_entry.coordinator import CellwireCoordinator
from tests.e2e.home import HOST, HomeError, write_configuration

from .bench import playing
from .figure import Figure

# Longer than a question with its answer.
PAUSE = 0.15
POLLS = 200
INTERVAL = 5
PACKS = 50
SECONDS = 60.0
# An hour at 5 s.
HOUR = 720
# What is kept of the last bytes is full, and all caches are, after so many polls: also those of
# values that seldom change.
WARM = 400
# Objects a poll. Home Assistant itself makes and drops some in the meantime.
KEPT = 0.02
ABSENCES = (1.0, 8.0, 23.0)

# The log of a measurement shows what Cellwire says of itself, and nothing else.
QUIET = """\
frontend:
logger:
  default: critical
  logs:
    custom_components.cellwire: warning
"""
WITH_HISTORY = f"{QUIET}recorder:\nhistory:\nenergy:\n"

VARIANTS: dict[str, tuple[str, str, str]] = {
    "classic": ("jk_bms", "classic", "bms"),
    "victron": ("victron_charger", "vedirect", "charger"),
}


@asynccontextmanager
async def running(
    interval: int, kind: str, ports: Sequence[str], configuration: str = WITH_HISTORY
) -> AsyncIterator[HomeAssistant]:
    """Run a real Home Assistant with an entry for each port. Raises HomeError."""
    folder = tempfile.TemporaryDirectory(prefix="cellwire-bench-")
    with socket.socket() as free:
        free.bind((HOST, 0))
        write_configuration(Path(folder.name), free.getsockname()[1], configuration)
    hass = await async_setup_hass(
        RuntimeConfig(config_dir=folder.name, skip_pip=True, log_no_color=True)
    )
    if hass is None or hass.config.recovery_mode:
        raise HomeError("Home Assistant can't be set up")
    try:
        await hass.async_start()
        for port in ports:
            await hass.config_entries.async_add(_entry(kind, port, interval))
        await hass.async_block_till_done()
        yield hass
    finally:
        await hass.async_stop(force=True)
        await asyncio.to_thread(folder.cleanup)


def _entry(kind: str, port: str, interval: int) -> ConfigEntry[CellwireCoordinator]:
    family, variant, unit = VARIANTS[kind]
    return ConfigEntry(
        data={"family": family, "port": port, "variant": variant, "serials": {unit: None}},
        discovery_keys=MappingProxyType({}),
        domain="cellwire",
        minor_version=1,
        options={"interval": interval},
        source="user",
        subentries_data=(),
        title=Path(port).name,
        unique_id=None,
        version=1,
    )


def coordinators(hass: HomeAssistant) -> list[CellwireCoordinator]:
    """Return the coordinators of all entries. Raises HomeError if one did not load."""
    entries = hass.config_entries.async_loaded_entries("cellwire")
    if len(entries) < len(hass.config_entries.async_entries("cellwire")):
        raise HomeError("an entry did not load")
    return [entry.runtime_data for entry in entries]


@contextmanager
def timed_steps() -> Iterator[list[float]]:
    """Collect the CPU time of every step of the event loop, in seconds."""
    steps: list[float] = []
    original = Handle._run

    def run(self: Handle) -> None:
        begin = time.thread_time()
        original(self)
        steps.append(time.thread_time() - begin)

    # To search all objects of Home Assistant for garbage takes 0.2 s and is no step of a poll. It
    # would come in some runs and not in others; what polls make is searched all the same.
    gc.collect()
    gc.freeze()
    Handle._run = run  # type: ignore[method-assign]
    try:
        yield steps
    finally:
        Handle._run = original  # type: ignore[method-assign]
        gc.unfreeze()


async def one_pack() -> list[Figure]:
    """Measure the event loop while one pack is polled, every cell changing each time."""
    async with (
        playing("classic") as bench,
        running(3600, "classic", bench.addresses) as hass,
    ):
        (coordinator,) = coordinators(hass)
        entities = len(hass.states.async_entity_ids(("sensor", "binary_sensor")))
        states = 0

        @callback
        def count(_event: object) -> None:
            nonlocal states
            states += 1

        hass.bus.async_listen("state_changed", count)
        polls: list[float] = []
        with timed_steps() as steps:
            for _ in range(POLLS):
                done = len(steps)
                await coordinator.async_refresh()
                await asyncio.sleep(PAUSE)
                polls.append(sum(steps[done:]) * 1e3)
        if not coordinator.last_update_success:
            raise HomeError("the pack was lost while it was measured")
    # What else the machine does makes some polls longer: the one in the middle is the usual one.
    note = (
        f"median of {POLLS}, mean {statistics.mean(polls):.3g} ms;"
        f" {states / POLLS:.0f} of {entities} entities change each time"
    )
    return [
        Figure(
            "event loop: one poll of a 16-cell pack",
            statistics.median(polls),
            *("ms", 2, note),
            is_cpu_time=True,
        ),
        Figure("event loop: the longest step", max(steps) * 1e3, "ms", 5, is_cpu_time=True),
    ]


async def many_packs() -> list[Figure]:
    """Measure 50 packs at their interval."""
    async with (
        playing("classic", PACKS) as bench,
        running(INTERVAL, "classic", bench.addresses) as hass,
    ):
        packs = coordinators(hass)
        await asyncio.sleep(INTERVAL)
        begin = (time.process_time(), time.thread_time(), time.perf_counter())
        good = sum(pack.device.wires.health.good_frames for pack in packs)
        await asyncio.sleep(SECONDS)
        process, thread, passed = (
            now - then
            for now, then in zip(
                (time.process_time(), time.thread_time(), time.perf_counter()), begin, strict=True
            )
        )
        good = sum(pack.device.wires.health.good_frames for pack in packs) - good
    return [
        Figure(
            f"{PACKS} packs at {INTERVAL} s: CPU of all Home Assistant",
            process / passed * 100,
            "% of a core",
            7,
            f"{good} polls in {passed:.0f} s; the event loop alone {thread / passed * 100:.1f} %",
            is_cpu_time=True,
        )
    ]


async def memory() -> list[Figure]:
    """Measure what an hour's worth of polls leaves behind.

    Without the recorder: what it has yet to write would be counted too.
    """
    async with (
        playing("classic", PACKS) as bench,
        running(3600, "classic", bench.addresses, QUIET) as hass,
    ):
        packs = coordinators(hass)

        async def poll(times: int) -> int:
            for _ in range(times):
                await asyncio.gather(*(pack.async_refresh() for pack in packs))
            gc.collect()
            return sys.getallocatedblocks()

        warm = await poll(WARM)
        grown = (await poll(HOUR) - warm) / HOUR / len(packs)
        if not all(pack.last_update_success for pack in packs):
            raise HomeError("a pack was lost while it was measured")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{PACKS} packs: what each of {HOUR} more polls leaves behind"
    return [Figure(what, grown, "objects", KEPT, f"peak of the process {peak:.0f} MiB")]


async def recovery_of_a_port() -> list[Figure]:
    """Unplug a serial adapter."""
    return [await _recovery("classic", "JK on a port")]


async def recovery_of_a_server() -> list[Figure]:
    """Cut the connection to a serial server."""
    return [await _recovery("victron", "Victron on a serial server")]


async def _recovery(kind: str, name: str) -> Figure:
    """Measure the time from plugging in again to the next values."""
    worst = 0.0
    async with playing(kind) as bench, running(INTERVAL, kind, bench.addresses) as hass:
        (coordinator,) = coordinators(hass)
        for away in ABSENCES:
            await bench.tell("unplug")
            await asyncio.sleep(away)
            await bench.tell("plug")
            worst = max(worst, await _until_back(coordinator))
    absences = ", ".join(f"{seconds:g}" for seconds in ABSENCES)
    note = f"interval {INTERVAL} s; worst after {absences} s without"
    return Figure(f"{name}: values again after replug", worst, "s", INTERVAL + 5, note)


async def _until_back(coordinator: CellwireCoordinator) -> float:
    begin = time.monotonic()
    while not coordinator.last_update_success or _measured(coordinator) < begin:
        await asyncio.sleep(0.05)
        if time.monotonic() - begin > 60:
            raise HomeError("no values after replug")
    return time.monotonic() - begin


def _measured(coordinator: CellwireCoordinator) -> float:
    return max((reading.at for reading in coordinator.data.values()), default=0.0)
