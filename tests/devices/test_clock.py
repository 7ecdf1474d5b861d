"""A clock ticks for as long as it is wanted, whatever its ticks come to."""

import asyncio
from collections.abc import AsyncIterator
import logging

import pytest

from custom_components.cellwire.devices.clock import Clock
from tests.waiting import until

INTERVAL = 0.02


class Watch:
    """Something that wants to be looked at, and how often it was."""

    def __init__(self, interval: float = INTERVAL, limit: float = 5.0) -> None:
        self.looks = 0
        self.wanted = True
        self.problem: Exception | None = None
        self.lasts = 0.0
        self.clock = Clock("The look", interval, limit, self._look, lambda: self.wanted)

    async def _look(self) -> None:
        self.looks += 1
        await asyncio.sleep(self.lasts)
        if self.problem:
            raise self.problem


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    each = Watch()
    yield each
    await each.clock.close()


def tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if "The look" in task.get_name()]


async def test_it_ticks_until_it_is_not_wanted_any_more(watch: Watch) -> None:
    watch.clock.wind_up()
    assert watch.looks == 0
    await until(lambda: watch.looks == 3)
    watch.wanted = False
    await until(lambda: not tasks())
    seen = watch.looks
    await asyncio.sleep(3 * INTERVAL)
    assert watch.looks == seen
    # And again, once it is.
    watch.wanted = True
    watch.clock.wind_up()
    await until(lambda: watch.looks > seen)


async def test_it_rests_while_nobody_wants_it(watch: Watch) -> None:
    watch.wanted = False
    watch.clock.wind_up()
    assert not tasks()


async def test_one_task_is_enough(watch: Watch) -> None:
    for _ in range(3):
        watch.clock.wind_up()
    assert len(tasks()) == 1


async def test_what_happens_anyway_needs_no_tick() -> None:
    watch = Watch(interval=0.1)
    watch.clock.wind_up()
    for _ in range(10):
        await asyncio.sleep(0.03)
        watch.clock.note()
    assert watch.looks == 0
    await until(lambda: watch.looks == 1)
    await watch.clock.close()


async def test_it_goes_on_after_anything_and_logs_it_once(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    watch.problem = KeyError("unforeseen")
    watch.clock.wind_up()
    await until(lambda: watch.looks == 3)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    watch.problem = None
    await until(lambda: watch.looks == 5)
    watch.problem = KeyError("unforeseen")
    await until(lambda: watch.looks == 7)
    assert len(caplog.records) == 2


async def test_a_tick_that_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(limit=0.03)
    watch.lasts = 60.0
    watch.clock.wind_up()
    await until(lambda: watch.looks == 2)
    assert "TimeoutError" in caplog.text
    await watch.clock.close()


async def test_closing_breaks_a_tick_off_and_is_for_good(watch: Watch) -> None:
    watch.lasts = 60.0
    watch.clock.wind_up()
    await until(lambda: watch.looks == 1)
    await watch.clock.close()
    assert not tasks()
    watch.clock.wind_up()
    assert not tasks()
    await watch.clock.close()
