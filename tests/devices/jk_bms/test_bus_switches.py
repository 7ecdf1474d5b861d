"""Switching boards of the newer generation, each for itself on one bus."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import time

import pytest

from custom_components.cellwire.devices.device import Identity, Settings
from custom_components.cellwire.devices.errors import DeviceError, NoAnswer, Refused, WrongIdentity
from custom_components.cellwire.devices.jk_bms import listener, modbus, switches
from custom_components.cellwire.devices.jk_bms.listener import BusListener
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.devices.jk_bms.modbus_frame import (
    SpeechScanner,
    Written,
    switch_request,
)
from custom_components.cellwire.devices.jk_bms.switches import SWITCHES
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.links.errors import LinkError
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import faults
from tests.bench.captures import capture
from tests.bench.jk_bms import BAUDRATE, BUS_DELAY, MasterBus, recorded_board
from tests.bench.jk_switches import SwitchedBus, switched_board
from tests.bench.wire import PtyWire, TcpWire, Wire

SETTINGS, STATUS, ABOUT = 1, 2, 3
KEYS = [switch.key for switch in SWITCHES]
CHARGE, DISCHARGE, BALANCER = KEYS
ON: Value = True
OFF: Value = False
RECORDED = {
    bytes.fromhex(frame["hex"])
    for frame in capture("jk_bms", "pb_requests_and_writes")["frames"]
    if frame["hex"][4:8] in ("1070", "1074", "1078")
}
# Of the charge and the discharge switch of address 1, by the vendor.
ACKNOWLEDGEMENT = bytes.fromhex("01101070000244D3")
OTHER_ACKNOWLEDGEMENT = bytes.fromhex("0110107400020512")


def bus_on(wire: Wire) -> SwitchedBus:
    bus = SwitchedBus(
        wire,
        {
            1: switched_board("pb_real_8s_sw15.10_addr1", "SERIAL1"),
            3: switched_board("pb_real_16s_sw15.41_addr3", "SERIAL3"),
        },
    )
    for board in bus.switched.values():
        for register in switches.REGISTERS:
            board.set(register, 1)
    return bus


def device_on(wire: Wire) -> BusDevice:
    identity = Identity(variant=modbus.VARIANT, serials={"1": "SERIAL1", "3": "SERIAL3"})
    device = BusDevice(SerialLink(wire.address, BAUDRATE), identity)
    device.settings = Settings(allow_control=True)
    return device


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for a real board: those of the bench answer soon."""
    monkeypatch.setattr(switches, "SETTLE", 0.3)
    monkeypatch.setattr(modbus, "TIMEOUTS", dict.fromkeys((SETTINGS, STATUS, ABOUT), 0.2))


@pytest.fixture
def bus(pty: PtyWire) -> SwitchedBus:
    return bus_on(pty)


@pytest.fixture
async def device(bus: SwitchedBus) -> AsyncIterator[BusDevice]:
    device = device_on(bus.wire)
    await device.start()
    yield device
    await device.close()


async def shown(device: BusDevice, key: str, address: str = "1") -> Value:
    """Return what a control is set to, as it would be shown."""
    reading = (await device.read())[address]
    return next(c.value(reading) for c in device.controls[address] if c.key == key)


async def refusal(device: BusDevice, key: str, wish: Value) -> Refused:
    with pytest.raises(Refused) as caught:
        await device.apply("1", key, wish)
    return caught.value


def test_requests_are_those_of_the_vendor_and_of_others() -> None:
    *first, balancer = SWITCHES
    requests = {
        switch_request(address, switch, on=on)
        for address, each in ((1, (*first, balancer)), (2, (balancer,)))
        for switch in each
        for on in (True, False)
    }
    assert requests | {ACKNOWLEDGEMENT, OTHER_ACKNOWLEDGEMENT} == RECORDED
    charge_on = bytes.fromhex("0110107000020400000001F88B")
    assert switch_request(1, SWITCHES[0], on=True) == charge_on


