"""Which JK-BMS is on the other end, and what is said when it is none."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.cellwire.devices.device import Found
from custom_components.cellwire.devices.errors import (
    BadAnswer,
    DeviceError,
    NoAnswer,
    OnlyEcho,
    OtherDevice,
)
from custom_components.cellwire.devices.hearing import Speaker
from custom_components.cellwire.devices.jk_bms import FAMILY, classic, modbus, probe as probing
from custom_components.cellwire.devices.jk_bms.plain import is_foreign_answer, is_plain_answer
from custom_components.cellwire.devices.jk_bms.probe import (
    CLASSIC_NAME,
    MODBUS_NAME,
    OLD_NAME,
    PLAIN_NAME,
    is_old_answer,
    recognise,
)
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import capture, recording, reply
from tests.bench.hubble_am2 import Pack
from tests.bench.jk_bms import Bus, ClassicBoard, MasterBus, recorded_board
from tests.bench.modbus import RtuBus, Slave, crc
from tests.bench.wire import PtyWire

OLD = bytes.fromhex(capture("jk_bms", "old_dd_a5_vendor_examples")["frames"][1]["hex"])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for real boards: those of the bench answer at once."""
    monkeypatch.setattr(classic, "TIMEOUT", 0.2)
    monkeypatch.setattr(modbus, "PACE", 0.02)
    monkeypatch.setattr(probing, "LISTEN", 0.3)
    monkeypatch.setattr(probing, "SCAN_TIMEOUT", 0.1)
    monkeypatch.setattr(probing, "OLD_TIMEOUT", 0.2)


async def probe(wire: PtyWire) -> Found:
    steps: list[float] = []
    found = await FAMILY.probe(lambda line: SerialLink(wire.address, line.baudrate), steps.append)
    assert steps == sorted(steps)
    assert all(0 <= step <= 1 for step in steps)
    await assert_free(wire)
    return found


async def assert_free(wire: PtyWire) -> None:
    link = SerialLink(wire.address, 9600)
    await link.open()
    await link.close()


async def problem(wire: PtyWire) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await probe(wire)
    await assert_free(wire)
    return caught.value


def answering(wire: PtyWire, question: bytes, answer: bytes) -> None:
    """Answer one question and nothing else."""

    def receive(_: bytes) -> None:
        if wire.received.endswith(question):
            wire.put(answer)

    wire.attach(receive)


async def test_a_classic_board(pty: PtyWire) -> None:
    ClassicBoard(pty, reply("real_16s_sw11.26_idle"))
    found = await probe(pty)
    assert (found.identity.variant, found.identity.serials) == ("classic", {"bms": None})
    assert found.title == "JK_B2A20S20P"


async def test_boards_of_the_newer_generation(pty: PtyWire) -> None:
    first = recorded_board("pb_real_8s_sw15.10_addr1", "SN1")
    second = recorded_board("pb_real_16s_sw15.41_addr3", "SN3")
    third = recorded_board("pb_real_16s_sw15.41_addr3")
    third.frames[3] = None
    Bus(pty, {1: first, 3: second, 15: third})
    found = await probe(pty)
    assert found.identity.variant == "modbus"
    assert found.identity.serials == {"1": "SN1", "3": "SN3", "15": None}
    assert found.title == "JK_PB2A16S15P (3 packs)"
    assert [unit.model for unit in found.units] == ["JK_PB2A16S15P", "JK_PB2A16S20P", "JK-BMS"]


async def test_a_serial_number_that_two_boards_share_identifies_neither(pty: PtyWire) -> None:
    board = recorded_board("pb_real_8s_sw15.10_addr1", "SN1")
    Bus(pty, {1: board, 2: board})
    assert (await probe(pty)).identity.serials == {"1": None, "2": None}


async def test_one_board_through_an_adapter_that_echoes(pty: PtyWire) -> None:
    Bus(pty, {4: recorded_board("pb_real_8s_sw15.10_addr1", "SN4")}, echoes=True)
    found = await probe(pty)
    assert found.title == "JK_PB2A16S15P SN4"


async def test_a_bus_that_has_a_master_is_only_listened_to(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "MASTER_CYCLE", 1.0)
    master = asyncio.create_task(MasterBus(pty, cycle=0.5).run())
    found = await probe(pty)
    master.cancel()
    assert found.identity.variant == "modbus_listener"
    assert found.identity.serials == {"0": None, "1": None}
    assert not pty.received


async def test_an_old_board_is_named(pty: PtyWire) -> None:
    answering(pty, bytes.fromhex("DDA50300FFFD77"), OLD)
    error = await problem(pty)
    assert isinstance(error, OtherDevice)
    assert error.placeholders == {"device": "JK-BMS", "found": OLD_NAME}


async def test_a_board_of_plain_modbus_is_named(pty: PtyWire) -> None:
    body = b"\x01\x03\x14" + bytes(range(20))
    answering(pty, bytes.fromhex("01031200000AC0B5"), body + crc(body))
    error = await problem(pty)
    assert error.placeholders["found"] == PLAIN_NAME


async def test_nobody(pty: PtyWire) -> None:
    assert isinstance(await problem(pty), NoAnswer)


