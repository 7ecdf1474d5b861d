"""Several boards of the newer generation on one bus, and a bus that has a master."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.errors import (
    BadAnswer,
    DeviceError,
    Implausible,
    NoAnswer,
    OnlyEcho,
    WrongIdentity,
)
from custom_components.cellwire.devices.jk_bms import listener, modbus
from custom_components.cellwire.devices.jk_bms.listener import BusListener
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.captures import capture
from tests.bench.jk_bms import Bus, BusBoard, MasterBus, recorded_board, resum
from tests.bench.wire import PtyWire
from tests.waiting import until

ABOUT, SETTINGS, STATUS = 3, 1, 2
ACKNOWLEDGEMENT = bytes.fromhex("001016200001059A")


def boards() -> dict[int, BusBoard]:
    return {
        1: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1"),
        3: recorded_board("pb_real_16s_sw15.41_addr3", "SERIAL3"),
    }


@pytest.fixture
def bus(pty: PtyWire) -> Bus:
    return Bus(pty, boards())


def device_on(bus: Bus, **serials: str | None) -> BusDevice:
    known = {key.removeprefix("a"): serial for key, serial in serials.items()}
    identity = Identity(variant=modbus.VARIANT, serials=known or {"1": "SERIAL1", "3": "SERIAL3"})
    return BusDevice(SerialLink(bus.wire.address, 115200), identity)


@pytest.fixture
async def device(bus: Bus) -> AsyncIterator[BusDevice]:
    device = device_on(bus)
    await device.start()
    yield device
    await device.close()


async def test_each_board_is_a_unit_of_its_own(device: BusDevice) -> None:
    readings = await device.read()
    assert {key: reading.voltage for key, reading in readings.items()} == {"1": 26.852, "3": 52.695}
    assert len(readings["1"].cell_voltages) == 8
    assert len(readings["3"].cell_voltages) == 16
    assert device.units["1"].serial == "SERIAL1"
    assert device.units["3"].model == "JK_PB2A16S20P"
    assert readings["3"].values["heating_stop"] == 10
    assert "heating_stop" not in readings["1"].values


async def test_settings_and_about_are_asked_seldom(device: BusDevice, bus: Bus) -> None:
    for _ in range(3):
        await device.read()
    for board in bus.boards.values():
        assert board.questions.count(ABOUT) == board.questions.count(SETTINGS) == 1
        assert board.questions.count(STATUS) == 4


async def test_settings_that_can_not_be_read_again_are_forgotten(
    device: BusDevice, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await device.read())["1"].values["cell_count_setting"] == 8
    bus.boards[1].frames[SETTINGS] = None
    monkeypatch.setattr(modbus, "SETTINGS_AGE", 0.0)
    for board in device._boards.values():
        board.settings_due = 0.0
    readings = await device.read()
    assert "cell_count_setting" not in readings["1"].values
    assert readings["1"].voltage == 26.852


async def test_a_board_without_about_is_read_all_the_same(bus: Bus) -> None:
    for board in bus.boards.values():
        board.frames[ABOUT] = None
    device = device_on(bus)
    await device.start()
    assert (await device.read())["1"].voltage == 26.852
    assert device.units["1"].model == "JK-BMS"
    assert device.units["1"].serial == "SERIAL1"
    assert bus.boards[1].questions.count(ABOUT) == 1
    await device.close()


async def test_a_silent_board_does_not_hold_up_the_other(device: BusDevice, bus: Bus) -> None:
    bus.boards[1].fault = faults.silent
    loop = asyncio.get_running_loop()
    begin = loop.time()
    assert list(await device.read()) == ["3"]
    assert loop.time() - begin < 2.0
    times = []
    for _ in range(4):
        begin = loop.time()
        assert list(await device.read()) == ["3"]
        times.append(loop.time() - begin)
    # At most one short probe, and not in each cycle.
    assert max(times) < 1.0
    assert min(times) < 0.4
    bus.boards[1].fault = faults.none
    for _ in range(4):
        readings = await device.read()
    assert readings.keys() == {"1", "3"}


async def test_a_board_that_was_deleted_is_not_expected_any_more(
    device: BusDevice, bus: Bus
) -> None:
    del bus.boards[3]
    await device.read()
    async with device.lock:
        device.forget("3")
    assert device.units.keys() == device.controls.keys() == device.identity.serials.keys() == {"1"}
    assert (await device.read()).keys() == {"1"}
    # Not even when the port is opened anew.
    await device.wires.link.close()
    assert (await device.read()).keys() == device.units.keys() == {"1"}


async def test_when_no_board_answers_it_is_an_error(device: BusDevice, bus: Bus) -> None:
    for board in bus.boards.values():
        board.fault = faults.silent
    with pytest.raises(NoAnswer):
        await device.read()
    for board in bus.boards.values():
        board.fault = faults.none
    assert (await device.read()).keys() == {"1", "3"}


@pytest.mark.parametrize(
    "fault",
    [faults.split(1), faults.split(50, 0.05), faults.surrounded(b"\x55\xaa\x01\x10\xff")],
    ids=["bytes", "slices", "noise"],
)
async def test_a_good_answer_is_taken_however_it_comes(
    device: BusDevice, bus: Bus, fault: faults.Fault
) -> None:
    for board in bus.boards.values():
        board.fault = fault
    assert (await device.read()).keys() == {"1", "3"}


async def test_echo_and_padding_do_no_harm(device: BusDevice, bus: Bus) -> None:
    bus.echoes = True
    bus.padding = b"\0"
    assert (await device.read()).keys() == {"1", "3"}


async def test_only_an_echo(device: BusDevice, bus: Bus) -> None:
    bus.echoes = True
    bus.boards.clear()
    with pytest.raises(OnlyEcho):
        await device.read()


async def test_one_damaged_answer_is_asked_for_again(device: BusDevice, bus: Bus) -> None:
    bus.boards[1].fault = faults.once(faults.corrupted(100))
    assert (await device.read()).keys() == {"1", "3"}
    assert device.wires.health.checksum_errors == 1


async def test_an_answer_without_its_acknowledgement_is_nobodys(
    device: BusDevice, bus: Bus
) -> None:
    bus.boards[1].fault = faults.truncated(300)
    assert (await device.read()).keys() == {"3"}


async def test_a_late_answer_of_one_board_is_not_that_of_another(
    device: BusDevice, bus: Bus
) -> None:
    bus.boards[1].fault = faults.once(faults.late(0.55), faults.silent)
    readings = await device.read()
    assert {key: reading.voltage for key, reading in readings.items()} == {"3": 52.695}


async def test_another_board_at_an_address_is_not_shown(device: BusDevice, bus: Bus) -> None:
    bus.boards[1].fault = faults.silent
    await device.read()
    bus.boards[1] = recorded_board("pb_real_8s_sw15.10_addr1", "STRANGER")
    for _ in range(5):
        assert (await device.read()).keys() == {"3"}


async def test_only_strangers_on_the_bus(bus: Bus) -> None:
    device = device_on(bus, a1="OTHER")
    with pytest.raises(WrongIdentity) as caught:
        await device.start()
    assert caught.value.placeholders == {"expected": "OTHER", "found": "SERIAL1"}
    assert not device.wires.link.is_open


async def test_contradicting_values_are_not_shown(device: BusDevice, bus: Bus) -> None:
    status = bus.boards[1].frames[STATUS]
    assert status is not None
    bus.boards[1].frames[STATUS] = resum(status[:6] + b"\x00\x20" + status[8:])
    del bus.boards[3]
    with pytest.raises(DeviceError) as caught:
        await device.read()
    assert isinstance(caught.value, Implausible | NoAnswer)
    assert device.wires.health.rejected == 2


async def test_noise_only(device: BusDevice, bus: Bus) -> None:
    for board in bus.boards.values():
        board.fault = lambda _: [(0.0, b"\xa5" * 50)]
    with pytest.raises(BadAnswer):
        await device.read()


async def test_secrets_of_about_frames_are_not_kept(device: BusDevice) -> None:
    kept = b"".join(traced.data for traced in device.wires.trace.entries)
    assert b"JK_PB2A16S20P" in kept
    for secret in (b"SERIAL1", b"SERIAL3", b"123456"):
        assert secret not in kept


@pytest.fixture
async def overheard(pty: PtyWire) -> AsyncIterator[BusListener]:
    master = asyncio.create_task(MasterBus(pty, cycle=0.5).run())
    identity = Identity(variant=listener.VARIANT, serials={"0": None})
    device = BusListener(SerialLink(pty.address, 115200), identity)
    await device.start()
    yield device
    await device.close()
    master.cancel()


async def test_a_bus_with_a_master_is_overheard(overheard: BusListener, pty: PtyWire) -> None:
    await asyncio.sleep(1.1)
    readings = await overheard.read()
    assert {key: reading.voltage for key, reading in readings.items()} == {"0": 52.336, "1": 52.287}
    assert readings["1"].values["cell_count_setting"] == 16
    assert overheard.units["1"].label == "1"
    # Not one byte was sent.
    assert not pty.received


async def test_an_overheard_alarm_hurries(overheard: BusListener, pty: PtyWire) -> None:
    hurried: list[int] = []
    overheard.on_change(lambda: hurried.append(1))
    await asyncio.sleep(0.6)
    assert not hurried
    status = overheard_status()
    await pty.send(resum(status[:166] + b"\x02" + status[167:]) + ACKNOWLEDGEMENT)
    await until(lambda: hurried)


def overheard_status() -> bytes:
    sequence = capture("jk_bms", "pb_real_bus_master_cycle")["sequence"]
    return bytes.fromhex(sequence[0]["hex"])


async def test_a_master_that_falls_silent(
    overheard: BusListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await overheard.read()
    monkeypatch.setattr(listener, "FRESH", -1.0)
    with pytest.raises(NoAnswer):
        await overheard.read()


async def test_contradicting_values_are_overheard_but_not_shown(pty: PtyWire) -> None:
    identity = Identity(variant=listener.VARIANT, serials={})
    device = BusListener(SerialLink(pty.address, 115200), identity)
    device.patience = 0.3
    start = asyncio.create_task(device.start())
    await asyncio.sleep(0.1)
    status = recorded_board("pb_real_8s_sw15.10_addr1").frames[STATUS]
    assert status is not None
    wrong = resum(status[:6] + b"\x00\x20" + status[8:])
    await pty.send(wrong + bytes.fromhex("011016200001044B"))
    with pytest.raises(BadAnswer):
        await start
    assert device.wires.health.rejected == 1
