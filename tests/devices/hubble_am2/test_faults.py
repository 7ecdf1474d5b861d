"""What happens to requests and answers on a real bus."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.cellwire.devices import asked
from custom_components.cellwire.devices.errors import Declined, DeviceError, Garbled, NoAnswer
from custom_components.cellwire.devices.hubble_am2.bank import BankDevice
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.pause import Pause
from tests.bench import faults
from tests.bench.captures import capture
from tests.bench.faults import Fault, Pieces
from tests.bench.hubble_am2 import LIVE, SETTINGS, TEXTS, Pack, vector
from tests.bench.modbus import RtuBus, TcpGateway, crc
from tests.bench.wire import PtyWire, TcpWire
from tests.devices.hubble_am2.buses import identity, packs, read_until, reading
from tests.waiting import until

TWO = identity(p1="S1", p2="S2")
EXCHANGES = capture("hubble_am2", "real_modbus_exchanges_pace_family")


@pytest.fixture
def slaves() -> dict[int, Pack]:
    return packs(1, 2)


@pytest.fixture
def bus(pty: PtyWire, slaves: dict[int, Pack]) -> RtuBus:
    return RtuBus(pty, dict(slaves))


@pytest.fixture
async def device(bus: RtuBus) -> AsyncIterator[BankDevice]:
    async with reading(bus.wire, TWO) as device:
        # Settings are read now, so that what follows are live values alone.
        for _ in range(3):
            await device.read()
        yield device
        await until(lambda: bus.is_quiet)


def instead(reply: str) -> Fault:
    """Send another reply, given as hexadecimal bytes."""
    return lambda _data: [(0.0, bytes.fromhex(reply))]


def collided(data: bytes) -> Pieces:
    """Two packs pull the line at once: a bit is only high where both leave it high."""
    other = packs(3)[3].answer(bytes.fromhex("0300000025"))
    other = data[:1] + other
    other += crc(other)
    return [(0.0, bytes(a & b for a, b in zip(data, other, strict=False)))]


def foreign(data: bytes) -> Pieces:
    """Another master asks another unit in between, and is answered."""
    request = bytes.fromhex("0903000000014542")
    answer = bytes.fromhex("0903020123")
    return [(0.0, request), (0.0, answer + crc(answer)), (0.0, data)]


# One damaged answer costs a second attempt, and nothing else.
@pytest.mark.parametrize(
    "fault",
    [
        faults.silent,
        faults.corrupted(20),
        faults.corrupted(0),
        faults.corrupted(2),
        faults.truncated(61),
        faults.truncated(3),
        collided,
        instead(vector("bad_crc")["reply"]),
        instead(vector("short_reply")["reply"]),
        instead(vector("reply_of_another_pack")["reply"].replace("01034a", "05034a", 1)),
        instead(vector("reply_with_wrong_length")["reply"]),
        instead(EXCHANGES["wrong_port_or_protocol"][2]["bytes_hex"]),
        instead(EXCHANGES["foreign_frames"][1]["hex"]),
    ],
)
async def test_one_bad_answer_is_made_good(
    device: BankDevice, slaves: dict[int, Pack], fault: Fault
) -> None:
    good = await device.read()
    slaves[1].fault = faults.once(fault)
    assert await device.read() == good
    health = device.wires.health
    assert health.timeouts + health.checksum_errors == 1


# What stands around an answer does not keep it from being one.
@pytest.mark.parametrize(
    "fault",
    [
        faults.split(1),
        faults.split(16, 0.005),
        faults.doubled,
        faults.surrounded(b"\xff\x00"),
        faults.surrounded(bytes.fromhex(EXCHANGES["wrong_port_or_protocol"][1]["bytes_hex"])),
        foreign,
        instead(vector("ascii_noise_before_reply")["reply"]),
        instead(vector("echo_of_request")["reply"]),
    ],
)
async def test_a_good_answer_is_found(
    device: BankDevice, slaves: dict[int, Pack], fault: Fault
) -> None:
    good = await device.read()
    slaves[1].fault = fault
    assert await device.read() == good
    assert await device.read() == good


async def test_a_pack_that_answers_for_another_is_not_believed(
    device: BankDevice, slaves: dict[int, Pack]
) -> None:
    good = await device.read()
    case = vector("reply_of_another_pack")
    assert case["request"].startswith("02")
    assert case["reply"].startswith("01")
    slaves[2].fault = instead(case["reply"])
    readings = await device.read()
    assert readings["1"] == good["1"]
    assert "2" not in readings
    slaves[2].fault = faults.none
    readings = await read_until(device, lambda found: "2" in found)
    assert readings["2"].voltage == good["2"].voltage


async def test_two_packs_at_one_address_are_neither(
    device: BankDevice, slaves: dict[int, Pack]
) -> None:
    slaves[2].fault = collided
    for _ in range(3):
        assert list(await device.read()) == ["bank", "1"]
    slaves[1].fault = collided
    with pytest.raises((Garbled, NoAnswer)):
        await device.read()


async def test_a_late_answer_is_never_that_of_the_next_request(
    device: BankDevice, slaves: dict[int, Pack], bus: RtuBus
) -> None:
    good = await device.read()
    # After both attempts were given up, the answers come while other packs and values are asked.
    slaves[1].fault = faults.in_turn(faults.late(0.17), faults.late(0.17))
    for _ in range(4):
        readings = await device.read()
        for key in readings.keys() & {"1", "2"}:
            assert readings[key].voltage == good[key].voltage
            assert readings[key].cell_voltages == good[key].cell_voltages
    await until(lambda: bus.is_quiet)
    assert slaves[1].asked.count(LIVE) > 4


@pytest.mark.parametrize("block", [TEXTS, SETTINGS])
async def test_a_late_answer_has_another_size_than_that_of_other_requests(
    device: BankDevice, slaves: dict[int, Pack], block: int
) -> None:
    """Live values that come when texts or settings were asked are not taken for them."""
    live = bytes((1,)) + slaves[1].answer(bytes.fromhex("0300000025"))
    frame = live + crc(live)
    pack = device._packs["1"]
    if block == TEXTS:
        pack.forget()
    else:
        pack._settings_due = 0.0
    # The first answer is good, the next ones are the one before.
    wrong: Fault = lambda _data: [(0.0, frame)]  # noqa: E731
    slaves[1].fault = faults.in_turn(faults.none, wrong, wrong)
    before = dict(device.units)
    readings = await device.read()
    if block == TEXTS:
        # Nobody knows who this is.
        assert "1" not in readings
    assert device.units == before
    readings = await read_until(device, lambda found: "1" in found)
    assert readings["1"].voltage == 51.75
    assert device.units["1"].serial == "S1"


async def test_exceptions_are_no_values(device: BankDevice, slaves: dict[int, Pack]) -> None:
    slaves[2].fault = instead("028302" + crc(bytes.fromhex("028302")).hex())
    assert "2" not in await device.read()
    assert device.wires.health.complaints == 1
    exchange = EXCHANGES["exchanges"][0]
    slaves[1].fault = instead(exchange["reply"])
    with pytest.raises(Declined) as err:
        await device.read()
    assert err.value.code == 2


async def test_a_port_that_is_pulled_and_plugged_again(
    device: BankDevice, bus: RtuBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.cellwire.links.pause.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("custom_components.cellwire.links.pause.LONGEST_PAUSE", 0.05)
    device._pause = Pause()
    good = await device.read()
    await bus.wire.unplug()
    for _ in range(2):
        with pytest.raises((LinkError, DeviceError)):
            await device.read()
        await asyncio.sleep(0.06)
    await bus.wire.plug()
    readings = await read_until(device, lambda found: len(found) == 3)
    assert readings["bank"].soc == good["bank"].soc
    assert device.wires.health.lost >= 1
    assert device.wires.health.opened >= 2


async def test_a_port_that_does_not_exist(tmp_path: Path) -> None:
    async with reading(PtyWire(tmp_path / "nothing"), TWO, start=False) as device:
        with pytest.raises(LinkError) as err:
            await device.start()
        assert err.value.fault is LinkFault.MISSING


async def test_a_gateway_that_goes_and_comes(
    tcp: TcpWire, slaves: dict[int, Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.cellwire.links.pause.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("custom_components.cellwire.links.pause.LONGEST_PAUSE", 0.05)
    TcpGateway(tcp, dict(slaves))
    async with reading(tcp, TWO, gateway=True) as device:
        await device.read()
        # It hangs up between two reads, which costs nothing.
        tcp.hang_up()
        await until(lambda: not device.wires.link.is_open)
        assert len(await device.read()) == 3
        await tcp.unplug()
        with pytest.raises(LinkError) as err:
            await device.read()
        assert err.value.fault is LinkFault.REFUSED
        # No more than now and then.
        with pytest.raises(LinkError):
            await device.read()
        await tcp.plug()
        await read_until(device, lambda found: len(found) == 3)


async def test_a_connection_that_is_open_but_dead_is_made_anew(
    tcp: TcpWire, slaves: dict[int, Pack]
) -> None:
    gateway = TcpGateway(tcp, dict(slaves), tells=False)
    async with reading(tcp, TWO, gateway=True) as device:
        await device.read()
        gateway.slaves = {}
        for _ in range(asked.REOPEN_AFTER):
            with pytest.raises(NoAnswer):
                await device.read()
        assert not device.wires.link.is_open
        gateway.slaves = dict(slaves)
        assert len(await device.read()) == 3
        assert tcp.connections == 2


async def test_a_device_that_is_closed_while_it_reads_stays_closed(
    device: BankDevice, slaves: dict[int, Pack]
) -> None:
    slaves[1].fault = faults.silent
    requests = slaves[1].requests
    task = asyncio.create_task(device.read())
    await until(lambda: slaves[1].requests > requests)
    await device.close()
    with pytest.raises((LinkError, DeviceError)):
        await task
    with pytest.raises(LinkError):
        await device.read()
    assert not device.wires.link.is_open
    assert device.wires.link._opened is None
