"""How the current can be limited: from where to where, and without wearing the memory."""

import asyncio
import logging

import pytest

from custom_components.cellwire.devices.control import NumberControl
from custom_components.cellwire.devices.device import Settings
from custom_components.cellwire.devices.vedirect import questions
from custom_components.cellwire.devices.vedirect.products import (
    PRODUCTS,
    ProductClass,
    product_class,
    rated_current,
)
from custom_components.cellwire.devices.victron_charger import controls
from custom_components.cellwire.devices.victron_charger.reading import UNIT
from custom_components.cellwire.devices.victron_charger.registers import REGISTERS as KNOWN
from custom_components.cellwire.links.errors import LinkError
from tests.bench.victron_charger import REGISTERS
from tests.bench.victron_writes import (
    CURRENT_LIMIT,
    NETWORK_MODE,
    NO_LIMIT,
    PARAMETER,
    PHOENIX,
    VOLATILE_LIMIT,
    SettableCharger,
    tenths,
)
from tests.bench.wire import PtyWire
from tests.waiting import until

from .controlling import LIMIT, control, in_control, ip22, ip43, refused, shown
from .talking import FAST, second

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.mark.parametrize(
    ("registers", "product", "limits"),
    [
        ({}, "0xA334", (3.0, 12.0)),
        ({0xEDC8: tenths(2.0)}, "0xA334", (2.0, 12.0)),
        ({0xEDC8: tenths(0), 0xEDDF: tenths(0)}, "0xA334", (3.0, 12.0)),
        ({0xEDC8: b"\xff\xff", 0xEDDF: b"\xff\xff"}, "0xA334", (3.0, 12.0)),
        ({0xEDC8: tenths(20), 0xEDDF: tenths(10)}, "0xA334", (2.5, 10.0)),
        ({}, "0xA32C", (3.8, 15.0)),
        ({}, "0xA330", (7.5, 30.0)),
        ({0xEDDF: tenths(15)}, "0xA35F", (3.8, 15.0)),
        ({0x0140: b""}, "0xA334", (3.0, 12.0)),
    ],
)
async def test_the_limits_are_those_of_the_charger_else_of_its_model(
    pty: PtyWire, registers: dict[int, bytes], product: str, limits: tuple[float, float]
) -> None:
    simulator = SettableCharger(pty, [second(PID=product)], REGISTERS | registers, period=FAST)
    async with in_control(simulator) as device:
        number = control(device, LIMIT)
        assert isinstance(number, NumberControl)
        assert (number.minimum, number.maximum) == limits


async def test_without_a_rated_current_there_is_no_limit(pty: PtyWire) -> None:
    simulator = SettableCharger(pty, [second(PID="0xA35F")], period=FAST)
    async with in_control(simulator, None) as device:
        await until(lambda: 0x0200 in simulator.questions)
        await asyncio.sleep(0.2)
        assert control(device, LIMIT) is None
        assert device.writes_left is None


async def test_without_the_wire_to_the_charger_nothing_can_be_set(pty: PtyWire) -> None:
    simulator = ip22(pty)
    simulator.deaf = True
    async with in_control(simulator, None) as device:
        await asyncio.sleep(0.5)
        assert device.controls[UNIT] == ()


async def test_the_volatile_limit_is_renewed_while_it_is_wished_for(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "REFRESH", 0.2)
    simulator = ip43(pty)
    simulator.holds = 0.5
    async with in_control(simulator) as device:
        number = control(device, LIMIT)
        assert isinstance(number, NumberControl)
        assert (number.minimum, number.maximum) == (12.5, 50.0)
        assert await shown(device, LIMIT) == 50.0
        await device.apply(UNIT, LIMIT, 20.0)
        await device.apply(UNIT, LIMIT, 25.0)
        assert await shown(device, LIMIT) == 25.0
        await asyncio.sleep(1.0)
        assert await shown(device, LIMIT) == 25.0
        assert simulator.writes[VOLATILE_LIMIT] >= 4
        assert set(simulator.commands[3:]) == {(NETWORK_MODE, 5), (VOLATILE_LIMIT, 250)}
        await device.close()
        renewed = simulator.writes[VOLATILE_LIMIT]
        await asyncio.sleep(0.6)
        # The wish ended with the device, and the charger goes on by its own settings.
        assert simulator.writes[VOLATILE_LIMIT] == renewed
        assert simulator.registers[VOLATILE_LIMIT] == NO_LIMIT
        with pytest.raises(LinkError):
            await device.apply(UNIT, LIMIT, 30.0)
    assert simulator.writes[CURRENT_LIMIT] == 0
    assert device.thrift.writes == 0


