"""Packs that join a bank, and packs that are forgotten."""

import asyncio

import pytest

from custom_components.cellwire.devices import attendance
from custom_components.cellwire.devices.errors import NoAnswer
from custom_components.cellwire.devices.hubble_am2 import bank
from custom_components.cellwire.devices.hubble_am2.bank import BankDevice
from tests.bench import faults
from tests.bench.hubble_am2 import LIVE, TEXTS, Pack
from tests.bench.modbus import RtuBus
from tests.bench.wire import PtyWire
from tests.devices.hubble_am2.buses import TWO, identity, packs, read_until, reading
from tests.waiting import until


@pytest.fixture
def curious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for new packs in each cycle."""
    monkeypatch.setattr(attendance, "LOOKOUT_INTERVAL", 0.0)


@pytest.mark.usefixtures("curious")
async def test_a_pack_that_appears_joins_the_bank(bus: RtuBus, slaves: dict[int, Pack]) -> None:
    async with reading(bus.wire, TWO) as device:
        await device.read()
        bus.slaves[4] = packs(4)[4]
        readings = await read_until(device, lambda found: "4" in found)
        assert device.identity.serials == {"bank": None, "1": "S1", "3": "S3", "4": "S4"}
        assert device.units["4"].serial == "S4"
        assert readings["bank"].full_capacity == 315.0
        assert readings["bank"].values == {"packs": 3, "packs_answering": 3}
        assert list(await device.read()) == ["bank", "1", "3", "4"]


@pytest.mark.usefixtures("curious")
async def test_a_number_that_is_known_already_identifies_no_new_pack(
    bus: RtuBus, slaves: dict[int, Pack]
) -> None:
    async with reading(bus.wire, TWO) as device:
        bus.slaves[2] = Pack(serial="S1")
        await read_until(device, lambda found: "2" in found)
        assert device.identity.serials["2"] is None


@pytest.mark.usefixtures("curious")
@pytest.mark.parametrize("lacks", [TEXTS, LIVE])
async def test_other_units_on_the_bus_do_not_join(
    bus: RtuBus, slaves: dict[int, Pack], lacks: int
) -> None:
    stranger = Pack()
    del stranger.blocks[lacks]
    async with reading(bus.wire, TWO) as device:
        bus.slaves[2] = stranger
        await read_until(device, lambda _: stranger.requests)
        assert list(device.units) == ["bank", "1", "3"]


@pytest.mark.usefixtures("curious")
async def test_half_a_pack_does_not_join(bus: RtuBus, slaves: dict[int, Pack]) -> None:
    stranger = Pack()
    stranger.blocks[LIVE][2] = 0xFF
    async with reading(bus.wire, TWO) as device:
        bus.slaves[2] = stranger
        await read_until(device, lambda _: stranger.requests > 1)
        assert list(device.units) == ["bank", "1", "3"]


async def test_new_packs_are_looked_for_at_one_address_now_and_then(
    bus: RtuBus, slaves: dict[int, Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "LOOKOUT_INTERVAL", 0.0)
    monkeypatch.setattr(bank, "ADDRESSES", ("1", "2", "3"))
    silent = bus.slaves[2] = Pack()
    silent.fault = faults.silent
    async with reading(bus.wire, TWO) as device:
        await device.read()
        assert silent.requests == 1
        monkeypatch.setattr(attendance, "LOOKOUT_INTERVAL", 3600.0)
        for _ in range(3):
            await device.read()
        assert silent.requests == 2
        # Nobody was expected there, so it is no fault of the link.
        assert device.wires.health.timeouts == 0
        # While a known pack is silent nobody else is looked for.
        monkeypatch.setattr(device._lookout, "_due", 0.0)
        slaves[3].fault = faults.silent
        for _ in range(2):
            await device.read()
        assert silent.requests == 2
        await device.read()
        assert silent.requests == 3


@pytest.mark.usefixtures("curious")
async def test_a_full_bus_has_no_place_for_more(pty: PtyWire) -> None:
    RtuBus(pty, dict(packs(*range(1, 16))))
    known = identity(**{f"p{number}": f"S{number}" for number in range(1, 16)})
    async with reading(pty, known) as device:
        readings = await device.read()
        assert len(readings) == 16
        assert device.wires.health.timeouts == 0


@pytest.mark.usefixtures("curious")
async def test_a_forgotten_pack_is_expected_no_more_and_may_come_back(
    bus: RtuBus, slaves: dict[int, Pack]
) -> None:
    async with reading(bus.wire, TWO) as device:
        del bus.slaves[3]
        assert (await device.read())["bank"].alarms == {"pack_missing"}
        device.forget("3")
        readings = await device.read()
        assert list(readings) == list(device.units) == ["bank", "1"]
        assert readings["bank"].alarms == frozenset()
        assert readings["bank"].full_capacity == 105.0
        assert device.identity.serials == {"bank": None, "1": "S1"}
        bus.slaves[3] = slaves[3]
        await read_until(device, lambda found: "3" in found)
        assert device.identity.serials["3"] == "S3"


async def test_the_bank_can_not_be_forgotten(device: BankDevice) -> None:
    device.forget("bank")
    assert "bank" in await device.read()
    assert "bank" in device.units
    assert "bank" in device.identity.serials


@pytest.mark.parametrize("answers", [True, False])
async def test_a_pack_may_be_forgotten_while_it_is_asked(
    device: BankDevice, slaves: dict[int, Pack], *, answers: bool
) -> None:
    slaves[3].delay = 0.08
    if not answers:
        slaves[3].fault = faults.silent
    requests = slaves[3].requests
    task = asyncio.create_task(device.read())
    await until(lambda: slaves[3].requests > requests)
    device.forget("3")
    assert list(await task) == ["bank", "1"]
    assert list(device.units) == ["bank", "1"]
    assert list(await device.read()) == ["bank", "1"]


async def test_a_pack_may_be_forgotten_before_its_turn(
    device: BankDevice, slaves: dict[int, Pack]
) -> None:
    slaves[1].delay = 0.08
    requests = slaves[1].requests
    task = asyncio.create_task(device.read())
    await until(lambda: slaves[1].requests > requests)
    device.forget("3")
    assert list(await task) == ["bank", "1"]


@pytest.mark.usefixtures("curious")
async def test_when_all_packs_are_forgotten_they_are_looked_for(
    bus: RtuBus, slaves: dict[int, Pack]
) -> None:
    async with reading(bus.wire, identity(p1="S1")) as device:
        del bus.slaves[1]
        device.forget("1")
        with pytest.raises(NoAnswer):
            await device.read()
        await read_until(device, lambda found: "3" in found)
        assert list(device.units) == ["bank", "3"]
