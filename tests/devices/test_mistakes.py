"""Exceptions that nobody foresaw cost a reading: logged once, counted, and begun anew."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
import logging
from typing import override

import pytest

from custom_components.cellwire.devices import mistakes
from custom_components.cellwire.devices.device import Identity, Readings
from custom_components.cellwire.devices.errors import BadAnswer, Unforeseen
from custom_components.cellwire.devices.jk_bms import classic, modbus
from custom_components.cellwire.devices.jk_bms.classic import UNIT, ClassicDevice
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.devices.jk_bms.modbus_reading import to_reading
from custom_components.cellwire.devices.mistakes import Mistakes
from custom_components.cellwire.devices.model import Reading, Value
from custom_components.cellwire.devices.streaming import StreamingDevice
from custom_components.cellwire.links.errors import LinkError
from custom_components.cellwire.links.health import LinkHealth
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import reply
from tests.bench.jk_bms import Bus, ClassicBoard, recorded_board
from tests.bench.wire import PtyWire
from tests.waiting import until

IDENTITY = Identity(variant="v", serials={UNIT: None})
CHARGING = reply("real_16s_sw11.262H_charging_10A")


class Talker(StreamingDevice):
    """A device whose decoder can't stand an exclamation mark."""

    name = "talker"
    period = 1.0
    alive = 10.0
    patience = 2.0

    def __init__(self, wire: PtyWire) -> None:
        super().__init__(SerialLink(wire.address, 115200), IDENTITY)
        self.heard = b""
        self.losses: list[Exception] = []

    @override
    def opened(self) -> None:
        self.heard = b""

    @override
    def is_echo(self, heard: bytes) -> bool:
        return False

    @override
    def lost(self, why: Exception) -> None:
        self.losses.append(why)

    @override
    def fresh(self) -> Readings:
        return {self.heard.decode(): Reading(at=0.0)} if self.heard else {}

    @override
    def receive(self, data: bytes) -> None:
        if b"!" in data:
            raise IndexError("a mistake")
        self.heard = data
        self.known()


@pytest.fixture
async def talker(pty: PtyWire) -> AsyncIterator[Talker]:
    device = Talker(pty)
    starting = asyncio.create_task(device.start())
    await until(lambda: device.wires.link.is_open)
    pty.put(b"one")
    await starting
    yield device
    await device.close()
    assert not device.wires.link.is_open


def counted(health: LinkHealth, **counts: int) -> bool:
    return all(getattr(health, name) == count for name, count in counts.items())


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        str(record.exc_info[1])
        for record in caplog.records
        if record.name == mistakes.__name__ and record.exc_info
    ]


async def test_a_stream_goes_on_after_a_mistake(
    talker: Talker, pty: PtyWire, caplog: pytest.LogCaptureFixture
) -> None:
    changes: list[None] = []
    talker.on_change(lambda: changes.append(None))
    for count in (1, 2):
        pty.put(b"!")
        await until(partial(counted, talker.wires.health, mistakes=count))
        with pytest.raises(Unforeseen) as caught:
            await talker.read()
        assert caught.value.placeholders == {
            "port": pty.address,
            "detail": "IndexError('a mistake')",
        }
        assert isinstance(talker.losses[-1], Unforeseen)
        await until(partial(counted, talker.wires.health, opened=count + 1))
        pty.put(b"two")
        await until(lambda: talker.heard)
        assert await talker.read() == {"two": Reading(at=0.0)}
    # Unavailable and back, twice.
    assert len(changes) == 4
    assert tracebacks(caplog) == ["a mistake"]
    assert talker.wires.health.lost == 2


async def test_a_mistake_of_whoever_listens_does_not_end_a_stream(
    talker: Talker, pty: PtyWire
) -> None:
    def fail(_readings: Readings) -> None:
        raise ZeroDivisionError

    leave = talker.on_reading(fail)
    pty.put(b"two")
    await until(lambda: talker.wires.health.mistakes == 1)
    leave()
    await until(lambda: talker.wires.health.opened == 2)
    pty.put(b"three")
    await until(lambda: talker.heard == b"three")
    assert "three" in await talker.read()