def test_acknowledgements_are_found_in_any_slices() -> None:
    scanner = SpeechScanner()
    found = [frame for byte in ACKNOWLEDGEMENT for frame in scanner.feed(bytes((byte,)))]
    assert found == [Written(1, 0x1070)]
    assert scanner.feed(OTHER_ACKNOWLEDGEMENT) == [Written(1, 0x1074)]
    assert not scanner.health.discarded_bytes
    # The own request is none, nor is one with a wrong sum, nor one of another setting.
    assert not scanner.feed(switch_request(1, SWITCHES[0], on=True))
    assert not scanner.feed(ACKNOWLEDGEMENT[:-1] + b"\xd2")
    assert not scanner.feed(bytes.fromhex("0110100000024508"))
    assert scanner.feed(ACKNOWLEDGEMENT) == [Written(1, 0x1070)]


@pytest.mark.parametrize("key", KEYS)
async def test_off_and_on_again(device: BusDevice, bus: SwitchedBus, key: str) -> None:
    assert await shown(device, key) is True
    await device.apply("1", key, OFF)
    assert await shown(device, key) is False
    assert await shown(device, key, "3") is True
    await device.apply("1", key, ON)
    assert await shown(device, key) is True
    switch = next(switch for switch in SWITCHES if switch.key == key)
    assert bus.switched[1].habits.writes == [
        switch_request(1, switch, on=False),
        switch_request(1, switch, on=True),
    ]
    assert not bus.switched[3].habits.writes


async def test_what_is_switched_follows(device: BusDevice) -> None:
    await device.apply("3", DISCHARGE, OFF)
    reading = (await device.read())["3"]
    assert (reading.charge_mosfet, reading.discharge_mosfet) == (True, False)
    assert (await device.read())["1"].discharge_mosfet is True


async def test_nothing_is_written_unless_asked_for(
    device: BusDevice, bus: SwitchedBus, pty: PtyWire
) -> None:
    bus.switched[1].set(0x1070, 0)
    for _ in range(2):
        await device.read()
    await pty.unplug()
    with pytest.raises(LinkError):
        await device.read()
    await pty.plug()
    await asyncio.sleep(1.1)
    assert (await device.read()).keys() == {"1", "3"}
    assert not bus.switched[1].habits.writes + bus.switched[3].habits.writes


async def test_what_is_so_already_is_not_written(device: BusDevice, bus: SwitchedBus) -> None:
    await device.apply("1", CHARGE, ON)
    assert not bus.switched[1].habits.writes


@pytest.mark.parametrize("key", KEYS)
async def test_other_wishes_than_on_and_off_are_refused(
    device: BusDevice, bus: SwitchedBus, key: str
) -> None:
    assert (await refusal(device, key, 0)).key == "refused_not_a_choice"
    assert not bus.switched[1].habits.writes


@pytest.mark.parametrize("key", KEYS)
async def test_nothing_is_switched_without_leave(
    device: BusDevice, bus: SwitchedBus, key: str
) -> None:
    device.settings = Settings()
    assert (await refusal(device, key, OFF)).key == "refused_not_allowed"
    assert not bus.switched[1].habits.writes


@pytest.mark.parametrize("key", KEYS)
async def test_an_acknowledgement_without_effect_is_no_success(
    device: BusDevice, bus: SwitchedBus, key: str
) -> None:
    bus.switched[1].habits.applies = False
    error = await refusal(device, key, OFF)
    assert (error.key, error.placeholders) == (
        "refused_not_taken",
        {"control": key, "detail": "on"},
    )
    assert await shown(device, key) is True
    assert len(bus.switched[1].habits.writes) == 1


@pytest.mark.parametrize("key", KEYS)
async def test_a_link_that_is_lost_behind_the_write(
    device: BusDevice, bus: SwitchedBus, pty: PtyWire, key: str
) -> None:
    lost: list[asyncio.Task[None]] = []
    bus.switched[1].habits.lose = lambda: lost.append(asyncio.create_task(pty.unplug()))
    error = await refusal(device, key, OFF)
    assert (error.key, error.placeholders["detail"]) == ("refused_unknown_state", "on before")
    assert len(bus.switched[1].habits.writes) == len(lost) == 1
    await asyncio.sleep(BUS_DELAY)


async def test_a_link_that_is_lost_before_the_write(
    device: BusDevice, bus: SwitchedBus, pty: PtyWire
) -> None:
    await pty.unplug()
    with pytest.raises(LinkError):
        await device.apply("1", CHARGE, OFF)
    assert not bus.switched[1].habits.writes


