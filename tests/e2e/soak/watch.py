"""What a Home Assistant shows and needs, looked at again and again over its interfaces."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
import time
from typing import Any

import aiohttp

from tests.e2e.home import Home, HomeError

STEP = 0.5
GONE = ("unavailable", "unknown")
# Nobody pressed these or waits for them.
SILENT = ("button.", "event.", "select.", "number.", "switch.")


@dataclass
class Needs:
    """What a process needs: MiB of memory, objects in it, open files, threads, tasks."""

    memory: float
    objects: int
    files: int
    threads: int
    tasks: int


def needs(pid: int, *, objects: int, tasks: int) -> Needs:
    """Look at a process, which told how many objects and tasks it has."""
    process = Path(f"/proc/{pid}")
    status = dict(
        line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
    )
    files = sum(1 for _ in (process / "fd").iterdir())
    memory = int(status["VmRSS"].split()[0]) / 1024
    return Needs(memory, objects, files, int(status["Threads"]), tasks)


@dataclass
class Watch:
    """The entities of each entry, by the title of the entry, and what they show now."""

    home: Home
    entities: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    # Entities that had a value when nothing was wrong.
    expected: set[str] = field(default_factory=set)

    async def learn(self) -> None:
        """Find out which entities there are. Raises HomeError."""
        titles = {entry["entry_id"]: entry["title"] for entry in await self.entries()}
        found = defaultdict(list)
        for entity in await self.home.command("config/entity_registry/list"):
            if entity["platform"] == "cellwire" and not entity["disabled_by"]:
                found[titles[entity["config_entry_id"]]].append(entity["entity_id"])
        self.entities = {title: tuple(each) for title, each in found.items()}

    async def entries(self) -> list[dict[str, Any]]:
        """List the entries of Cellwire. Raises HomeError."""
        path = "/api/config/config_entries/entry?domain=cellwire"
        entries: list[dict[str, Any]] = await self.home.request("GET", path)
        return entries

    async def look(self) -> None:
        """Look once. What can't be reached shows nothing."""
        try:
            states = await self.home.request("GET", "/api/states")
        except aiohttp.ClientError, HomeError:
            self.states = {}
            return
        self.states = {each["entity_id"]: each["state"] for each in states}
        self.attributes = {each["entity_id"]: each["attributes"] for each in states}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(STEP)

    def expect_what_is_there(self) -> None:
        """Remember which entities have a value now."""
        self.expected = {
            entity
            for entities in self.entities.values()
            for entity in entities
            if self.states.get(entity, "unknown") not in GONE and not entity.startswith(SILENT)
        }

    def missing(self, title: str) -> list[str]:
        """Return the expected entities of an entry that show nothing."""
        return [
            entity
            for entity in self.entities[title]
            if entity in self.expected and self.states.get(entity, "unavailable") in GONE
        ]

    def shown(self, title: str) -> list[str]:
        """Return the entities of an entry that are not unavailable."""
        gone = "unavailable"
        return [each for each in self.entities[title] if self.states.get(each, gone) != gone]

    def is_back(self, title: str) -> bool:
        """Tell whether every expected voltage, current and status of an entry has a value."""
        return not any(
            entity.endswith(("_voltage", "_current", "_status")) for entity in self.missing(title)
        )

    async def until(self, happened: Any, seconds: float) -> float | None:
        """Wait until something is true, return how long it took; None if it took too long."""
        begin = time.monotonic()
        while not happened():
            if time.monotonic() - begin > seconds:
                return None
            await asyncio.sleep(STEP / 5)
        return time.monotonic() - begin
