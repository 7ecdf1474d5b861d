"""Setting the current limit, over real links that misbehave."""

import asyncio
import time

import pytest

from custom_components.cellwire.devices.control import NumberControl
from custom_components.cellwire.devices.device import Option, Settings
from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.vedirect import device as vedirect, questions
from custom_components.cellwire.devices.victron_charger import FAMILY, charger
from custom_components.cellwire.devices.victron_charger.reading import UNIT
from custom_components.cellwire.links.errors import LinkError
from tests.bench.victron_writes import (
    CURRENT_LIMIT,
    PARAMETER,
    READ_ONLY,
    SettableCharger,
    tenths,
)
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until

from .controlling import LIMIT, SWITCH, control, in_control, ip22, ip43, reading_of, refused, shown

pytestmark = pytest.mark.usefixtures("hasty")


async def test_the_family_says_what_its_owner_decides() -> None:
    assert FAMILY.options == (Option.ALLOW_CONTROL, Option.DAILY_WRITES, Option.MAINS_SWITCH)
    assert FAMILY.allows_control


async def test_the_limit_is_written_read_back_and_shown(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        number = control(device, LIMIT)
        assert isinstance(number, NumberControl)
        assert (number.minimum, number.maximum, number.step) == (3.0, 12.0, 0.1)
        assert (number.setting, number.risky) == (False, False)
        assert await shown(device, LIMIT) == 12.0
        assert control(device, SWITCH) is None
        await device.apply(UNIT, LIMIT, 7.5)
        assert await shown(device, LIMIT) == 7.5
        values = (await reading_of(device)).values
        assert (values["memory_writes"], values["memory_writes_left"]) == (1, 99)
        assert device.writes_left == 99
    assert simulator.commands == [(CURRENT_LIMIT, 75)]
    assert simulator.questions[-1] == CURRENT_LIMIT or CURRENT_LIMIT in simulator.questions


async def test_what_is_set_already_is_not_written(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator, daily_writes=0) as device:
        await device.apply(UNIT, LIMIT, 12.0)
        # Another program changed it since it was read last: it is looked at before.
        simulator.registers[CURRENT_LIMIT] = tenths(8.0)
        await device.apply(UNIT, LIMIT, 8.04)
        assert await shown(device, LIMIT) == 8.0
    assert not simulator.commands


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (2.9, "refused_out_of_range"),
        (12.1, "refused_out_of_range"),
        (0, "refused_out_of_range"),
        (-0.7, "refused_out_of_range"),
        (float("nan"), "refused_out_of_range"),
        ("7", "refused_not_a_number"),
    ],
)
async def test_a_limit_out_of_range_is_not_sent(
    pty: PtyWire, wish: float | str, reason: str
) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        assert (await refused(device, LIMIT, wish)).key == reason
    assert not simulator.commands


async def test_nothing_is_written_without_leave(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator, allow_control=False) as device:
        assert (await refused(device, LIMIT, 7.0)).key == "refused_not_allowed"
        assert (await reading_of(device)).values.get("memory_writes") is None
    assert not simulator.commands


async def test_starting_reading_and_connecting_again_write_nothing(pty: PtyWire) -> None:
    simulator = ip43(pty)
    async with in_control(simulator) as device:
        for _ in range(5):
            await reading_of(device)
        await pty.unplug()
        await asyncio.sleep(0.2)
        await pty.plug()
        await until(lambda: device.wires.health.opened == 2 and device.fresh())
        # What was offered stays offered.
        assert control(device, LIMIT)
        assert control(device, SWITCH)
        await until(lambda: simulator.questions.count(0xEDF0) >= 2)
    assert not simulator.commands
    assert not simulator.writes


@pytest.mark.parametrize(("wish", "clamped"), [(3.0, 4.0), (12.0, 10.0)])
async def test_a_limit_that_the_charger_chooses_is_shown(
    pty: PtyWire, wish: float, clamped: float
) -> None:
    simulator = ip22(pty)
    simulator.clamp = (4.0, 10.0)
    simulator.registers[CURRENT_LIMIT] = tenths(6.0)
    async with in_control(simulator) as device:
        await device.apply(UNIT, LIMIT, wish)
        assert await shown(device, LIMIT) == clamped


async def test_a_limit_that_is_clamped_to_what_it_was_is_no_error(pty: PtyWire) -> None:
    simulator = ip22(pty)
    simulator.clamp = (4.0, 12.0)
    simulator.registers[CURRENT_LIMIT] = tenths(4.0)
    async with in_control(simulator) as device:
        await device.apply(UNIT, LIMIT, 3.0)
        assert await shown(device, LIMIT) == 4.0


