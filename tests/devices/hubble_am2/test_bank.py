"""Several packs on one bus: who answers, who is missed, who joins and leaves."""

import time

import pytest

from custom_components.cellwire.devices.errors import (
    Declined,
    Implausible,
    NoAnswer,
    WrongIdentity,
)
from custom_components.cellwire.devices.hubble_am2 import pack as conversation
from custom_components.cellwire.devices.hubble_am2.bank import BankDevice
from custom_components.cellwire.devices.model import Status, UnitKind
from tests.bench import faults
from tests.bench.hubble_am2 import LIVE, SETTINGS, TEXTS, Pack, charging_packs, text_registers
from tests.bench.modbus import RtuBus, Slave, TcpGateway
from tests.bench.wire import PtyWire, TcpWire
from tests.devices.hubble_am2.buses import TWO, identity, packs, read_until, reading


async def test_the_bank_and_each_pack_are_units(device: BankDevice) -> None:
    readings = await device.read()
    assert list(readings) == list(device.units) == ["bank", "1", "3"]
    assert readings["1"].voltage == 51.75
    assert readings["3"].voltage == 51.2
    assert readings["bank"].voltage == 51.475
    assert readings["bank"].remaining_capacity == 148.53
    assert readings["bank"].soc == 70.7
    assert readings["bank"].status is Status.CHARGING
    assert (readings["bank"].cell_max_pack, readings["bank"].cell_max_number) == ("1", 7)
    assert readings["bank"].values == {"packs": 2, "packs_answering": 2}
    unit = device.units["3"]
    assert (unit.serial, unit.firmware, unit.via) == ("S3", "P13S120A-12290-2.05T", "bank")
    assert device.units["bank"].kind is UnitKind.BANK


async def test_units_stay_the_same_objects_as_long_as_nothing_changes(device: BankDevice) -> None:
    before = dict(device.units)
    await device.read()
    assert all(device.units[key] is unit for key, unit in before.items())


async def test_one_request_a_poll_and_the_rest_seldom(
    device: BankDevice, slaves: dict[int, Pack]
) -> None:
    for _ in range(4):
        await device.read()
    for pack in slaves.values():
        assert pack.asked.count(LIVE) == 5
        assert pack.asked.count(TEXTS) == pack.asked.count(SETTINGS) == 1
        assert len(pack.asked) == 7
        assert pack.writes == 0


async def test_settings_and_the_serial_number_of_the_pack_are_values(device: BankDevice) -> None:
    # Those of one pack in each cycle.
    await device.read()
    await device.read()
    readings = await device.read()
    for key in ("1", "3"):
        assert readings[key].values["pack_overvoltage_protection"] == 55.25
        assert readings[key].values["pack_serial"] == "2022-03-04 10:11"


