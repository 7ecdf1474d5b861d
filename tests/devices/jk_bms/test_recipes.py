"""The ways to write to a classic board, and the password that one of them needs."""

import logging

import pytest

from custom_components.cellwire.devices.device import Settings
from custom_components.cellwire.devices.jk_bms import classic, switches
from custom_components.cellwire.devices.jk_bms.classic import UNIT
from custom_components.cellwire.devices.jk_bms.frame import FrameScanner
from custom_components.cellwire.devices.jk_bms.recipes import PLAIN, UNLOCKED, offered, recipes
from custom_components.cellwire.devices.jk_bms.switches import SWITCHES
from tests.bench import jk_switches
from tests.bench.jk_bms import reframe
from tests.bench.jk_switches import SwitchedBoard, password_frame
from tests.bench.wire import PtyWire

from .switching import (
    BALANCER,
    CHARGE,
    DISCHARGE,
    NEWER,
    OFF,
    OLDER,
    ON,
    RECORDED,
    SHORT,
    device_on,
    refusal,
    shown,
)

SECRET = "S3cret#pw!"  # noqa: S105


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for a real board: those of the bench answer at once."""
    monkeypatch.setattr(classic, "TIMEOUT", 0.3)
    monkeypatch.setattr(switches, "SETTLE", 0.3)


def test_requests_are_those_that_worked_on_real_boards() -> None:
    for switch in SWITCHES:
        for on in (True, False):
            name = f"{RECORDED[switch.key]}_{'on' if on else 'off'}"
            assert PLAIN.request(switch, on=on) == SHORT[f"write_{name}"]
            if switch.key != BALANCER:
                assert UNLOCKED.request(switch, on=on) == SHORT[f"syssi_write_{name}"]
    assert UNLOCKED.unlock == SHORT["syssi_unlock"]
    assert not PLAIN.unlock


def test_the_bench_acknowledges_as_real_boards_do() -> None:
    for switch in SWITCHES:
        recorded = SHORT[f"write_ack_{RECORDED[switch.key]}"]
        assert reframe(2, bytes((switch.identifier,))) == recorded


def test_nothing_but_the_switches_can_be_written() -> None:
    assert {switch.identifier for switch in SWITCHES} == {0xAB, 0xAC, 0x9D}
    assert {0x1070, 0x1074, 0x1078} == switches.REGISTERS


@pytest.mark.parametrize(
    ("software", "keys"),
    [
        ("15.29", {CHARGE, DISCHARGE, BALANCER}),
        ("19.05", {CHARGE, DISCHARGE, BALANCER}),
        ("11.54", {CHARGE, DISCHARGE}),
        ("6.1.3S", {CHARGE, DISCHARGE}),
        (None, {CHARGE, DISCHARGE}),
    ],
)
def test_a_switch_is_offered_where_it_is_known_to_work(
    software: str | None, keys: set[str]
) -> None:
    assert {switch.key for switch in offered(software)} == keys


@pytest.mark.parametrize(
    ("software", "form"), [(OLDER, jk_switches.UNLOCKED), (NEWER, jk_switches.PLAIN)]
)
async def test_the_recipe_that_the_software_is_known_to_take_comes_first(
    pty: PtyWire, software: bytes, form: tuple[int, int]
) -> None:
    board = SwitchedBoard(pty, software, forms=(form,))
    device = device_on(pty)
    await device.start()
    await device.apply(UNIT, CHARGE, OFF)
    assert [tuple(write[9:11]) for write in board.habits.writes] == [form]
    assert bool(board.unlocks) is (software is OLDER)
    await device.close()


async def test_the_recipe_that_worked_is_kept(pty: PtyWire) -> None:
    board = SwitchedBoard(pty, NEWER, forms=(jk_switches.UNLOCKED,), wants=jk_switches.ANY_UNLOCK)
    device = device_on(pty)
    await device.start()
    await device.apply(UNIT, CHARGE, OFF)
    assert len(board.habits.writes) == 2
    await device.apply(UNIT, CHARGE, ON)
    await device.apply(UNIT, DISCHARGE, ON)
    assert [write[9] for write in board.habits.writes] == [3, 2, 2]
    await device.close()


async def test_a_board_that_wants_its_password(
    pty: PtyWire, caplog: pytest.LogCaptureFixture
) -> None:
    board = SwitchedBoard(pty, OLDER, wants=password_frame(SECRET))
    device = device_on(pty)
    await device.start()
    error = await refusal(device, CHARGE, OFF)
    assert error.key == "refused_not_taken"
    device.settings = Settings(allow_control=True, password=SECRET)
    board.echoes = True
    with caplog.at_level(logging.DEBUG):
        await device.apply(UNIT, CHARGE, OFF)
    assert await shown(device, CHARGE) is False
    assert board.unlocks[-1] == password_frame(SECRET)
    logged = "".join(
        r.getMessage() for r in caplog.records if r.name.startswith("custom_components")
    )
    kept = b"".join(traced.data for traced in device.wires.trace.entries)
    assert "05 02 00 B2 00 00" in logged
    assert SECRET.encode() not in kept
    for part in (SECRET, SECRET.encode().hex(" ").upper(), SECRET.encode().hex()):
        assert part not in logged
        assert part not in repr(device.settings) + repr(device._recipe) + repr(error)
    # What is kept still decodes.
    sent = [t.data for t in device.wires.trace.entries if t.data[8:9] == b"\x05"]
    assert all(FrameScanner().feed(data) for data in sent)
    await device.close()


@pytest.mark.parametrize("password", ["12345678901", "pässword"])
async def test_a_password_that_no_board_can_have(pty: PtyWire, password: str) -> None:
    board = SwitchedBoard(pty, NEWER)
    device = device_on(pty)
    device.settings = Settings(allow_control=True, password=password)
    await device.start()
    error = await refusal(device, CHARGE, OFF)
    assert error.key == "refused_wrong_password"
    assert password not in repr(error) + str(error)
    assert not board.habits.writes + board.unlocks
    await device.close()


def test_an_empty_password_is_none() -> None:
    assert recipes("15.29", "", CHARGE) == [PLAIN, UNLOCKED]