@pytest.mark.parametrize(
    ("flags", "detail"),
    [
        (1, "unknown register"),
        (READ_ONLY, "not supported or read-only"),
        (PARAMETER, "parameter error"),
        (READ_ONLY | PARAMETER, "not supported or read-only, parameter error"),
        (0x40, "flags 0x40"),
    ],
)
async def test_the_charger_refuses(pty: PtyWire, flags: int, detail: str) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        simulator.refuses[CURRENT_LIMIT] = flags
        error = await refused(device, LIMIT, 7.0)
        assert (error.key, error.placeholders["detail"]) == ("refused_device_refused", detail)
        assert await shown(device, LIMIT) == 12.0
        assert "EDF0" not in str((await reading_of(device)).raw.get("refused"))
    assert simulator.writes[CURRENT_LIMIT] == 0


async def test_a_register_that_went_away_is_not_written(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        del simulator.registers[CURRENT_LIMIT]
        assert (await refused(device, LIMIT, 7.0)).key == "refused_device_refused"
        simulator.registers[CURRENT_LIMIT] = b"\x78"
        assert (await refused(device, LIMIT, 7.0)).placeholders["detail"] == "value 78"
    assert not simulator.commands


async def test_a_charger_that_takes_it_without_a_word(pty: PtyWire) -> None:
    simulator = ip22(pty)
    simulator.mute.add(CURRENT_LIMIT)
    async with in_control(simulator) as device:
        await device.apply(UNIT, LIMIT, 7.0)
        assert await shown(device, LIMIT) == 7.0
    assert simulator.writes[CURRENT_LIMIT] == 1


@pytest.mark.parametrize("how", ["lost", "stubborn"])
async def test_a_charger_that_does_not_take_it(pty: PtyWire, how: str) -> None:
    simulator = ip22(pty)
    getattr(simulator, how).add(CURRENT_LIMIT)
    async with in_control(simulator) as device:
        error = await refused(device, LIMIT, 7.0)
        assert (error.key, error.placeholders["detail"]) == ("refused_not_taken", "12.0 A")
        assert await shown(device, LIMIT) == 12.0
    # It is not tried again behind the back of who asked.
    assert simulator.commands == [(CURRENT_LIMIT, 70)]


async def test_a_link_that_is_lost_behind_the_write(pty: PtyWire) -> None:
    simulator = ip22(pty)
    simulator.unplugs_at = CURRENT_LIMIT
    async with in_control(simulator) as device:
        error = await refused(device, LIMIT, 7.0)
        assert error.key == "refused_unknown_state"
        assert error.placeholders["detail"] == "7.0 A sent, 12.0 A before"
        with pytest.raises(LinkError):
            await device.read()
        simulator.unplugs_at = None
        await pty.plug()
        await until(lambda: device.fresh() and device._samples.knows(LIMIT))
        assert await shown(device, LIMIT) == 7.0
    assert simulator.commands == [(CURRENT_LIMIT, 70)]


async def test_a_charger_that_falls_silent_behind_the_write(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        wish = asyncio.create_task(device.apply(UNIT, LIMIT, 7.0))
        await until(lambda: simulator.commands)
        simulator.deaf = True
        with pytest.raises(Exception, match="unknown_state"):
            await wish
    assert simulator.writes[CURRENT_LIMIT] == 1


async def test_a_link_that_is_gone_before_the_write(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        simulator.deaf = True
        with pytest.raises(NoAnswer):
            await device.apply(UNIT, LIMIT, 7.0)
        wish = asyncio.create_task(device.apply(UNIT, LIMIT, 7.0))
        await asyncio.sleep(0.05)
        await pty.unplug()
        with pytest.raises(LinkError):
            await wish
        with pytest.raises(LinkError):
            await device.apply(UNIT, LIMIT, 7.0)
        simulator.deaf = False
        await pty.plug()
        await until(device.fresh)
        await asyncio.sleep(0.3)
    # The wish ended with its link.
    assert not simulator.commands
    assert device.thrift.writes == 0
    with pytest.raises(LinkError):
        await device.apply(UNIT, LIMIT, 7.0)


async def test_nothing_is_sent_to_a_charger_that_has_not_said_who_it_is(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        device.lost(NoAnswer("d"))
        with pytest.raises(NoAnswer):
            await device.apply(UNIT, LIMIT, 7.0)
    assert not simulator.commands


async def test_a_wish_that_was_cancelled_is_not_sent(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        simulator.deaf = True
        first = asyncio.create_task(device.apply(UNIT, LIMIT, 7.0))
        await asyncio.sleep(0.05)
        first.cancel()
        second_wish = asyncio.create_task(device.apply(UNIT, LIMIT, 8.0))
        await asyncio.sleep(0.01)
        second_wish.cancel()
        await asyncio.wait([first, second_wish])
        simulator.deaf = False
        await asyncio.sleep(1.0)
        assert await shown(device, LIMIT) == 12.0
    assert not simulator.commands


async def test_one_write_in_each_pause_and_the_newest_wish_wins(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        wishes = [asyncio.create_task(device.apply(UNIT, LIMIT, 4.0))]
        await until(lambda: simulator.commands)
        begin = time.monotonic()
        wishes += [
            asyncio.create_task(device.apply(UNIT, LIMIT, amperes)) for amperes in (5.0, 6.0, 7.0)
        ]
        await asyncio.gather(*wishes)
        assert time.monotonic() - begin >= 0.3
        assert await shown(device, LIMIT) == 7.0
        assert device.thrift.writes == 2
    assert simulator.commands == [(CURRENT_LIMIT, 40), (CURRENT_LIMIT, 70)]


async def test_the_memory_is_written_so_often_a_day(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charger, "PAUSE", 0.0)
    simulator = ip22(pty)
    async with in_control(simulator, daily_writes=2) as device:
        await device.apply(UNIT, LIMIT, 7.0)
        await device.apply(UNIT, LIMIT, 8.0)
        error = await refused(device, LIMIT, 9.0)
        assert (error.key, error.placeholders["detail"]) == ("refused_budget_used", "2")
        assert await shown(device, LIMIT) == 8.0
        assert device.writes_left == 0
        device.settings = Settings(allow_control=True, daily_writes=3)
        await device.apply(UNIT, LIMIT, 9.0)
        device.thrift.count = 1
        assert device.writes_left == 2
    assert simulator.writes[CURRENT_LIMIT] == 3


async def test_a_round_trip_at_the_speed_of_the_line_within_the_flood(
    pty: PtyWire, tcp: TcpWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vedirect, "PACE", 0.25)
    monkeypatch.setattr(questions, "WANTED_PACE", 0.1)
    monkeypatch.setattr(questions, "ANSWER_TIMEOUT", 1.5)
    for wire in (pty, tcp):
        wire.baudrate = 19200
        simulator = SettableCharger(wire)
        async with in_control(simulator) as device:
            begin = time.monotonic()
            await device.apply(UNIT, LIMIT, 7.0)
            assert time.monotonic() - begin < 1.5
            assert await shown(device, LIMIT) == 7.0


async def test_a_late_answer_is_not_taken_for_the_one_that_is_waited_for(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        held: list[bytes] = []
        receive = simulator._receive

        def hold(data: bytes) -> None:
            held.append(data)

        # Everything is answered, but late: the look, which is sent three times, and given up.
        pty.attach(hold)
        with pytest.raises(NoAnswer):
            await device.apply(UNIT, LIMIT, 7.0)
        pty.attach(receive)
        wish = asyncio.create_task(device.apply(UNIT, LIMIT, 8.0))
        await asyncio.sleep(0.03)
        for data in held:
            receive(data)
        simulator.registers[CURRENT_LIMIT] = tenths(9.0)
        await wish
        assert await shown(device, LIMIT) == 8.0
        # Something else was asked between, whose answer shows that nothing is late.
        assert pty.received.count(b":70001004D") >= 2


async def test_a_charger_that_answers_nothing_any_more(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        simulator.deaf = True
        for _ in range(2):
            with pytest.raises(NoAnswer):
                await device.apply(UNIT, LIMIT, 7.0)
        simulator.deaf = False
        await asyncio.sleep(0.2)
        with pytest.raises(NoAnswer):
            # Whatever could show that nothing is late may itself be late.
            await device.apply(UNIT, LIMIT, 7.0)
    assert not simulator.commands


async def test_an_adapter_that_echoes_does_not_speak_for_the_charger(pty: PtyWire) -> None:
    simulator = ip22(pty)
    answer = simulator._receive

    def echo_and_answer(data: bytes) -> None:
        pty.put(data)
        answer(data)

    pty.attach(echo_and_answer)
    async with in_control(simulator) as device:
        await device.apply(UNIT, LIMIT, 7.0)
        assert await shown(device, LIMIT) == 7.0
        await asyncio.sleep(0.4)
        simulator.refuses[CURRENT_LIMIT] = PARAMETER
        assert (await refused(device, LIMIT, 8.0)).key == "refused_not_taken"
        assert await shown(device, LIMIT) == 7.0