async def test_settings_are_forgotten_if_they_can_not_be_read_again(
    device: BankDevice, slaves: dict[int, Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    await device.read()
    await device.read()
    monkeypatch.setattr(conversation, "SETTINGS_INTERVAL", 0.0)
    monkeypatch.setattr(conversation, "SETTINGS_AGE", 0.0)
    slaves[1].blocks[SETTINGS] = [0xFFFF] * 55
    readings = await device.read()
    assert "full_charge_voltage" not in readings["1"].values
    assert readings["1"].voltage == 51.75


async def test_a_pack_without_settings_is_asked_for_them_once(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "SETTINGS_INTERVAL", 0.0)
    slaves = packs(1)
    del slaves[1].blocks[SETTINGS]
    RtuBus(pty, dict(slaves))
    async with reading(pty, identity(p1="S1")) as device:
        for _ in range(3):
            readings = await device.read()
        assert "full_charge_voltage" not in readings["1"].values
        assert slaves[1].asked.count(SETTINGS) == 1


async def test_settings_that_were_lost_on_the_way_are_asked_for_again(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "SETTINGS_INTERVAL", 0.0)
    slaves = packs(1)
    RtuBus(pty, dict(slaves))
    async with reading(pty, identity(p1="S1")) as device:
        slaves[1].fault = faults.in_turn(faults.none, faults.silent)
        await device.read()
        await device.read()
        assert (await device.read())["1"].values["full_charge_voltage"] == 54.0


async def test_a_silent_pack_is_missing_and_totals_are_unknown(
    device: BankDevice, slaves: dict[int, Pack]
) -> None:
    slaves[3].fault = faults.silent
    readings = await device.read()
    assert list(readings) == ["bank", "1"]
    assert readings["bank"].alarms == {"pack_missing"}
    assert readings["bank"].full_capacity is None
    assert readings["bank"].values == {"packs": 2, "packs_answering": 1}
    slaves[3].fault = faults.none
    readings = await read_until(device, lambda found: "3" in found)
    assert readings["bank"].full_capacity == 210.0
    assert readings["bank"].alarms == frozenset()
    # Whoever comes back says who it is.
    assert slaves[3].asked.count(TEXTS) == 2


async def test_a_pack_that_was_silent_from_the_start_is_a_unit_all_the_same(pty: PtyWire) -> None:
    RtuBus(pty, dict(packs(1)))
    async with reading(pty, TWO) as device:
        readings = await device.read()
        assert readings["bank"].alarms == {"pack_missing"}
        assert list(device.units) == ["bank", "1", "3"]
        assert device.units["3"].serial == "S3"
        assert device.units["3"].model == "AM2"


async def test_one_pack_alive_of_15_is_read_in_each_cycle(pty: PtyWire) -> None:
    RtuBus(pty, dict(packs(7)))
    known = identity(**{f"p{number}": f"S{number}" for number in range(1, 16)})
    async with reading(pty, known) as device:
        for _ in range(8):
            begin = time.monotonic()
            timeouts = device.wires.health.timeouts
            readings = await device.read()
            assert list(readings) == ["bank", "7"]
            assert readings["bank"].values == {"packs": 15, "packs_answering": 1}
            assert device.wires.health.timeouts - timeouts <= 1
            assert time.monotonic() - begin < 0.5


async def test_nobody_answers(pty: PtyWire) -> None:
    slaves = packs(1, 3)
    RtuBus(pty, dict(slaves))
    async with reading(pty, TWO) as device:
        for pack in slaves.values():
            pack.fault = faults.silent
        for _ in range(2):
            with pytest.raises(NoAnswer):
                await device.read()
        for pack in slaves.values():
            pack.fault = faults.none
        assert list(await device.read()) == ["bank", "1", "3"]


async def test_a_device_does_not_start_without_a_pack(pty: PtyWire) -> None:
    async with reading(pty, TWO, start=False) as device:
        with pytest.raises(NoAnswer):
            await device.start()
        assert not device.wires.link.is_open


async def test_another_pack_at_a_known_address_is_not_shown(
    device: BankDevice, slaves: dict[int, Pack], bus: RtuBus, caplog: pytest.LogCaptureFixture
) -> None:
    await device.read()
    # The exchange is noticed behind a silence, as a pack is exchanged with its plugs pulled.
    del bus.slaves[3]
    await device.read()
    bus.slaves[3] = Pack(serial="OTHER")
    for _ in range(4):
        readings = await device.read()
        assert list(readings) == ["bank", "1"]
        assert readings["bank"].alarms == {"pack_missing"}
    assert device.units["3"].serial == "S3"
    warnings = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    told = [entry for entry in warnings if "wrong_identity" in entry.getMessage()]
    assert len(told) == 1
    bus.slaves[3] = slaves[3]
    await read_until(device, lambda found: "3" in found)


async def test_a_bus_of_other_packs_is_the_wrong_one(pty: PtyWire) -> None:
    RtuBus(pty, dict(packs(1)))
    async with reading(pty, identity(p1="OTHER", p2="S2"), start=False) as device:
        with pytest.raises(WrongIdentity):
            await device.start()


async def test_a_known_pack_must_say_who_it_is(pty: PtyWire) -> None:
    slaves = packs(1)
    del slaves[1].blocks[TEXTS]
    RtuBus(pty, dict(slaves))
    async with reading(pty, identity(p1="S1"), start=False) as device:
        with pytest.raises(Declined):
            await device.start()


async def test_a_pack_without_texts_is_read_if_none_are_expected(pty: PtyWire) -> None:
    slaves = packs(1)
    del slaves[1].blocks[TEXTS]
    RtuBus(pty, dict(slaves))
    async with reading(pty, identity(p1=None)) as device:
        readings = await device.read()
        assert len(readings["1"].cell_voltages) == 13
        assert "pack_serial" not in readings["1"].values
        assert device.units["1"].firmware is None
        assert slaves[1].asked.count(TEXTS) == 1
        # A cell that was seen stays a cell.
        slaves[1].blocks[LIVE][27] = 900
        slaves[1].blocks[LIVE][1] -= 304
        assert (await device.read())["1"].cell_voltages[12] == 0.9


async def test_texts_without_a_pack_serial_are_no_value(pty: PtyWire) -> None:
    slaves = packs(1)
    slaves[1].blocks[TEXTS] = text_registers("P13S120A-12290-1.50", "S1")
    RtuBus(pty, dict(slaves))
    async with reading(pty, identity(p1="S1")) as device:
        assert "pack_serial" not in (await device.read())["1"].values


async def test_values_that_contradict_each_other_are_a_silence(
    device: BankDevice, slaves: dict[int, Pack]
) -> None:
    slaves[3].blocks[LIVE][1] = 4000
    readings = await device.read()
    assert list(readings) == ["bank", "1"]
    assert device.wires.health.rejected == 1
    slaves[1].blocks[LIVE][1] = 4000
    with pytest.raises(Implausible):
        await device.read()


async def test_refused_fields_are_counted(device: BankDevice, slaves: dict[int, Pack]) -> None:
    slaves[1].blocks[LIVE][2] = 101
    slaves[1].blocks[LIVE][15] = 0
    readings = await device.read()
    assert readings["1"].soc is None
    assert readings["1"].cell_voltages[0] is None
    assert device.wires.health.rejected == 2


async def test_serial_numbers_are_not_traced(device: BankDevice) -> None:
    await device.read()
    traced = b"".join(entry.data for entry in device.wires.trace.entries)
    assert b"P13S120A" in traced
    assert b"S1" not in traced.replace(b"P13S120A", b"")
    assert b"2022" not in traced


async def test_the_demo_charges(pty: PtyWire) -> None:
    slaves: dict[int, Slave] = charging_packs()
    RtuBus(pty, slaves)
    for pack in slaves.values():
        pack.delay = 0.0
    serials = {f"p{number}": f"12290011225093{number}" for number in slaves}
    async with reading(pty, identity(**serials)) as device:
        readings = await device.read()
    assert device.wires.health.rejected == 0
    assert readings["bank"].status is Status.CHARGING
    assert readings["bank"].alarms == frozenset()
    assert len({readings[key].soc for key in ("1", "2", "3")}) == 3


async def test_a_gateway_that_tells_makes_no_difference(tcp: TcpWire) -> None:
    for tells in (True, False):
        gateway = TcpGateway(tcp, dict(packs(1)), tells=tells)
        async with reading(tcp, TWO, gateway=True) as device:
            readings = await device.read()
            assert list(readings) == ["bank", "1"]
            assert device.wires.health.timeouts == 2
        assert gateway.address.startswith("127")
