"""The demo: every family on a link of its own, set up through the user interface's own flow."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
import re
import signal
import sys
import tempfile

from tests.e2e.control import check_controls
from tests.e2e.devices import bench, usb_environment
from tests.e2e.energy import fill_dashboard
from tests.e2e.home import NO_VALUE, Home, HomeError, running_home

# What a charger does not say by itself is asked for within this time, in seconds.
SETTLED = 8.0
SETTLES_WITHIN = 90.0


@asynccontextmanager
async def demo(port: int) -> AsyncIterator[tuple[Home, Path]]:
    """Run the bench and a Home Assistant in which all of its devices are set up."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cellwire-demo-")))
        devices = await stack.enter_async_context(bench(folder))
        configuration = folder / "config"
        configuration.mkdir()
        home, log = await stack.enter_async_context(
            running_home(configuration, port, usb_environment(folder))
        )
        for device in devices:
            title = await home.add_device(device.family, device.address, device.kind)
            print(f"added {title} at {device.address}", flush=True)
        await home.allow_control()
        yield home, log


async def settle(home: Home) -> list[tuple[str, str, str, str]]:
    """Wait until every entity has a value and no new one appears. Raises HomeError."""
    rows: list[tuple[str, str, str, str]] = []
    loop = asyncio.get_running_loop()
    give_up = loop.time() + SETTLES_WITHIN
    since = loop.time()
    while loop.time() - since < SETTLED:
        await asyncio.sleep(1)
        now = await home.rows()
        missing = [f"{device} {name}" for device, name, value, _ in now if value in NO_VALUE]
        if missing or len(now) != len(rows):
            since = loop.time()
        rows = now
        if loop.time() > give_up:
            raise HomeError(f"without a value: {', '.join(missing) or 'none, but more appear'}")
    return rows


def _naturally(row: tuple[str, str, str, str]) -> list[tuple[int, str]]:
    """Sort cell 2 before cell 10."""
    return [
        (int(part), "") if part.isdecimal() else (0, part)
        for part in re.split(r"(\d+)", f"{row[0]} {row[1]}")
    ]


def print_table(rows: list[tuple[str, str, str, str]]) -> None:
    """Print the entities in columns."""
    table = [("Device", "Entity", "Value", "Unit"), *sorted(rows, key=_naturally)]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def complaints(log: Path) -> list[str]:
    """Return what Home Assistant logged about Cellwire, apart from that it is a custom one."""
    lines = log.read_text().splitlines()
    return [line for line in lines if "cellwire" in line and "not been tested" not in line]


async def check(port: int) -> None:
    """Show that every entity of every device has a value. Raises HomeError."""
    async with demo(port) as (home, log):
        rows = await settle(home)
        print_table(rows)
        devices = {device for device, *_ in rows}
        print(f"{len(rows)} entities of {len(devices)} devices, all with a value")
        await check_controls(home)
        if found := complaints(log):
            raise HomeError("Home Assistant logged:\n" + "\n".join(found))


async def show(port: int) -> None:
    """Keep the demo running until somebody ends it."""
    async with demo(port) as (home, _):
        await settle(home)
        await fill_dashboard(home)
        print(f"Home Assistant is at {home.url} - no login needed. Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()


async def run(port: int, *, checks: bool) -> None:
    """Run one of both, and end it in order on Ctrl-C."""
    task = asyncio.create_task(check(port) if checks else show(port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task


def main() -> int:
    """Run the demo; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8123, help="of the web interface")
    parser.add_argument("--check", action="store_true", help="print all values and end")
    arguments = parser.parse_args()
    try:
        asyncio.run(run(arguments.port, checks=arguments.check))
    except asyncio.CancelledError:
        print("ended")
        return 1 if arguments.check else 0
    except (HomeError, TimeoutError) as err:
        print(f"demo: {str(err) or 'Home Assistant took too long'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