async def test_a_link_that_can_not_be_closed_does_not_end_a_stream(
    talker: Talker, pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = talker.wires.link.close

    async def fail() -> None:
        await close()
        raise RuntimeError("can't be closed")

    with monkeypatch.context() as stuck:
        stuck.setattr(talker.wires.link, "close", fail)
        pty.put(b"!")
        await until(lambda: talker.wires.health.mistakes == 2)
    await until(lambda: talker.wires.health.opened == 2)
    pty.put(b"two")
    await until(lambda: talker.heard == b"two")


async def test_a_stream_that_is_closed_while_it_begins(pty: PtyWire) -> None:
    device = Talker(pty)
    starting = asyncio.create_task(device.start())
    await until(lambda: device.wires.link.is_open)
    await device.close()
    with pytest.raises(LinkError):
        await starting
    assert not device.wires.link.is_open


async def test_a_closed_stream_is_not_opened_again(talker: Talker) -> None:
    await talker.close()
    with pytest.raises(LinkError):
        await talker.start()
    assert not talker.wires.link.is_open


async def test_a_device_that_is_asked_goes_on_after_a_mistake(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ClassicBoard(pty, CHARGING)
    device = ClassicDevice(SerialLink(pty.address, 115200), IDENTITY)
    await device.start()

    def fail(*_: object) -> Reading:
        raise KeyError(0x99)

    with monkeypatch.context() as mistaken:
        mistaken.setattr(classic, "to_reading", fail)
        for count in range(1, 4):
            with pytest.raises(Unforeseen):
                await device.read()
            assert device.wires.health.mistakes == count
            assert not device.lock.locked()
    # As after other failures in a row.
    assert not device.wires.link.is_open
    assert (await device.read())[UNIT].voltage == 53.15
    assert tracebacks(caplog) == ["153"]
    await device.close()


async def test_a_mistake_in_greeting_closes_the_link(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClassicBoard(pty, CHARGING)
    device = ClassicDevice(SerialLink(pty.address, 115200), IDENTITY)

    def fail(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(classic, "to_unit", fail)
    with pytest.raises(Unforeseen):
        await device.start()
    assert not device.wires.link.is_open


async def test_a_mistake_with_one_board_does_not_cost_the_others(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    Bus(
        pty,
        {
            1: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1"),
            3: recorded_board("pb_real_16s_sw15.41_addr3", "SERIAL3"),
        },
    )
    identity = Identity(variant=modbus.VARIANT, serials={"1": "SERIAL1", "3": "SERIAL3"})
    device = BusDevice(SerialLink(pty.address, 115200), identity)
    await device.start()

    def fail(data: bytes, settings: Mapping[str, Value], now: float) -> Reading:
        reading = to_reading(data, settings, now)
        if len(reading.cell_voltages) == 8:
            raise KeyError
        return reading

    monkeypatch.setattr(modbus, "to_reading", fail)
    assert set(await device.read()) == {"3"}
    assert device.wires.health.mistakes == 1
    await device.close()


def test_what_went_wrong_as_it_may_is_no_mistake() -> None:
    health = LinkHealth()
    with pytest.raises(BadAnswer), Mistakes("port", health).as_errors():
        raise BadAnswer("d", b"x")
    assert health.mistakes == 0


def test_each_mistake_of_each_link_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)

    def fail(what: str) -> None:
        if what == "one":
            raise IndexError(what)
        try:
            raise KeyError(what)
        except KeyError as err:
            raise RuntimeError from err

    for name in ("first link", "second link"):
        for what in ("one", "other", "one", "other"):
            with pytest.raises(Unforeseen), Mistakes(name, LinkHealth()).as_errors():
                fail(what)
    assert [record.getMessage() for record in caplog.records] == [
        "A mistake in Cellwire, met on first link",
        "A mistake in Cellwire, met on first link",
        "A mistake in Cellwire, met on second link",
        "A mistake in Cellwire, met on second link",
    ]
