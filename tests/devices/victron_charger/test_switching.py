"""Switching a charger: by its own mode where it has one, else by a switch in its mains lead."""

import asyncio
import logging

import pytest

from custom_components.cellwire.devices import streaming
from custom_components.cellwire.devices.control import ToggleControl
from custom_components.cellwire.devices.device import Settings
from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.model import Status
from custom_components.cellwire.devices.victron_charger import charger, supply
from custom_components.cellwire.devices.victron_charger.reading import UNIT
from custom_components.cellwire.links.errors import LinkError
from tests.bench.victron_charger import SERIAL, hex_frame
from tests.bench.victron_writes import (
    CURRENT_LIMIT,
    DEVICE_MODE,
    READ_ONLY,
    Plug,
    SettableCharger,
)
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until

from .controlling import LIMIT, SWITCH, control, in_control, ip22, ip43, reading_of, refused, shown
from .talking import FAST, second

pytestmark = pytest.mark.usefixtures("hasty", "quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let mains, and what comes of them, be quick."""
    monkeypatch.setattr(streaming, "CUT_OFF_SILENCE", 0.3)
    monkeypatch.setattr(streaming, "CUT_OFF_STEP", 0.05)
    monkeypatch.setattr(charger.ChargerDevice, "alive", 0.4)
    monkeypatch.setattr(charger, "ALIVE_WITHOUT_MAINS", 0.2)
    monkeypatch.setattr(supply, "WAKING", 2.0)
    monkeypatch.setattr(supply, "SWITCHING", 0.3)


async def test_a_charger_with_a_mode_is_switched_by_it(pty: PtyWire) -> None:
    simulator = ip43(pty)
    plug = Plug(simulator)
    async with in_control(simulator, SWITCH, mains=plug) as device:
        assert isinstance(control(device, SWITCH), ToggleControl)
        await until(lambda: device._samples.knows("device_mode"))
        assert await shown(device, SWITCH) is True
        await device.apply(UNIT, SWITCH, wish=False)
        assert await shown(device, SWITCH) is False
        await device.apply(UNIT, SWITCH, wish=False)
        await device.apply(UNIT, SWITCH, wish=True)
        assert await shown(device, SWITCH) is True
        # Nobody knows whether it is stored, so it counts.
        assert device.thrift.writes == 2
    assert simulator.commands == [(DEVICE_MODE, 4), (DEVICE_MODE, 1)]
    assert not plug.turned


async def test_a_mode_in_the_text_is_a_switch_too(pty: PtyWire) -> None:
    simulator = ip43(pty)
    simulator.seconds[:] = [second(PID="0xA340", MODE="1")]
    async with in_control(simulator, SWITCH) as device:
        await until(lambda: device._samples.knows("device_mode"))
        await device.apply(UNIT, SWITCH, wish=False)
        await asyncio.sleep(0.2)
        # The text lags behind, and still says that it is on.
        assert await shown(device, SWITCH) is False


async def test_off_may_be_said_in_two_ways(pty: PtyWire) -> None:
    simulator = ip43(pty)
    simulator.registers[DEVICE_MODE] = b"\0"
    async with in_control(simulator, SWITCH) as device:
        await until(lambda: device._samples.knows("device_mode"))
        assert await shown(device, SWITCH) is False
        await device.apply(UNIT, SWITCH, wish=False)
    assert not simulator.commands


@pytest.mark.parametrize("how", ["refuses", "stubborn", "odd"])
async def test_a_mode_that_is_not_taken(pty: PtyWire, how: str) -> None:
    simulator = ip43(pty)
    if how == "odd":
        simulator.registers[DEVICE_MODE] = b"\x05"
    async with in_control(simulator, SWITCH) as device:
        await until(lambda: device._samples.knows("device_mode"))
        if how == "refuses":
            simulator.refuses[DEVICE_MODE] = READ_ONLY
        else:
            simulator.stubborn.add(DEVICE_MODE)
        error = await refused(device, SWITCH, wish=False)
        reasons = {
            "refuses": ("refused_device_refused", "not supported or read-only"),
            "stubborn": ("refused_not_taken", "on"),
            "odd": ("refused_not_taken", "mode 5"),
        }
        assert (error.key, error.placeholders["detail"]) == reasons[how]
        assert await shown(device, SWITCH) is (None if how == "odd" else True)


async def test_a_mode_is_not_switched_without_leave_or_link(pty: PtyWire) -> None:
    simulator = ip43(pty)
    async with in_control(simulator, SWITCH, allow_control=False) as device:
        assert (await refused(device, SWITCH, wish=False)).key == "refused_not_allowed"
        device.settings = Settings(allow_control=True)
        simulator.unplugs_at = DEVICE_MODE
        error = await refused(device, SWITCH, wish=False)
        assert (error.key, error.placeholders["detail"]) == (
            "refused_unknown_state",
            "off sent, on before",
        )
        with pytest.raises(LinkError):
            await device.apply(UNIT, SWITCH, wish=False)
    assert simulator.writes[DEVICE_MODE] == 1


async def test_a_charger_without_either_has_no_switch(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        await until(lambda: DEVICE_MODE in simulator.questions)
        await asyncio.sleep(0.2)
        assert control(device, SWITCH) is None
        assert (await refused(device, SWITCH, wish=False)).key == "refused_not_offered"


async def test_a_mode_in_the_text_that_the_register_denies_is_no_switch(pty: PtyWire) -> None:
    simulator = SettableCharger(pty, [second(MODE="1")], period=FAST)
    async with in_control(simulator) as device:
        await until(lambda: DEVICE_MODE in device._refused)
        await until(lambda: control(device, SWITCH) is None)


async def test_the_mains_are_switched_and_silence_is_no_fault(
    pty: PtyWire, caplog: pytest.LogCaptureFixture
) -> None:
    simulator = ip22(pty)
    plug = Plug(simulator)
    async with in_control(simulator, SWITCH, mains=plug) as device:
        await until(lambda: control(device, LIMIT))
        assert await shown(device, SWITCH) is True
        await device.apply(UNIT, SWITCH, wish=False)
        assert await shown(device, SWITCH) is False
        # What it said last does not hold for long.
        await until(lambda: device.fresh()[UNIT].status is Status.OFF, 0.5)
        for _ in range(5):
            reading = await reading_of(device)
            assert (reading.status, reading.voltage, reading.current) == (Status.OFF, None, None)
            assert reading.values["memory_writes"] == 0
            await asyncio.sleep(0.2)
        # The link is left alone meanwhile.
        assert not device.wires.link.is_open
        health = device.wires.health
        assert (health.opened, health.lost) == (1, 0)
        with pytest.raises(NoAnswer):
            await device.apply(UNIT, LIMIT, 7.0)
        await device.apply(UNIT, SWITCH, wish=True)
        # Until it talks again it is still said to be off.
        await until(lambda: device.fresh()[UNIT].voltage, 3.0)
        assert (await reading_of(device)).status is Status.BULK
        assert (health.opened, health.lost) == (2, 0)
    assert plug.turned == [False, True]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not simulator.commands


async def test_a_serial_server_that_hangs_without_mains(tcp: TcpWire) -> None:
    simulator = ip22(tcp)
    plug = Plug(simulator)
    async with in_control(simulator, SWITCH, mains=plug) as device:
        await device.apply(UNIT, SWITCH, wish=False)
        await tcp.unplug()
        await asyncio.sleep(1.0)
        assert (await reading_of(device)).status is Status.OFF
        opened = tcp.connections
        await tcp.plug()
        await device.apply(UNIT, SWITCH, wish=True)
        await until(lambda: device.fresh()[UNIT].voltage, 4.0)
        assert tcp.connections == opened + 1


async def test_a_charger_that_does_not_wake_is_a_fault(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "WAKING", 0.4)
    simulator = ip22(pty)
    plug = Plug(simulator)
    async with in_control(simulator, SWITCH, mains=plug) as device:
        await device.apply(UNIT, SWITCH, wish=False)
        await until(lambda: device.fresh()[UNIT].status is Status.OFF)
        plug.charger = None
        await device.apply(UNIT, SWITCH, wish=True)
        assert (await reading_of(device)).status is Status.OFF
        await asyncio.sleep(0.6)
        with pytest.raises(NoAnswer):
            await device.read()


async def test_nothing_is_asked_of_a_charger_that_has_just_lost_its_mains(pty: PtyWire) -> None:
    simulator = ip22(pty)
    plug = Plug(simulator)
    async with in_control(simulator, mains=plug) as device:
        await device.apply(UNIT, SWITCH, wish=False)
        with pytest.raises(NoAnswer):
            await device.apply(UNIT, LIMIT, 7.0)
    assert simulator.writes[CURRENT_LIMIT] == 0


async def test_starting_without_mains(pty: PtyWire) -> None:
    simulator = ip22(pty)
    simulator.powered = False
    plug = Plug(simulator, is_on=False)
    async with in_control(simulator, SWITCH, mains=plug) as device:
        assert (await reading_of(device)).status is Status.OFF
        unit = device.units[UNIT]
        assert (unit.serial, unit.model) == (SERIAL, None)
        assert not plug.turned
        assert await shown(device, SWITCH) is False
        await device.apply(UNIT, SWITCH, wish=True)
        await until(lambda: device.fresh()[UNIT].voltage, 3.0)
        assert device.units[UNIT].model == "Blue Smart IP22 24/12 (1)"


async def test_a_charger_that_talks_has_mains_whatever_its_switch_says(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator, mains=Plug(is_on=False)) as device:
        await asyncio.sleep(0.5)
        assert (await reading_of(device)).voltage == 28.68
        assert device.wires.health.opened == 1


@pytest.mark.parametrize(
    ("plug", "reason", "turned"),
    [
        (Plug(is_on=None), "refused_mains_unknown", []),
        (Plug(vanishes=True), "refused_mains_unknown", [False]),
        (Plug(obeys=False), "refused_not_taken", [False]),
        (Plug(is_on=False), None, []),
    ],
    ids=["away", "vanishes", "disobeys", "off already"],
)
async def test_mains_that_can_not_be_switched(
    pty: PtyWire, plug: Plug, reason: str | None, turned: list[bool]
) -> None:
    async with in_control(ip22(pty), SWITCH, mains=plug) as device:
        await until(lambda: control(device, LIMIT))
        if reason:
            error = await refused(device, SWITCH, wish=False)
            assert error.key == reason
            assert error.placeholders.get("detail") in (None, "on")
        else:
            await device.apply(UNIT, SWITCH, wish=False)
        assert plug.turned == turned
        assert (await reading_of(device)).voltage == 28.68


async def test_mains_that_do_not_come_on(pty: PtyWire) -> None:
    plug = Plug(is_on=False)
    async with in_control(ip22(pty), SWITCH, mains=plug) as device:
        plug.obeys = False
        assert (await refused(device, SWITCH, wish=True)).placeholders["detail"] == "off"


async def test_mains_whose_switch_is_not_named_any_more(pty: PtyWire) -> None:
    async with in_control(ip22(pty), SWITCH, mains=Plug()) as device:
        device.settings = Settings(allow_control=True)
        assert (await refused(device, SWITCH, wish=False)).key == "refused_mains_unknown"
        await until(lambda: control(device, SWITCH) is None)


async def test_a_charger_that_does_not_know_how_to_be_set(pty: PtyWire) -> None:
    simulator = ip22(pty)
    async with in_control(simulator) as device:
        simulator.lost.add(CURRENT_LIMIT)
        wish = asyncio.create_task(device.apply(UNIT, LIMIT, 7.0))
        await until(lambda: simulator.commands)
        await pty.send(hex_frame(3, b"\x08\x00"))
        with pytest.raises(Exception, match="unknown command"):
            await wish
    assert simulator.writes[CURRENT_LIMIT] == 0
