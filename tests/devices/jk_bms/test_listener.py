"""A bus that has a master: its boards are overheard, for as long as what they said is worth."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.errors import BadAnswer
from custom_components.cellwire.devices.jk_bms import cycle, listener
from custom_components.cellwire.devices.jk_bms.cycle import LONGEST_LIFE, MasterCycle
from custom_components.cellwire.devices.jk_bms.listener import BusListener
from custom_components.cellwire.devices.jk_bms.modbus_frame import Content, acknowledgement
from custom_components.cellwire.links.errors import CellwireError
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.captures import capture
from tests.bench.jk_bms import MasterBus, recorded_board, resum
from tests.bench.wire import PtyWire
from tests.waiting import until

STATUS = 2
ACKNOWLEDGEMENT = bytes.fromhex("001016200001059A")
SLOW = "pb_real_bus_master_cycle_7.2s"


@pytest.fixture
async def master(pty: PtyWire) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(MasterBus(pty, cycle=0.5).run())
    yield task
    task.cancel()


@pytest.fixture
async def overheard(pty: PtyWire, master: asyncio.Task[None]) -> AsyncIterator[BusListener]:
    identity = Identity(variant=listener.VARIANT, serials={"0": None})
    device = BusListener(SerialLink(pty.address, 115200), identity)
    await device.start()
    yield device
    await device.close()


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
    overheard: BusListener, master: asyncio.Task[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycle, "SHORTEST_LIFE", 0.2)
    hurried: list[int] = []
    overheard.on_change(lambda: hurried.append(1))
    await until(lambda: overheard.cycle.rounds >= 2)
    assert (await overheard.read()).keys() == {"0", "1"}
    master.cancel()
    # 2.5 cycles of 0.5 s, of which one may be over already.
    await asyncio.sleep(0.6)
    assert (await overheard.read()).keys() == {"0", "1"}
    await asyncio.sleep(1.0)
    with pytest.raises(CellwireError):
        await overheard.read()
    await until(lambda: hurried)


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


def a_cycle_of(seconds: float, addresses: range, rounds: int) -> MasterCycle:
    heard = MasterCycle()
    for number in range(rounds):
        for place, address in enumerate(addresses):
            heard.note(address, seconds * (number + place / len(addresses)))
    return heard


@pytest.mark.parametrize(
    ("seconds", "life"), [(1.0, 10.0), (4.4, 11.0), (7.176, 17.94), (20.0, 50.0), (40.0, 60.0)]
)
def test_what_was_heard_lives_for_two_and_a_half_cycles(seconds: float, life: float) -> None:
    heard = a_cycle_of(seconds, range(16), 3)
    assert heard.length == pytest.approx(seconds)
    assert heard.life == pytest.approx(life)
    assert heard.rounds == 2


def test_a_cycle_that_was_not_heard_to_its_end_is_unknown() -> None:
    for heard in (MasterCycle(), a_cycle_of(5.0, range(16), 1)):
        assert (heard.length, heard.rounds, heard.life) == (None, 0, LONGEST_LIFE)


def test_lost_questions_and_second_attempts_do_not_count() -> None:
    heard = MasterCycle()
    for number in range(6):
        for address in range(16):
            if (number, address) != (4, 7):
                heard.note(address, 8.0 * number + 0.5 * address)
                heard.note(address, 8.0 * number + 0.5 * address + 0.2)
    assert heard.length == pytest.approx(8.0)


def test_a_cycle_that_becomes_longer_is_followed() -> None:
    heard = a_cycle_of(4.0, range(16), 3)
    for number in range(2):
        for address in range(16):
            heard.note(address, 12.0 + 9.0 * number + 9.0 * address / 16)
    assert heard.length == pytest.approx(9.0)


@pytest.mark.parametrize("part", [0, 5, 6])
async def test_one_damaged_frame_makes_no_board_unavailable(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """Played six times as fast as it was recorded: the status of either board, or its end."""
    monkeypatch.setattr(cycle, "SHORTEST_LIFE", 0.0)
    bus = MasterBus(pty, capture("jk_bms", SLOW)["cycle"] / 6, SLOW)

    def damaged(number: int, which: int, data: bytes) -> bytes:
        hit = number == 2 and which == part
        return data[:5] + bytes((data[5] ^ 0x40,)) + data[6:] if hit else data

    bus.fault = damaged
    master = asyncio.create_task(bus.run())
    identity = Identity(variant=listener.VARIANT, serials={"0": None, "1": None})
    device = BusListener(SerialLink(pty.address, 115200), identity)
    try:
        await device.start()
        await until(lambda: device.cycle.rounds == 1)
        assert device.alive == device.cycle.life < LONGEST_LIFE
        assert device.period == pytest.approx(bus.cycle, rel=0.2)
        while device.cycle.rounds < 4:
            assert (await device.read()).keys() == {"0", "1"}
            await asyncio.sleep(0.05)
        assert device.wires.health.discarded_bytes
    finally:
        await device.close()
        master.cancel()


async def test_a_board_that_joins_is_there_with_its_first_status(
    overheard: BusListener, pty: PtyWire
) -> None:
    await until(lambda: overheard.units.keys() == {"0", "1"})
    status = recorded_board("pb_real_8s_sw15.10_addr1").frames[STATUS]
    assert status is not None
    await pty.send(status + acknowledgement(2, Content.STATUS))
    await until(lambda: "2" in overheard.units)
    assert "2" in await overheard.read()
    assert not overheard.unread
