"""Looking for one family where another one answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import override

import pytest

from custom_components.cellwire.devices import search as searching
from custom_components.cellwire.devices.device import Family, Found, Identity, Line
from custom_components.cellwire.devices.errors import (
    BadAnswer,
    DeviceError,
    NoAnswer,
    OtherDevice,
    WrongIdentity,
)
from custom_components.cellwire.devices.hubble_am2 import pack, probe as hubble_probe
from custom_components.cellwire.devices.jk_bms import classic, modbus, probe
from custom_components.cellwire.devices.model import Unit, UnitKind
from custom_components.cellwire.devices.registry import FAMILIES
from custom_components.cellwire.devices.search import recognise, search
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.links.link import Link
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import reply
from tests.bench.modbus_link import Owner, make_link
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire

JK, VICTRON, HUBBLE = FAMILIES["jk_bms"], FAMILIES["victron_charger"], FAMILIES["hubble_am2"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classic, "TIMEOUT", 0.2)
    monkeypatch.setattr(modbus, "PACE", 0.02)
    monkeypatch.setattr(probe, "SCAN_TIMEOUT", 0.05)
    monkeypatch.setattr(probe, "OLD_TIMEOUT", 0.2)
    monkeypatch.setattr(ChargerDevice, "patience", 1.0)
    monkeypatch.setattr(searching, "LISTEN", 0.3)
    monkeypatch.setattr(hubble_probe, "SCAN_TIMEOUT", 0.15)
    monkeypatch.setattr(hubble_probe, "MANNERS", replace(pack.MANNERS, spacing=0.0))


@asynccontextmanager
async def talking(wire: PtyWire, part: bytes) -> AsyncIterator[None]:
    async def talk() -> None:
        while True:
            await wire.send(part)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(talk())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def problem(family: Family, wire: PtyWire) -> DeviceError:
    def link_for(line: Line) -> SerialLink:
        return SerialLink(wire.address, line.baudrate)

    with pytest.raises(DeviceError) as caught:
        await search(family, link_for, lambda _: None, link_for)
    link = SerialLink(wire.address, 9600)
    await link.open()
    await link.close()
    return caught.value


async def test_a_charger_where_a_bms_was_expected(pty: PtyWire) -> None:
    charger = asyncio.create_task(Charger(pty, period=0.1).run())
    error = await problem(JK, pty)
    charger.cancel()
    assert isinstance(error, OtherDevice)
    assert error.placeholders == {"device": "JK-BMS", "found": "Victron Blue Smart IP22 24/12 (1)"}


async def test_a_bms_where_a_charger_was_expected(pty: PtyWire) -> None:
    async with talking(pty, reply("real_16s_sw11.26_idle")):
        error = await problem(VICTRON, pty)
    assert isinstance(error, OtherDevice)
    assert error.placeholders["found"] == probe.CLASSIC_NAME


async def test_garbage_that_is_clear_at_another_speed(pty: PtyWire) -> None:
    """A line at the wrong speed is garbage; at the right one it names itself."""

    class Slow(SerialLink):
        def __init__(self, line: Line) -> None:
            super().__init__(pty.address, line.baudrate)
            self.right = line.baudrate == VICTRON.baudrate

        @override
        async def read(self, timeout: float, least: int = 1) -> bytes:
            data = await super().read(timeout, least)
            return data if self.right else bytes(byte ^ 0xA5 for byte in data)

    charger = asyncio.create_task(Charger(pty, period=0.1).run())
    with pytest.raises(OtherDevice) as caught:
        await search(JK, Slow, lambda _: None, Slow)
    charger.cancel()
    assert caught.value.placeholders["found"] == "Victron Blue Smart IP22 24/12 (1)"


async def test_the_wrong_socket_of_a_pack(pty: PtyWire) -> None:
    """What a Modbus connection can't hear is heard afterwards."""
    async with talking(pty, b"~250246900000FDA4\r"):
        with pytest.raises(OtherDevice) as caught:
            await search(
                HUBBLE,
                lambda line: make_link(Owner(pty, line), pty, has_line=False),
                lambda _: None,
                lambda line: SerialLink(pty.address, line.baudrate),
            )
    assert "RS485" in caught.value.placeholders["found"]


@pytest.mark.parametrize("overhears", [True, False])
async def test_nobody_and_nothing_to_hear(pty: PtyWire, *, overhears: bool) -> None:
    def overhear_on(line: Line) -> SerialLink:
        # Somebody else may have the port by now.
        return SerialLink("/nowhere", line.baudrate)

    with pytest.raises(NoAnswer):
        await search(
            HUBBLE,
            lambda line: make_link(Owner(pty, line), pty, has_line=False),
            lambda _: None,
            overhear_on if overhears else None,
        )


async def test_garbage_at_any_speed(pty: PtyWire) -> None:
    async with talking(pty, b"\xa5\x5a" * 20):
        error = await problem(JK, pty)
    assert isinstance(error, BadAnswer)
    assert error.heard.startswith(b"\xa5\x5a")


def test_nothing_is_recognised_in_nothing() -> None:
    assert recognise(b"") is None


def test_families_are_told_apart() -> None:
    for key, family in FAMILIES.items():
        assert family.key == key
        assert family.shortest_interval <= family.interval
    assert len({family.name for family in FAMILIES.values()}) == len(FAMILIES)


def found(variant: str, **serials: str | None) -> Found:
    units = tuple(
        Unit(key=key, kind=UnitKind.BATTERY, manufacturer="Maker", model="M1", serial=serial)
        for key, serial in serials.items()
    )
    return Found(identity=Identity(variant=variant, serials=serials), units=units)


def test_titles() -> None:
    assert found("v", a="S1").title == "M1 S1"
    assert found("v", a=None).title == "M1"
    assert found("v", a="S1", b=None).title == "M1 (2 packs)"
    nameless = Unit(key="a", kind=UnitKind.CHARGER, manufacturer="Maker")
    assert Found(identity=Identity(variant="v", serials={}), units=(nameless,)).title == "Maker"


KNOWN = Identity(variant="v", serials={"1": "A", "2": None})


@pytest.mark.parametrize(
    "serials", [{"1": "A"}, {"1": None}, {"1": "A", "2": "B", "3": "C"}, {"2": "Z"}]
)
def test_the_same_device_on_another_port(serials: dict[str, str | None]) -> None:
    Identity(variant="v", serials=serials).succeed(KNOWN, "M1")


@pytest.mark.parametrize("serials", [{"1": "B"}, {"1": "B", "2": None}, {"3": "A"}])
def test_another_device_on_another_port(serials: dict[str, str | None]) -> None:
    with pytest.raises(WrongIdentity):
        Identity(variant="v", serials=serials).succeed(KNOWN, "M1")


def test_another_bank_on_another_port() -> None:
    """That both are banks says nothing."""
    known = Identity(variant="v", serials={"bank": None, "1": None})
    with pytest.raises(WrongIdentity):
        Identity(variant="v", serials={"bank": None, "3": None}).succeed(known, "Bank")
    Identity(variant="v", serials={"bank": None, "1": "A"}).succeed(known, "Bank")


def test_another_generation_on_another_port() -> None:
    with pytest.raises(OtherDevice) as caught:
        Identity(variant="w", serials={"1": "A"}).succeed(KNOWN, "M1")
    assert caught.value.placeholders["found"] == "M1"


def test_devices_are_made_for_every_generation() -> None:
    for variant in ("classic", "modbus", "modbus_listener"):
        link: Link = SerialLink("/dev/null", 9600)
        device = JK.create(link, Identity(variant=variant, serials={"1": None}))
        assert device.wires.link is link
