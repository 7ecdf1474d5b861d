"""Disturbs every device of a real Home Assistant for a while, and watches what it makes of it."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import math
from pathlib import Path
from random import Random
import secrets
import sys
import tempfile
import time

import aiohttp

from custom_components.cellwire.devices.registry import FAMILIES
from tests.e2e.demo import settle
from tests.e2e.devices import Device, bench, usb_environment
from tests.e2e.home import (
    CONFIGURATION,
    HOST,
    Home,
    HomeError,
    check_free,
    start,
    stop,
    wait_until_up,
    write_configuration,
)
from tests.e2e.soak import probe
from tests.e2e.soak.disk import SmallDisk
from tests.e2e.soak.judge import log_lines, recorded, too_much, wrong_states
from tests.e2e.soak.report import Report
from tests.e2e.soak.trouble import duration, kinds
from tests.e2e.soak.watch import Needs, Watch, needs

PORT = 8125
TALKATIVE = "  logs:\n    custom_components.cellwire: info\nprobe:\n"
# What looking twice a second may add to what is measured, in seconds.
BLUR = 1.0
# Back within one interval and so many seconds.
BACK = 5.0
QUIET = (1.0, 4.0)
# So many seconds of trouble make a process warm, or a third of all if that is less.
WARM = 120.0
# How long the disk is full, more or less.
FILLED = 8.0
# How far the clock jumps ahead at most, in seconds, and how long it stays there. Never behind
# the beginning: nobody could log in then.
AHEAD = 3600
STAYS = (5.0, 20.0)
WELL_WITHIN = 60.0
MOST_LINES = 20


@dataclass
class Soak:
    """One run: a Home Assistant that is started twice, and what is found out about it."""

    folder: Path
    port: int
    devices: list[Device]
    session: aiohttp.ClientSession
    seed: int
    verbose: bool

    def __post_init__(self) -> None:
        self.configuration = self.folder / "config"
        self.log = self.folder / "output.log"
        self.report = Report()
        self.home = Home(self.session, f"http://{HOST}:{self.port}")
        self.watch = Watch(self.home)
        self.titles: dict[str, str] = {}
        self.at_first: dict[str, str] = {}
        self.settled_at: list[int] = []
        self.set_up_at = 0.0
        self.jumps = 0

    async def go(self, minutes: float) -> None:
        """Disturb for some minutes with a restart in the middle. Raises HomeError."""
        self.configuration.mkdir()
        write_configuration(
            self.configuration, self.port, CONFIGURATION + TALKATIVE, Path(probe.__file__).parent
        )
        async with SmallDisk(self.configuration / ".storage") as disk:
            ends: list[float] = []
            for part in ("until the restart", "after the restart"):
                async with self._running(first=not ends) as pid:
                    ends = ends or [
                        self.set_up_at + minutes * 30 - FILLED,
                        self.set_up_at + minutes * 60,
                    ]
                    end = ends[len(self.report.needs)]
                    async with asyncio.TaskGroup() as group:
                        warming = group.create_task(self._warm(pid, end))
                        group.create_task(self._disturb(part, end))
                    if not self.report.needs:
                        await self._fill(disk)
                    warm, warm_at = warming.result()
                    self.report.compare(
                        part, warm, await self._needs(pid), time.monotonic() - warm_at
                    )
        self._judge()

    @asynccontextmanager
    async def _running(self, *, first: bool) -> AsyncIterator[int]:
        """Run Home Assistant with all devices, and watch it; give the number of its process."""
        process = await start(self.configuration, self.log, usb_environment(self.folder))
        begin = time.monotonic()
        watching: asyncio.Task[None] | None = None
        try:
            path = "/api/onboarding" if first else "/api/config"
            await wait_until_up(self.home, process, self.log, path)
            if first:
                await self._set_up()
            watching = asyncio.create_task(self.watch.run())
            await (self._learn() if first else self._get_well())
            self.settled_at.append(len(self.log.read_text()))
            took = time.monotonic() - begin
            self.report.facts.append(f"{took:.0f} s after a start all entities have a value")
            yield process.pid
        finally:
            if watching is not None:
                watching.cancel()
            begin = time.monotonic()
            await stop(process)
            self.report.facts.append(f"Home Assistant stopped in {time.monotonic() - begin:.1f} s")
            if process.returncode:
                self.report.broken.append(f"Home Assistant ended with {process.returncode}")

    async def _set_up(self) -> None:
        await self.home.onboard()
        await self.home.keep_access()
        for device in self.devices:
            self.titles[device.family] = await self.home.add_device(
                device.family, device.address, device.kind
            )
        await self.home.allow_control()
        self.set_up_at = time.monotonic()

    async def _learn(self) -> None:
        """Remember what there is while nothing is wrong."""
        await settle(self.home)
        await self.watch.learn()
        await self.watch.look()
        self.watch.expect_what_is_there()
        self.at_first = dict(self.watch.states)

    async def _get_well(self) -> None:
        """Wait until everything is there again that was there. Raises HomeError."""
        async with asyncio.timeout(WELL_WITHIN):
            # What was there before the restart says nothing of now.
            await self.watch.look()
            while any(map(self.watch.missing, self.titles.values())):  # noqa: ASYNC110 - others see
                await asyncio.sleep(BLUR)

    async def _warm(self, pid: int, end: float) -> tuple[Needs, float]:
        """Return what a process needs once it is warm, and when that was."""
        await asyncio.sleep(min(WARM, max(0.0, end - time.monotonic()) / 3))
        return await self._needs(pid), time.monotonic()

    async def _needs(self, pid: int) -> Needs:
        return needs(pid, **await self.home.request("GET", f"/api/{probe.DOMAIN}/count"))

    async def _disturb(self, part: str, end: float) -> None:
        """Disturb all devices at once, each one on its own."""
        async with asyncio.TaskGroup() as group:
            dice = Random(f"{self.seed} {part} clock")  # noqa: S311
            group.create_task(self._set_clock(dice, end))
            for device in self.devices:
                dice = Random(f"{self.seed} {part} {device.family}")  # noqa: S311
                group.create_task(self._disturb_one(device, dice, end))

    async def _set_clock(self, dice: Random, end: float) -> None:
        """Let the clock jump ahead and back, and leave it ahead."""
        while time.monotonic() < end:
            path, ahead = f"/api/{probe.DOMAIN}/clock", dice.randrange(AHEAD)
            await self.home.request("POST", path, {"ahead": ahead})
            self.jumps += 1
            await asyncio.sleep(min(dice.uniform(*STAYS), max(0.0, end - time.monotonic())))

    async def _disturb_one(self, device: Device, dice: Random, end: float) -> None:
        title, interval = self.titles[device.family], FAMILIES[device.family].interval
        while True:
            await asyncio.sleep(dice.uniform(*QUIET))
            kind, seconds = dice.choice(kinds(device)), duration(dice)
            if time.monotonic() + seconds + interval + BACK > end:
                return
            if self.verbose:
                print(f"{device.family}: {kind.name} for {seconds:.1f} s", flush=True)
            begin = time.monotonic()
            trouble = asyncio.create_task(kind.cause(device, dice, seconds))
            stale: set[str] = set()
            while not trouble.done():
                gone = math.inf if kind.gone_after is None else kind.gone_after * interval + BLUR
                if time.monotonic() - begin > gone:
                    stale.update(self.watch.shown(title))
                await asyncio.sleep(BLUR / 4)
            await trouble
            where = f"{device.family}, {kind.name} for {seconds:.1f} s"
            if stale:
                self.report.broken.append(f"{where}: still shown: {', '.join(sorted(stale)[:5])}")
            # A pack that gave no answer twice is left out of one cycle, for the others' sake.
            cycles = 2 if len(device.speakers) > 1 and kind.may_miss_one else 1
            await self._recover(device.family, kind.name, where, cycles * interval + BACK)

    async def _recover(self, family: str, kind: str, where: str, within: float) -> None:
        """Wait as long as it may take, and note when something was missing last."""
        title = self.titles[family]
        over = last = time.monotonic()
        while time.monotonic() < over + within + BLUR:
            await asyncio.sleep(BLUR / 4)
            if not self.watch.is_back(title):
                last = time.monotonic()
        if not self.watch.is_back(title):
            missing = ", ".join(self.watch.missing(title)[:5])
            self.report.broken.append(f"{where}: {within:g} s later there is no {missing}")
        self.report.recovered(family, kind, last - over)

    async def _fill(self, disk: SmallDisk) -> None:
        """Reload a device that has something to remember while nothing can be stored."""
        if not disk.is_small:
            self.report.facts.append("a full disk was left out: no tmpfs can be mounted here")
            return
        title = self.titles["victron_charger"]
        limit = next(
            entity
            for entity in self.watch.entities[title]
            if entity.endswith("_current_limit") and entity.startswith("number.")
        )
        with disk.full():
            await self.home.command(
                "call_service",
                domain="number",
                service="set_value",
                service_data={"value": 7.5},
                target={"entity_id": limit},
            )
            entry = next(e for e in await self.watch.entries() if e["title"] == title)
            path = f"/api/config/config_entries/entry/{entry['entry_id']}/reload"
            await self.home.request("POST", path)
            await self._recover("victron_charger", "full disk", "full disk", FILLED)

    def _judge(self) -> None:
        report = self.report
        families = {
            entity: family
            for family, title in self.titles.items()
            for entity in self.watch.entities[title]
        }
        history = recorded(self.configuration / "home-assistant_v2.db")
        states = sum(len(history.get(entity, [])) for entity in families)
        report.facts.append(f"{states} states of {len(families)} entities were recorded")
        report.facts.append(f"the clock jumped {self.jumps} times, by up to {AHEAD // 60} min")
        wrong = wrong_states(history, families, self.at_first)
        hours = (time.monotonic() - self.set_up_at) / 3600
        wrong += too_much(history, families, self.at_first, hours)
        down, up, lines = log_lines(self.log.read_text(), self.settled_at)
        report.facts.append(f"log: {down.total()} times down, {up.total()} times up")
        for title in self.titles.values():
            # A restart begins anew without telling.
            if not down[title] - 1 <= up[title] <= down[title]:
                wrong.append(f"{title}: logged {down[title]} times down, {up[title]} times up")
        report.broken += [*wrong, *(f"logged: {line}" for line in lines)]


async def soak(minutes: float, port: int, seed: int, *, verbose: bool) -> Report:
    """Run it. Raises HomeError, TimeoutError."""
    check_free(port)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cellwire-soak-")))
        devices = await stack.enter_async_context(bench(folder))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        run = Soak(folder, port, devices, session, seed, verbose)
        await run.go(minutes)
        return run.report


def main() -> int:
    """Soak; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="how long, once everything is set up"
    )
    parser.add_argument("--seed", type=int, help="what chose the troubles of an earlier run")
    parser.add_argument("--port", type=int, default=PORT, help="of the web interface")
    parser.add_argument("--check", action="store_true", help="print broken rules only")
    parser.add_argument("--verbose", action="store_true", help="print each trouble as it comes")
    arguments = parser.parse_args()
    seed = secrets.randbelow(10**6) if arguments.seed is None else arguments.seed
    print(f"soaking for {arguments.minutes:g} minutes, --seed {seed}", flush=True)
    try:
        report = asyncio.run(
            soak(arguments.minutes, arguments.port, seed, verbose=arguments.verbose)
        )
    except (HomeError, TimeoutError) as err:
        print(f"soak: {str(err) or 'Home Assistant took too long'}", file=sys.stderr)
        return 1
    if not arguments.check:
        report.print()
    for rule in report.broken[:MOST_LINES]:
        print(f"broken: {rule}", file=sys.stderr)
    if len(report.broken) > MOST_LINES:
        print(f"broken: {len(report.broken) - MOST_LINES} more", file=sys.stderr)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
