"""How fast registers and whole chargers are read over USB."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
import selectors
import statistics
import tempfile
import time
from typing import override

from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.words import VARIANT
from custom_components.cellwire.links.hid import HidLink, find_chargers
from custom_components.cellwire.links.hid_frame import MOST_READ
from tests.bench.hid_port import HidPort, bench_usb
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.modbus import Slave

from .figure import Figure

ROUNDS = 9
READS = 200
# What owners have seen their chargers do.
READS_A_SECOND = 350
# A charger that is not asked too often answers within some milliseconds, in seconds.
ANSWER_TIME = 0.005
CELLS = 6
SERIAL = "1504308022"
POLLS = 60
MOST_REQUESTS = 5
POLL_RATIO = 1.2


class Blank(Slave):
    """All registers are 0."""

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        return [0] * count


def running_charger() -> SimulatedCharger:
    """Make a charger with two channels that both run a program."""
    charger = SimulatedCharger(clock=time.monotonic)
    charger.delay = ANSWER_TIME
    for channel, operation in ((1, "charge"), (2, "discharge")):
        charger.plug(channel, Pack([0.5] * CELLS))
        charger.start(channel, operation)
    return charger


class TimedPort(HidPort):
    """A port that notes how long each answer took, in seconds."""

    def __init__(self, folder: Path, slave: Slave) -> None:
        super().__init__(folder, "Junsi iCharger 4010Duo USB HID", SERIAL, slave)
        self.times: list[float] = []

    @override
    async def _answer(self, report: bytes) -> None:
        begin = time.perf_counter()
        await super()._answer(report)
        self.times.append(time.perf_counter() - begin)


async def _answer(folder: Path, steering: Connection, *, runs: bool) -> None:
    port = TimedPort(folder, running_charger() if runs else Blank())
    await port.plug()
    steering.send("plugged")
    while await asyncio.to_thread(steering.recv) == "times":
        steering.send(port.times)
    await port.unplug()


def _charger(folder: Path, steering: Connection, runs: bool) -> None:  # noqa: FBT001 - of a process
    # epoll sleeps whole milliseconds, too coarse for the time of an answer.
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(_answer(folder, steering, runs=runs))


@asynccontextmanager
async def plugged(*, runs: bool) -> AsyncIterator[tuple[HidLink, Connection]]:
    """Plug a charger in that is a process of its own; gives links to it and to its process."""
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    with tempfile.TemporaryDirectory(prefix="cellwire-bench-") as name, bench_usb(Path(name)):
        charger = processes.Process(target=_charger, args=(Path(name), theirs, runs))
        charger.start()
        theirs.close()
        try:
            await asyncio.to_thread(ours.recv)
            (found,) = await asyncio.to_thread(find_chargers)
            yield HidLink(found.address), ours
        finally:
            ours.send("unplug")
            await asyncio.to_thread(charger.join)


async def milliseconds(link: HidLink) -> float:
    """Return the time of a read of as many registers as fit, the median of several rounds."""
    await link.open()
    unit = await link.unit(1, 1.0)
    times = []
    try:
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            for _ in range(READS):
                await unit.read_input_registers(0x100, MOST_READ)
            times.append((time.perf_counter() - begin) / READS * 1000)
    finally:
        await link.close()
    return statistics.median(times)


async def reads_per_second() -> list[Figure]:
    """Measure against a charger that answers at once."""
    async with plugged(runs=False) as (link, _):
        took = await milliseconds(link)
    what = "iCharger over HID: a read of 30 registers"
    limit = f"{READS_A_SECOND} reads a second; the bench answers at once"
    return [Figure(what, took, "ms", 1000 / READS_A_SECOND, limit)]


async def full_poll() -> list[Figure]:
    """Measure polls of a charger with two busy channels, and count their requests."""
    took, requests = 0.0, []
    async with plugged(runs=True) as (link, process):
        device = ChargerDevice(link, Identity(variant=VARIANT, serials={}))
        await device.start()
        try:
            for _ in range(POLLS):
                before = device.wires.health.good_frames
                begin = time.perf_counter()
                await device.read()
                took += time.perf_counter() - begin
                requests.append(device.wires.health.good_frames - before)
        finally:
            await device.close()
        process.send("times")
        answers = (await asyncio.to_thread(process.recv))[-sum(requests) :]
    most = max(requests)
    what = "iCharger over HID: a full poll of two channels"
    limit = f"1 = {most} answers, {sum(answers) / POLLS * 1000:.3g} ms"
    ratio = took / sum(answers)
    return [
        Figure(f"{what}, requests", most, "", MOST_REQUESTS),
        Figure(f"{what} by the time of its answers", ratio, "", POLL_RATIO, limit),
    ]
