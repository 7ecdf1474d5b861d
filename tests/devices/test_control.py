"""The contract of controls: limits, one lock, and no other way to write."""

import asyncio
from collections.abc import Callable
from typing import override

import pytest

from custom_components.cellwire.devices.control import (
    ChoiceControl,
    CommandControl,
    Control,
    NumberControl,
    ToggleControl,
)
from custom_components.cellwire.devices.device import (
    Device,
    Event,
    Identity,
    Readings,
    Settings,
)
from custom_components.cellwire.devices.errors import Refused
from custom_components.cellwire.devices.model import Kind, Value
from custom_components.cellwire.links.link import OPENING_TIME
from custom_components.cellwire.links.serial import SerialLink


class Board(Device):
    """A device that remembers what was written, and in what order."""

    def __init__(self) -> None:
        super().__init__(SerialLink("/dev/null", 9600), Identity(variant="v", serials={"u": None}))
        self.log: list[str] = []
        self.settings = Settings(allow_control=True)
        self.limit(12.0)

    def limit(self, highest: float, modes: tuple[str, ...] = ("on", "night")) -> None:
        """Offer everything, with limits of the moment."""
        self.offer(
            "u",
            (
                NumberControl(
                    key="limit",
                    carry_out=self.take,
                    kind=Kind.CURRENT,
                    minimum=3.0,
                    maximum=highest,
                    step=0.1,
                ),
                ChoiceControl(key="mode", carry_out=self.take, choices=modes),
                ToggleControl(key="switch", carry_out=self.take, risky=True),
                CommandControl(key="start", carry_out=self.take),
                CommandControl(key="collect", carry_out=self.take, waits=True),
            ),
        )

    async def take(self, wish: Value) -> None:
        self.log.append(f"begin {wish}")
        await asyncio.sleep(0)
        self.log.append(f"end {wish}")

    @override
    async def start(self) -> None:
        self.log.append("start")

    @override
    async def read(self) -> Readings:
        return {}

    @override
    async def close(self) -> None:
        self.log.append("close")


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("limit", 3.0),
        ("limit", 12),
        ("mode", "night"),
        ("switch", False),
        ("start", None),
    ],
)
async def test_a_wish_within_the_limits_is_carried_out(key: str, wish: Value) -> None:
    board = Board()
    await board.apply("u", key, wish)
    assert board.log == [f"begin {wish}", f"end {wish}"]


@pytest.mark.parametrize(
    ("unit", "key", "wish", "reason"),
    [
        ("u", "limit", 2.9, "refused_out_of_range"),
        ("u", "limit", 12.1, "refused_out_of_range"),
        ("u", "limit", float("nan"), "refused_out_of_range"),
        ("u", "limit", "5", "refused_not_a_number"),
        ("u", "limit", True, "refused_not_a_number"),
        ("u", "mode", "off", "refused_not_a_choice"),
        ("u", "switch", 1, "refused_not_a_choice"),
        ("u", "start", True, "refused_not_a_choice"),
        ("u", "restart", None, "refused_not_offered"),
        ("other", "limit", 5.0, "refused_not_offered"),
    ],
)
async def test_any_other_wish_is_refused_and_nothing_is_written(
    unit: str, key: str, wish: Value, reason: str
) -> None:
    board = Board()
    with pytest.raises(Refused) as caught:
        await board.apply(unit, key, wish)
    assert caught.value.key == reason
    assert caught.value.placeholders == {"control": key}
    assert not board.log


async def test_nothing_is_written_without_leave() -> None:
    board = Board()
    board.settings = Settings()
    with pytest.raises(Refused) as caught:
        await board.apply("u", "mode", "on")
    assert caught.value.key == "refused_not_allowed"
    assert not board.log


async def test_one_wish_at_a_time() -> None:
    board = Board()
    await asyncio.gather(board.apply("u", "limit", 4.0), board.apply("u", "limit", 5.0))
    assert board.log == ["begin 4.0", "end 4.0", "begin 5.0", "end 5.0"]


async def test_a_control_that_waits_lets_others_in() -> None:
    board = Board()
    await asyncio.gather(board.apply("u", "collect", None), board.apply("u", "limit", 5.0))
    assert board.log == ["begin None", "begin 5.0", "end None", "end 5.0"]


async def test_limits_are_those_of_the_moment_when_its_turn_comes() -> None:
    board = Board()
    changes: list[tuple[Callable[[], object], str, Value, str]] = [
        (lambda: board.limit(8.0), "limit", 9.0, "refused_out_of_range"),
        (lambda: board.limit(12.0, ("on",)), "mode", "night", "refused_not_a_choice"),
        (lambda: setattr(board, "settings", Settings()), "start", None, "refused_not_allowed"),
        (lambda: board.offer("u", ()), "switch", True, "refused_not_offered"),
    ]
    for change, key, wish, reason in changes:
        board.limit(12.0)
        board.settings = Settings(allow_control=True)
        async with board.lock:
            asked = asyncio.create_task(board.apply("u", key, wish))
            await asyncio.sleep(0)
            change()
        with pytest.raises(Refused) as caught:
            await asked
        assert caught.value.key == reason
    assert not board.log


def test_another_offer_is_told_of_and_the_same_one_is_not() -> None:
    board = Board()
    heard: list[int] = []
    leave = board.on_offer(lambda: heard.append(1))
    board.limit(12.0)
    assert not heard
    board.limit(10.0)
    board.limit(10.0, ("on",))
    assert len(heard) == 2
    board.offer("u", board.controls["u"][1:])
    assert len(heard) == 3
    leave()
    board.offer("u", ())
    assert len(heard) == 3


def test_events_are_heard_until_somebody_leaves() -> None:
    board = Board()
    heard: list[Event] = []
    leave = board.on_event(heard.append)
    event = Event(unit="u", kind="done", data={"minutes": 3})
    board.emit(event)
    leave()
    board.emit(event)
    assert heard == [event]


def test_a_control_says_whether_it_is_risky() -> None:
    risky: dict[str, bool] = {}
    control: Control
    for control in Board().controls["u"]:
        risky[control.key] = control.risky
    assert risky == {
        "limit": False,
        "mode": False,
        "switch": True,
        "start": False,
        "collect": False,
    }


def test_listeners_are_told_until_they_leave() -> None:
    board = Board()
    heard: list[int] = []
    leave = board.on_change(lambda: heard.append(1))
    board.hurry()
    leave()
    board.hurry()
    assert heard == [1]


async def test_what_neither_asks_nor_listens_takes_as_long_as_its_link() -> None:
    assert Board().reading_time == OPENING_TIME