async def test_the_volatile_limit_falls_back_when_it_may_not_be_renewed(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "REFRESH", 0.2)
    monkeypatch.setitem(questions.INTERVALS, KNOWN.by_number[VOLATILE_LIMIT].tier, 0.2)
    simulator = ip43(pty)
    simulator.holds = 0.4
    async with in_control(simulator) as device:
        await device.apply(UNIT, LIMIT, 20.0)
        # The next one is waited for already.
        await asyncio.sleep(0.05)
        device.settings = Settings()
        await asyncio.sleep(1.0)
        assert await shown(device, LIMIT) == 50.0
        assert simulator.writes[VOLATILE_LIMIT] == 1
        device.settings = Settings(allow_control=True)
        await device.apply(UNIT, LIMIT, 21.0)
        await until(lambda: simulator.writes[VOLATILE_LIMIT] >= 3)
        assert simulator.registers[VOLATILE_LIMIT] == tenths(21.0)


async def test_a_volatile_limit_that_could_not_be_renewed_is_tried_again(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(controls, "REFRESH", 0.1)
    simulator = ip43(pty)
    with caplog.at_level(logging.DEBUG):
        async with in_control(simulator) as device:
            await device.apply(UNIT, LIMIT, 20.0)
            await pty.unplug()
            await until(lambda: "could not be repeated" in caplog.text)
            writes = simulator.writes[VOLATILE_LIMIT]
            await pty.plug()
            await until(lambda: simulator.writes[VOLATILE_LIMIT] > writes)
    assert set(simulator.commands) == {(NETWORK_MODE, 5), (VOLATILE_LIMIT, 200)}


async def test_a_mistake_does_not_end_the_repetition_of_a_volatile_limit(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(controls, "REFRESH", 0.1)
    simulator = ip43(pty)

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    async with in_control(simulator) as device:
        await device.apply(UNIT, LIMIT, 20.0)
        with monkeypatch.context() as mistaken:
            mistaken.setattr(device._panel._writer, "renew", fail)
            await until(lambda: "ZeroDivisionError" in caplog.text)
            await asyncio.sleep(0.3)
        writes = simulator.writes[VOLATILE_LIMIT]
        await until(lambda: simulator.writes[VOLATILE_LIMIT] > writes)
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_a_volatile_limit_needs_no_network_mode_but_its_register(pty: PtyWire) -> None:
    simulator = ip43(pty)
    async with in_control(simulator) as device:
        simulator.refuses[NETWORK_MODE] = PARAMETER
        await device.apply(UNIT, LIMIT, 20.0)
        assert await shown(device, LIMIT) == 20.0
        simulator.refuses[VOLATILE_LIMIT] = PARAMETER
        assert (await refused(device, LIMIT, 30.0)).key == "refused_device_refused"
        assert await shown(device, LIMIT) == 20.0


async def test_a_link_that_is_lost_in_front_of_the_volatile_limit(pty: PtyWire) -> None:
    simulator = ip43(pty)
    simulator.unplugs_at = NETWORK_MODE
    async with in_control(simulator) as device:
        with pytest.raises(LinkError):
            await device.apply(UNIT, LIMIT, 20.0)
    assert simulator.writes[VOLATILE_LIMIT] == 0


@pytest.mark.parametrize("missing", [0x2015, 0x0140])
async def test_without_the_capability_and_the_register_the_stored_limit_is_set(
    pty: PtyWire, missing: int
) -> None:
    registers = {number: value for number, value in PHOENIX.items() if number != missing}
    simulator = SettableCharger(
        pty, [second(PID="0xA340")], registers, period=FAST, clamp=(12.5, 50.0)
    )
    async with in_control(simulator) as device:
        await device.apply(UNIT, LIMIT, 20.0)
        assert await shown(device, LIMIT) == 20.0
    assert simulator.commands == [(CURRENT_LIMIT, 200)]


@pytest.mark.parametrize(
    ("product", "amperes"),
    [(0xA334, 12.0), (0xA30C, 1.1), (0xA340, 50.0), (0xA300, None), (0xA35F, None)],
)
def test_the_rated_current_is_in_the_name(product: int, amperes: float | None) -> None:
    assert rated_current(product) == amperes


def test_every_model_but_the_generic_one_is_rated() -> None:
    chargers = [each for each in PRODUCTS if product_class(each) is ProductClass.AC_CHARGER]
    assert [each for each in chargers if not rated_current(each)] == [0xA300]
