"""How fast registers are read over USB."""

import asyncio
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
import statistics
import tempfile
import time
from typing import override

from custom_components.cellwire.links.hid import HidLink, find_chargers
from custom_components.cellwire.links.hid_frame import MOST_READ
from tests.bench.hid_port import HidPort, bench_usb
from tests.bench.modbus import Slave

from .figure import Figure

ROUNDS = 9
READS = 200
# What owners have seen their chargers do.
READS_A_SECOND = 350


class Blank(Slave):
    """All registers are 0."""

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        return [0] * count


async def _answer(folder: Path, steering: Connection) -> None:
    port = HidPort(folder, "Junsi iCharger 308Duo USB HID", "1", Blank())
    await port.plug()
    steering.send("plugged")
    await asyncio.to_thread(steering.recv)
    await port.unplug()


def _charger(folder: Path, steering: Connection) -> None:
    asyncio.run(_answer(folder, steering))


async def milliseconds() -> float:
    """Return the time of a read of as many registers as fit, the median of several rounds."""
    (charger,) = await asyncio.to_thread(find_chargers)
    link = HidLink(charger.address)
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
    """Measure against a charger in a process of its own that answers at once."""
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    with tempfile.TemporaryDirectory(prefix="cellwire-bench-") as name, bench_usb(Path(name)):
        charger = processes.Process(target=_charger, args=(Path(name), theirs))
        charger.start()
        theirs.close()
        try:
            await asyncio.to_thread(ours.recv)
            took = await milliseconds()
        finally:
            ours.send("unplug")
            await asyncio.to_thread(charger.join)
    what = "iCharger over HID: a read of 30 registers"
    limit = f"{READS_A_SECOND} reads a second; the bench answers at once"
    return [Figure(what, took, "ms", 1000 / READS_A_SECOND, limit)]
