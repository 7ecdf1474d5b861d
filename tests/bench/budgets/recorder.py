"""What a pack writes into the database in an hour, when it rests and when it works."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
import sqlite3
import sys

from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from tests.bench.noisy_pack import POLLS_AN_HOUR, USES
from tests.bench.spread import spread

from .bench import playing
from .figure import Figure
from .home import coordinators, running

BUDGET = 200
# Statistics that Home Assistant makes by itself: every five minutes, and every hour.
STATISTICS_AN_HOUR = 13
MOST_SHOWN = 45


def rows(database: Path) -> tuple[Counter[str], float]:
    """Return how many states of each entity there are, and the bytes that one takes."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        counted = connection.execute(
            "select meta.entity_id, count(*) from states"
            " join states_meta as meta using (metadata_id) group by 1"
        )
        states = Counter(dict(counted.fetchall()))
        (used,) = connection.execute(
            "select sum(pgsize) from dbstat where name in ("
            "select name from sqlite_master where tbl_name = 'states')"
        ).fetchone()
    return states, used / max(1, states.total())


async def _written(hass: HomeAssistant) -> tuple[Counter[str], float]:
    """Wait until everything is in the database, and look into it."""
    await hass.async_block_till_done()
    recorder = get_instance(hass)
    await hass.async_add_executor_job(recorder.block_till_done)
    database = Path(hass.config.path("home-assistant_v2.db"))
    return await hass.async_add_executor_job(rows, database)


async def hour_of_states() -> list[Figure]:
    """Poll three packs as often as an hour has polls."""
    async with AsyncExitStack() as stack:
        benches = [await stack.enter_async_context(playing(use)) for use in USES]
        ports = [bench.addresses[0] for bench in benches]
        hass = await stack.enter_async_context(running(3600, "classic", ports))
        packs = {each.config_entry.data["port"]: each for each in coordinators(hass)}
        for pack in packs.values():
            spread(pack.device, 3600 / POLLS_AN_HOUR)
            await pack.async_refresh()
        before, _ = await _written(hass)
        for _ in range(POLLS_AN_HOUR):
            await asyncio.gather(*(pack.async_refresh() for pack in packs.values()))
            await hass.async_block_till_done()
        after, size = await _written(hass)
        registry = er.async_get(hass)
        figures = []
        for use, port in zip(USES, ports, strict=True):
            entities = er.async_entries_for_config_entry(
                registry, packs[port].config_entry.entry_id
            )
            grown = {
                entity.entity_id: after[entity.entity_id] - before[entity.entity_id]
                for entity in entities
            }
            averaged = sum(
                "state_class" in (entity.capabilities or {}) and not entity.disabled_by
                for entity in entities
            )
            total = sum(grown.values())
            figures.append(
                Figure(
                    f"recorder: an hour of a pack that is {use}",
                    total,
                    "rows",
                    BUDGET if use == "idle" else None,
                    f"{total * size / 1000:.0f} kB; and {averaged * STATISTICS_AN_HOUR} short rows"
                    f" of statistics, {averaged} entities at {POLLS_AN_HOUR} polls",
                )
            )
            if use == "idle" and total > BUDGET:
                _print(grown)
    return figures


def _print(grown: dict[str, int]) -> None:
    """Show who writes how much."""
    for entity, count in Counter(grown).most_common(MOST_SHOWN):
        if count:
            print(f"{count:6}  {entity}", file=sys.stderr)
