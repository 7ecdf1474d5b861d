"""What is on a port: found by listening, then by asking, and never by writing."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.cellwire.devices import detect as detecting, registers
from custom_components.cellwire.devices.detect import Detected, detect
from custom_components.cellwire.devices.errors import NothingFound, NotUsable
from custom_components.cellwire.devices.hubble_am2 import pack, probe as hubble_probe
from custom_components.cellwire.devices.icharger import conversation
from custom_components.cellwire.devices.jk_bms import classic, modbus, probe
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.link import LinkKind
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import chargery
from tests.bench.captures import capture, reply
from tests.bench.hubble_am2 import Pack
from tests.bench.jk_bms import ClassicBoard
from tests.bench.modbus import RtuBus, Slave
from tests.bench.modbus_link import Owner, make_link
from tests.bench.victron_charger import Charger
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detecting, "LISTEN", 0.5)
    monkeypatch.setattr(detecting, "STEP", 0.05)
    monkeypatch.setattr(classic, "TIMEOUT", 0.2)
    monkeypatch.setattr(modbus, "PACE", 0.02)
    monkeypatch.setattr(probe, "LISTEN", 0.1)
    monkeypatch.setattr(probe, "SCAN_TIMEOUT", 0.05)
    monkeypatch.setattr(probe, "OLD_TIMEOUT", 0.1)
    monkeypatch.setattr(ChargerDevice, "patience", 1.0)
    monkeypatch.setattr(registers, "LATE", 0.01)
    monkeypatch.setattr(hubble_probe, "MANNERS", replace(pack.MANNERS, spacing=0.0))
    monkeypatch.setattr(hubble_probe, "SCAN_TIMEOUT", 0.15)
    monkeypatch.setattr(conversation, "TIMEOUT", 0.05)


async def look(wire: PtyWire) -> tuple[Detected, list[float]]:
    steps: list[float] = []
    detected = await detect(
        wire.address,
        lambda line: SerialLink(wire.address, line.baudrate),
        lambda line: make_link(Owner(wire, line), wire),
        steps.append,
    )
    assert steps == sorted(steps)
    assert all(0 <= step <= 1 for step in steps)
    return detected, steps


async def test_a_charger_that_talks(pty: PtyWire) -> None:
    talking = asyncio.create_task(Charger(pty, period=0.1).run())
    (family, kind, found), _ = await look(pty)
    talking.cancel()
    assert (family.key, kind) == ("victron_charger", LinkKind.SERIAL)
    assert found.title.startswith("Blue Smart IP22")


async def test_a_bms_that_talks(pty: PtyWire) -> None:
    async with chargery.talking(chargery.Bms(pty, period=0.05)):
        (family, kind, found), _ = await look(pty)
    assert (family.key, kind, found.title) == ("chargery", LinkKind.SERIAL, "BMS16T")
    assert not pty.received


async def test_a_board_that_must_be_asked(pty: PtyWire) -> None:
    ClassicBoard(pty, reply("real_16s_sw11.262H_charging_10A"))
    (family, kind, found), steps = await look(pty)
    assert (family.key, kind, found.title) == ("jk_bms", LinkKind.SERIAL, "JK_B1A24S15P")
    assert steps


async def test_packs_that_must_be_asked(pty: PtyWire) -> None:
    packs: dict[int, Slave] = {4: Pack(serial="PACK4")}
    RtuBus(pty, packs)
    (family, kind, found), _ = await look(pty)
    assert (family.key, kind) == ("hubble_am2", LinkKind.MODBUS_RTU)
    assert found.identity.serials == {"bank": None, "4": "PACK4"}
    assert not packs[4].writes


async def test_a_board_that_can_not_be_read(pty: PtyWire) -> None:
    answer = bytes.fromhex(capture("jk_bms", "old_dd_a5_vendor_examples")["frames"][1]["hex"])

    def listen(data: bytes) -> None:
        if probe.OLD_REQUEST in data:
            pty.put(answer)

    pty.attach(listen)
    with pytest.raises(NotUsable) as caught:
        await look(pty)
    assert caught.value.placeholders["found"] == probe.OLD_NAME


async def test_something_that_can_be_named_but_not_used(pty: PtyWire) -> None:
    talking = asyncio.create_task(Charger(pty, [second(PID="0xA053")], period=0.1).run())
    with pytest.raises(NotUsable) as caught:
        await look(pty)
    talking.cancel()
    assert caught.value.placeholders["found"] == "Victron SmartSolar MPPT 75/15"


async def test_nothing(pty: PtyWire) -> None:
    with pytest.raises(NothingFound) as caught:
        await look(pty)
    assert caught.value.placeholders == {"port": pty.address}


async def test_it_ends_in_time(pty: PtyWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detecting, "LIMIT", 0.3)
    with pytest.raises(NothingFound):
        await look(pty)


async def test_a_port_that_is_not_there(pty: PtyWire) -> None:
    await pty.unplug()
    with pytest.raises(LinkError) as caught:
        await look(pty)
    assert caught.value.fault is LinkFault.MISSING


async def test_noise_does_not_stop_the_search(pty: PtyWire) -> None:
    async def hiss() -> None:
        while True:
            await pty.send(b"\xa5\x5a" * 3000)
            await asyncio.sleep(0.1)

    hissing = asyncio.create_task(hiss())
    try:
        with pytest.raises(NothingFound):
            await look(pty)
    finally:
        hissing.cancel()


async def test_giving_up_frees_the_port(pty: PtyWire) -> None:
    looking = asyncio.create_task(look(pty))
    await asyncio.sleep(0.2)
    looking.cancel()
    await asyncio.wait([looking])
    link = SerialLink(pty.address, 9600)
    await link.open()
    await link.close()


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (b"~250246900000FDA4\r", "PACE"),
        (b"$1;1;;12345;8400;300;4200;4200;0;0;0;0;250;0;100;", "iCharger"),
    ],
)
async def test_something_that_speaks_another_protocol(pty: PtyWire, said: bytes, name: str) -> None:
    if said.startswith(b"$"):
        checksum = 0
        for byte in said:
            checksum ^= byte
        said += f"{checksum}\r\n".encode()

    async def talk() -> None:
        while True:
            await pty.send(said)
            await asyncio.sleep(0.1)

    talking = asyncio.create_task(talk())
    with pytest.raises(NotUsable) as caught:
        await look(pty)
    talking.cancel()
    assert name in caught.value.placeholders["found"]
