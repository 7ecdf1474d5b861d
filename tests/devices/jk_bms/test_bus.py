"""Several boards of the newer generation on one bus."""

import asyncio

import pytest

from custom_components.cellwire.devices.attendance import Lookout
from custom_components.cellwire.devices.errors import (
    BadAnswer,
    DeviceError,
    Implausible,
    NoAnswer,
    OnlyEcho,
    WrongIdentity,
)
from custom_components.cellwire.devices.jk_bms import board as boards, modbus
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from tests.bench import faults
from tests.bench.jk_bms import Bus, recorded_board

from .boards import ABOUT, SETTINGS, STATUS, device_on, strange


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
        # Who it is must be said twice.
        assert board.questions.count(ABOUT) == 2
        assert board.questions.count(SETTINGS) == 1
        assert board.questions.count(STATUS) == 4


async def test_settings_that_can_not_be_read_again_are_forgotten(
    device: BusDevice, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await device.read())["1"].values["cell_count_setting"] == 8
    bus.boards[1].frames[SETTINGS] = None
    for board in device._boards.values():
        board.asking.now()
    # For a while nothing is lost with an answer.
    assert (await device.read())["1"].values["cell_count_setting"] == 8
    monkeypatch.setattr(boards, "SETTINGS_AGE", 0.0)
    for _ in range(2):
        readings = await device.read()
        assert "cell_count_setting" not in readings["1"].values
        assert readings["1"].voltage == 26.852
    # It was asked again in the next two polls, and is left alone after that.
    asked = bus.boards[1].questions.count(SETTINGS)
    await device.read()
    assert bus.boards[1].questions.count(SETTINGS) == asked == 4


async def test_a_board_without_about_is_read_all_the_same(bus: Bus) -> None:
    for board in bus.boards.values():
        board.frames[ABOUT] = None
    device = device_on(bus)
    await device.start()
    assert (await device.read())["1"].voltage == 26.852
    assert device.units["1"].model == "JK-BMS"
    assert device.units["1"].serial == "SERIAL1"
    assert bus.boards[1].questions.count(ABOUT) == 2
    for _ in range(3):
        await device.read()
    assert bus.boards[1].questions.count(ABOUT) == 3
    await device.close()


async def test_a_silent_board_does_not_hold_up_the_other(device: BusDevice, bus: Bus) -> None:
    bus.boards[1].fault = faults.silent
    # Who else may be there was looked up already.
    device._lookout = Lookout(modbus.SLAVES)
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


async def test_values_that_contradict_each_other_once_are_asked_for_again(
    device: BusDevice, bus: Bus
) -> None:
    wrong = strange(bus.boards[1])
    bus.boards[1].fault = faults.once(lambda answer: [(0.0, wrong + answer[300:])])
    assert (await device.read())["1"].voltage == 26.852
    assert device.wires.health.rejected == 1


async def test_values_that_never_agree_are_not_shown(device: BusDevice, bus: Bus) -> None:
    wrong = [strange(bus.boards[1], cell) for cell in (1, 2)]

    def fault(answer: bytes) -> faults.Pieces:
        wrong.reverse()
        return [(0.0, wrong[0] + answer[300:])]

    bus.boards[1].fault = fault
    del bus.boards[3]
    with pytest.raises(DeviceError) as caught:
        await device.read()
    assert isinstance(caught.value, Implausible | NoAnswer)
    assert device.wires.health.rejected == 2


async def test_a_contradiction_that_stays_is_the_boards_own(device: BusDevice, bus: Bus) -> None:
    """A balance lead that came off must not make the board unavailable."""
    bus.boards[1].frames[STATUS] = strange(bus.boards[1])
    for _ in range(2):
        assert (await device.read())["1"].cell_voltages[0] == 8.192
    assert device.wires.health.rejected == 1


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