async def test_only_the_own_echo(pty: PtyWire) -> None:
    pty.attach(pty.put)
    assert isinstance(await problem(pty), OnlyEcho)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(b"\xa5\x5a" * 40, BadAnswer), (b"\x01\x03\x14" + bytes(30), BadAnswer)],
)
async def test_garbage(pty: PtyWire, answer: bytes, kind: type[DeviceError]) -> None:
    pty.attach(lambda _: pty.put(answer))
    error = await problem(pty)
    assert isinstance(error, kind)


async def test_a_damaged_answer_on_the_bus_is_no_silence(pty: PtyWire) -> None:
    def receive(data: bytes) -> None:
        if data[:2] == b"\x07\x10":
            pty.put(b"\x55\xaa\xeb")

    pty.attach(receive)
    assert isinstance(await problem(pty), BadAnswer)


async def test_what_talks_by_itself_is_not_asked(pty: PtyWire) -> None:
    async def talk() -> None:
        while True:
            await pty.send(recording("victron_charger", "02_ip22_24_12_fw342_stream")[:300])
            await asyncio.sleep(0.2)

    talking = asyncio.create_task(talk())
    error = await problem(pty)
    talking.cancel()
    assert isinstance(error, BadAnswer)
    assert b"0xA334" in error.heard
    assert not pty.received


async def test_stray_bytes_at_the_beginning_are_nobody(pty: PtyWire) -> None:
    ClassicBoard(pty, reply("real_16s_sw11.26_idle"))
    probing_ = asyncio.create_task(probe(pty))
    await asyncio.sleep(0.1)
    await pty.send(b"\xdf\xff\x00")
    assert (await probing_).title == "JK_B2A20S20P"


async def test_a_port_that_can_not_be_opened(pty: PtyWire) -> None:
    await pty.unplug()
    with pytest.raises(LinkError) as caught:
        await FAMILY.probe(lambda line: SerialLink(pty.address, line.baudrate), lambda _: None)
    assert caught.value.fault is LinkFault.MISSING


def plain(data: bytes) -> bytes:
    return data + crc(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff" + reply("real_16s_sw11.26_idle"), CLASSIC_NAME),
        (bytes.fromhex("011016200001044B"), MODBUS_NAME),
        (OLD[:-2] + b"\x00\x77", None),
        (b"\xdd\x03\x00", None),
        (bytes.fromhex("4E5700130000000006030000000000006800000129"), None),
        (b"", None),
    ],
)
def test_received_bytes_are_recognised(data: bytes, name: str | None) -> None:
    assert recognise(data) == (Speaker(name) if name else None)


def test_an_old_board_is_recognised_as_one_that_cannot_be_read() -> None:
    assert recognise(b"\x00" + OLD) == Speaker(OLD_NAME, is_ours=False)


def plain_answers(data: bytes) -> bool:
    return is_plain_answer(data, "1")


@pytest.mark.parametrize(
    ("answer", "is_foreign"),
    [
        (b"", False),
        (plain(b"\x01\x03\x14" + bytes(20)), False),
        (plain(b"\x01\x03\x14" + b"\x20\x00" * 10), True),
        (plain(b"\x01\x83\x02"), True),
        (plain(b"\x02\x83\x02"), False),
        (b"\x01\x83\x02\x00\x00", False),
    ],
)
def test_other_modbus_devices_are_told_by_their_answer(answer: bytes, is_foreign: bool) -> None:  # noqa: FBT001
    assert is_foreign_answer(answer, "1") == is_foreign


async def test_other_modbus_devices_get_no_question_that_is_a_write_to_them(pty: PtyWire) -> None:
    """Not even the one to all of them, which asks a board that is a master."""
    packs: dict[int, Slave] = {2: Pack(), 5: Pack()}
    RtuBus(pty, packs)
    with pytest.raises(DeviceError):
        await probe(pty)
    for address, pack in packs.items():
        assert not pack.writes
        assert bytes((address, 0x10, 0x16)) not in pty.received
    assert b"\x00\x10\x16\x20" not in pty.received
    assert b"\x01\x10\x16\x20" in pty.received


@pytest.mark.parametrize(
    ("check", "data"),
    [
        (is_old_answer, OLD[:10]),
        (plain_answers, b""),
        (plain_answers, b"\x01\x03\x14" + bytes(22)),
        (plain_answers, plain(b"\x01\x03\x14" + bytes(20))[:20]),
        # Of another board, and what can be no cells.
        (plain_answers, plain(b"\x02\x03\x14" + bytes(20))),
        (plain_answers, plain(b"\x01\x03\x14" + b"\x20\x00" * 10)),
    ],
)
def test_answers_that_are_not_whole_are_none(check: Callable[[bytes], bool], data: bytes) -> None:
    assert not check(data)


def test_every_recorded_old_answer_to_the_question_is_known() -> None:
    frames = capture("jk_bms", "old_dd_a5_vendor_examples")["frames"]
    known = [is_old_answer(bytes.fromhex(frame["hex"])) for frame in frames]
    assert known == [False, True, False, False, False, False, False]
