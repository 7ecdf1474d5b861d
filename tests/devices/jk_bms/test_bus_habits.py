"""Habits of boards on a bus: those that want company, take their time, or say who they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
import time
from typing import override

import pytest

from custom_components.cellwire.devices.attendance import Lookout
from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.jk_bms.board import SHY
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.devices.jk_bms.modbus_frame import Content, acknowledgement
from tests.bench import faults
from tests.bench.jk_bms import CONTENTS, Bus, BusBoard, resum
from tests.bench.wire import PtyWire

from .boards import ABOUT, SETTINGS, STATUS, device_on, two_boards


class Company(Bus):
    """Software that answers about the status only within 200 ms of another request."""

    def __init__(self, wire: PtyWire, boards: dict[int, BusBoard]) -> None:
        """Nobody asked anything yet."""
        super().__init__(wire, boards)
        self.alone = 0
        self._asked_at = 0.0

    @override
    async def _answer(self, question: bytes) -> None:
        before, self._asked_at = self._asked_at, time.monotonic()
        if CONTENTS[int.from_bytes(question[2:4])] != STATUS or self._asked_at - before < 0.2:
            await super()._answer(question)
        else:
            self.alone += 1

    @override
    async def _reply(self, question: bytes, answer: bytes) -> None:
        self._asked_at = time.monotonic()
        await super()._reply(question, answer)


@pytest.fixture
async def shy(pty: PtyWire) -> AsyncIterator[tuple[BusDevice, Company]]:
    bus = Company(pty, {1: two_boards()[1]})
    device = device_on(bus, a1="SERIAL1")
    device._lookout = Lookout(("1",))
    await device.start()
    yield device, bus
    await device.close()


async def test_a_board_that_wants_company_gets_it(shy: tuple[BusDevice, Company]) -> None:
    device, bus = shy
    for _ in range(5):
        await asyncio.sleep(0.25)
        assert (await device.read())["1"].voltage == 26.852
    # After a few silences it is known, and nothing is lost any more by asking for it alone.
    assert bus.alone == SHY
    # When it comes back after a silence it is asked in both ways in turn.
    bus.boards[1].fault = faults.silent
    with pytest.raises(NoAnswer):
        await device.read()
    bus.boards[1].fault = faults.none
    for _ in range(3):
        with suppress(NoAnswer):
            await device.read()
    assert (await device.read())["1"].voltage == 26.852


async def test_damaged_settings_are_company_as_well(shy: tuple[BusDevice, Company]) -> None:
    device, bus = shy
    await asyncio.sleep(0.25)
    bus.boards[1].fault = faults.only(
        lambda answer: answer[4] == SETTINGS, faults.once(faults.corrupted(50))
    )
    assert (await device.read())["1"].voltage == 26.852
    assert device.wires.health.checksum_errors == 1


async def test_one_lost_answer_makes_no_board_shy(device: BusDevice, bus: Bus) -> None:
    bus.boards[1].fault = faults.once(faults.silent)
    for _ in range(3):
        assert (await device.read()).keys() == {"1", "3"}
    # Once instead of the silence, and at the start.
    assert bus.boards[1].questions.count(SETTINGS) == 2


async def test_settings_that_stay_damaged_do_not_keep_the_status_from_being_asked_for(
    device: BusDevice, bus: Bus
) -> None:
    damaged = faults.corrupted(50)
    bus.boards[1].fault = faults.in_turn(faults.silent, damaged, damaged)
    assert (await device.read())["1"].voltage == 26.852


async def test_a_board_that_keeps_its_settings_to_itself_may_lose_an_answer(bus: Bus) -> None:
    bus.boards[1].frames[SETTINGS] = None
    device = device_on(bus)
    await device.start()
    bus.boards[1].fault = faults.once(faults.silent)
    assert (await device.read())["1"].voltage == 26.852
    await device.close()


async def test_an_answer_that_has_begun_is_waited_for(device: BusDevice, bus: Bus) -> None:
    """At 9600 baud it takes a third of a second, and here it begins late."""
    slow = [(0.35, b"")]

    def fault(answer: bytes) -> faults.Pieces:
        return slow + [(0.012, answer[at : at + 12]) for at in range(0, len(answer), 12)]

    bus.boards[1].fault = fault
    assert (await device.read()).keys() == {"1", "3"}
    assert not device.wires.health.timeouts


@pytest.mark.parametrize("at", [86, 20])
async def test_who_a_board_is_must_be_said_twice(bus: Bus, at: int) -> None:
    """Two flipped bits are not another board, nor another model."""
    about = bus.boards[1].frames[ABOUT]
    assert about
    other = about[:at] + bytes((about[at] ^ 1, about[at + 1] ^ 1)) + about[at + 2 :]
    bus.boards[1].fault = faults.only(
        lambda answer: answer[4] == ABOUT,
        faults.in_turn(lambda _answer: [(0.0, resum(other) + acknowledgement(1, Content.ABOUT))]),
    )
    device = device_on(bus)
    await device.start()
    assert (device.units["1"].serial, device.units["1"].hardware) == ("SERIAL1", "15.XA")
    await device.close()


async def test_a_board_that_never_agrees_with_itself_is_not_known(bus: Bus) -> None:
    about = bus.boards[1].frames[ABOUT]
    assert about

    def said(about: bytes, _answer: bytes) -> faults.Pieces:
        return [(0.0, about + acknowledgement(1, Content.ABOUT))]

    others = [resum(about[:86] + bytes((65 + n,)) + about[87:]) for n in range(3)]
    bus.boards[1].fault = faults.only(
        lambda answer: answer[4] == ABOUT,
        faults.in_turn(*(partial(said, other) for other in others)),
    )
    device = device_on(bus)
    await device.start()
    assert device.units["1"].model == "JK-BMS"
    assert (await device.read())["1"].voltage == 26.852
    assert device.units["1"].model == "JK_PB2A16S15P"
    await device.close()