async def test_a_server_that_hangs_up_behind_the_write(tcp: TcpWire) -> None:
    bus = bus_on(tcp)
    device = device_on(tcp)
    await device.start()
    bus.switched[1].habits.lose = tcp.hang_up
    await device.apply("1", CHARGE, OFF)
    assert await shown(device, CHARGE) is False
    assert len(bus.switched[1].habits.writes) == 1
    await device.close()


@pytest.mark.parametrize(
    "acknowledge",
    [faults.silent, faults.late(0.35), faults.corrupted(3), faults.surrounded(b"\x55\xaa\x01\x10")],
    ids=["none", "late", "damaged", "noise"],
)
async def test_what_was_taken_counts_however_it_is_acknowledged(
    device: BusDevice, bus: SwitchedBus, acknowledge: faults.Fault
) -> None:
    bus.switched[1].habits.acknowledge = acknowledge
    await device.apply("1", CHARGE, OFF)
    assert await shown(device, CHARGE) is False
    assert len(bus.switched[1].habits.writes) == 1


async def test_a_board_that_takes_its_time_behind_an_echo(
    device: BusDevice, bus: SwitchedBus
) -> None:
    bus.echoes = True
    bus.switched[1].habits.delay = 0.25
    await device.apply("1", CHARGE, OFF)
    assert await shown(device, CHARGE) is False


async def test_one_damaged_answer_is_asked_for_again(device: BusDevice, bus: SwitchedBus) -> None:
    board = bus.switched[1]
    board.habits.lose = lambda: setattr(board, "fault", faults.once(faults.corrupted(100)))
    await device.apply("1", CHARGE, OFF)
    assert device.wires.health.checksum_errors == 1


async def test_settings_that_can_not_be_read_are_not_written(
    device: BusDevice, bus: SwitchedBus
) -> None:
    bus.switched[1].frames[SETTINGS] = None
    with pytest.raises(NoAnswer):
        await device.apply("1", CHARGE, OFF)
    assert not bus.switched[1].habits.writes


async def test_settings_that_can_not_be_read_back_are_not_shown(
    device: BusDevice, bus: SwitchedBus
) -> None:
    board = bus.switched[1]
    board.habits.lose = lambda: board.frames.update({SETTINGS: None})
    assert (await refusal(device, CHARGE, OFF)).key == "refused_unknown_state"
    assert await shown(device, CHARGE) is None


async def test_another_board_at_the_address_is_not_written_to(
    device: BusDevice, bus: SwitchedBus
) -> None:
    stranger = recorded_board("pb_real_8s_sw15.10_addr1", "STRANGER")
    bus.switched[1].frames[ABOUT] = stranger.frames[ABOUT]
    with pytest.raises(WrongIdentity):
        await device.apply("1", CHARGE, OFF)
    assert not bus.switched[1].habits.writes


async def test_a_board_that_is_not_there_is_not_written_to(
    device: BusDevice, bus: SwitchedBus
) -> None:
    bus.boards.pop(1)
    with pytest.raises(DeviceError):
        await device.apply("1", CHARGE, OFF)
    assert not bus.switched[1].habits.writes


async def test_the_way_there_and_back_at_the_real_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    wire = PtyWire(tmp_path / "port", BAUDRATE)
    await wire.plug()
    bus_on(wire)
    device = device_on(wire)
    await device.start()
    begin = time.monotonic()
    await device.apply("1", DISCHARGE, OFF)
    assert time.monotonic() - begin < 1.5
    await device.close()
    await wire.unplug()


async def test_boards_under_a_master_have_no_controls(pty: PtyWire) -> None:
    master = asyncio.create_task(MasterBus(pty, cycle=0.5).run())
    identity = Identity(variant=listener.VARIANT, serials={"0": None})
    device = BusListener(SerialLink(pty.address, BAUDRATE), identity)
    device.settings = Settings(allow_control=True)
    await device.start()
    assert not device.controls
    with pytest.raises(Refused) as caught:
        await device.apply("0", CHARGE, OFF)
    assert caught.value.key == "refused_not_offered"
    await device.close()
    master.cancel()
    assert not pty.received
