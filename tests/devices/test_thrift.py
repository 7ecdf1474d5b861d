"""Sparing a memory: the newest wish, a pause, and a count for each day."""

import asyncio
from datetime import date, timedelta

import pytest

from custom_components.cellwire.devices.thrift import Thrift, local_day
from custom_components.cellwire.links.errors import LinkError, LinkFault
from tests.waiting import until

PAUSE = 0.1
MONDAY = date(2026, 11, 23)


class Calendar:
    def __init__(self) -> None:
        self.today = MONDAY
        self.now = 100.0

    def thrift(self, pause: float = 10.0) -> Thrift:
        return Thrift(pause, clock=lambda: self.now, today=lambda: self.today)


async def wish(thrift: Thrift, log: list[str], name: str, *, writes: bool = True) -> None:
    async with thrift.turn() as is_newest:
        if is_newest:
            log.append(name)
            await asyncio.sleep(0.02)
            if writes:
                thrift.spend()


def test_writes_are_counted_by_the_day() -> None:
    calendar = Calendar()
    thrift = calendar.thrift()
    assert (thrift.writes, thrift.left(3)) == (0, 3)
    for _ in range(4):
        thrift.spend()
    assert (thrift.writes, thrift.left(3), thrift.left(10)) == (4, 0, 6)
    calendar.today += timedelta(days=1)
    assert (thrift.writes, thrift.left(3)) == (0, 3)
    thrift.spend()
    assert (thrift.day, thrift.count) == (calendar.today, 1)


@pytest.mark.parametrize(("days", "writes"), [(0, 7), (1, 0)])
def test_a_count_of_today_goes_on(days: int, writes: int) -> None:
    calendar = Calendar()
    before = calendar.thrift()
    for _ in range(7):
        before.spend()
    state = before.state()
    calendar.today += timedelta(days=days)
    after = calendar.thrift()
    after.resume(state)
    assert after.writes == writes


@pytest.mark.parametrize(
    "state",
    [{}, {"day": "today", "count": 1}, {"day": None, "count": 1}, {"day": "2026-11-23"}],
)
def test_a_count_that_makes_no_sense_is_left_out(state: dict[str, object]) -> None:
    thrift = Calendar().thrift()
    thrift.resume(state)
    assert thrift.writes == 0


def test_the_day_is_that_of_this_place() -> None:
    assert abs(local_day() - date.today()) <= timedelta(days=1)  # noqa: DTZ011 - what it is about
    assert Thrift(1.0).writes == 0


async def test_the_first_wish_does_not_wait_and_the_next_one_does() -> None:
    calendar = Calendar()
    thrift = calendar.thrift(PAUSE)
    log: list[str] = []
    await wish(thrift, log, "a")
    second = asyncio.create_task(wish(thrift, log, "b"))
    await asyncio.sleep(PAUSE / 2)
    assert log == ["a"]
    calendar.now += PAUSE
    await second
    assert log == ["a", "b"]


async def test_of_many_wishes_the_newest_wins_and_the_others_end_at_once() -> None:
    thrift = Thrift(PAUSE)
    log: list[str] = []
    await wish(thrift, log, "first")
    waiting = [asyncio.create_task(wish(thrift, log, str(number))) for number in range(5)]
    await asyncio.sleep(PAUSE / 3)
    assert [task.done() for task in waiting] == [True] * 4 + [False]
    await asyncio.gather(*waiting)
    assert log == ["first", "4"]
    assert thrift.writes == 2


async def test_what_comes_during_a_write_waits_for_its_end_and_for_the_pause() -> None:
    thrift = Thrift(PAUSE)
    log: list[str] = []
    loop = asyncio.get_running_loop()
    first = asyncio.create_task(wish(thrift, log, "first"))
    await until(lambda: log)
    second = asyncio.create_task(wish(thrift, log, "second"))
    await first
    begin = loop.time()
    assert log == ["first"]
    await second
    assert log == ["first", "second"]
    assert loop.time() - begin >= PAUSE * 0.9


async def test_a_wish_that_wrote_nothing_costs_no_pause() -> None:
    thrift = Thrift(60.0)
    log: list[str] = []
    first = asyncio.create_task(wish(thrift, log, "first", writes=False))
    await until(lambda: log)
    older = asyncio.create_task(wish(thrift, log, "older", writes=False))
    newer = asyncio.create_task(wish(thrift, log, "newer", writes=False))
    await asyncio.gather(first, older, newer)
    assert log == ["first", "newer"]


async def test_a_wish_that_failed_lets_the_next_one_through() -> None:
    thrift = Thrift(60.0)
    with pytest.raises(ZeroDivisionError):
        async with thrift.turn():
            raise ZeroDivisionError
    log: list[str] = []
    await wish(thrift, log, "next")
    assert log == ["next"]


async def test_a_wish_that_waits_fails_when_the_device_is_closed() -> None:
    thrift = Thrift(60.0)
    log: list[str] = []
    await wish(thrift, log, "first")
    waiting = asyncio.create_task(wish(thrift, log, "second"))
    await asyncio.sleep(0)
    thrift.end(LinkError(LinkFault.LOST, "p", "closed"))
    with pytest.raises(LinkError):
        await waiting
    with pytest.raises(LinkError):
        await wish(thrift, log, "third")
    assert log == ["first"]
