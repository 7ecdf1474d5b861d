"""Which packs are on a bus, and what is said when there are none."""

from pathlib import Path
from typing import override

import pytest

from custom_components.cellwire.devices.device import Found, Line
from custom_components.cellwire.devices.errors import (
    Declined,
    DeviceError,
    Garbled,
    Implausible,
    NoAnswer,
    OtherDevice,
)
from custom_components.cellwire.devices.hearing import Speaker
from custom_components.cellwire.devices.hubble_am2 import FAMILY
from custom_components.cellwire.devices.hubble_am2.bank import BankDevice
from custom_components.cellwire.devices.hubble_am2.recognise import (
    ASCII_NAME,
    MODBUS_NAME,
    recognise,
)
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.registers import ModbusLink
from tests.bench import faults
from tests.bench.captures import capture
from tests.bench.hubble_am2 import LIVE, TEXTS, Pack, text_registers, vector
from tests.bench.modbus import ILLEGAL_FUNCTION, Refusal, RtuBus, Slave, TcpGateway, crc
from tests.bench.modbus_link import Owner, make_link
from tests.bench.wire import PtyWire, TcpWire, Wire
from tests.devices.hubble_am2.buses import packs

EXCHANGES = capture("hubble_am2", "real_modbus_exchanges_pace_family")


class Prober:
    """Runs the probe on a wire, and sees to it that nothing is left open."""

    def __init__(self, wire: Wire, *, gateway: bool = False) -> None:
        self.wire = wire
        self.gateway = gateway
        self.lines: list[Line] = []
        self.owners: list[Owner] = []

    def link(self, line: Line) -> ModbusLink:
        self.lines.append(line)
        self.owners.append(Owner(self.wire, line, gateway=self.gateway))
        return make_link(self.owners[-1], self.wire, has_line=not self.gateway)

    async def probe(self) -> Found:
        steps: list[float] = []
        try:
            found = await FAMILY.probe(self.link, steps.append)
        finally:
            assert steps == sorted(steps)
            assert all(0 <= step <= 1 for step in steps)
            assert all(owner.connection is None for owner in self.owners)
        assert steps[-1] == 1.0
        return found

    async def problem(self) -> DeviceError:
        with pytest.raises(DeviceError) as err:
            await self.probe()
        return err.value


async def test_packs_are_found_at_their_addresses(pty: PtyWire) -> None:
    slaves = packs(1, 3, 15)
    RtuBus(pty, dict(slaves))
    prober = Prober(pty)
    found = await prober.probe()
    assert found.title == "Hubble AM2 (3 packs)"
    assert found.line == Line(9600)
    assert prober.lines == [Line(9600)]
    assert [unit.key for unit in found.units] == ["bank", "1", "3", "15"]
    assert found.identity.variant == "modbus"
    assert found.identity.serials == {"bank": None, "1": "S1", "3": "S3", "15": "S15"}
    assert {pack.writes for pack in slaves.values()} == {0}
    link = prober.link(Line(9600))
    device = FAMILY.create(link, found.identity)
    assert isinstance(device, BankDevice)
    await device.start()
    assert len(await device.read()) == 4
    await device.close()


async def test_a_number_that_two_packs_share_identifies_neither(pty: PtyWire) -> None:
    RtuBus(pty, {1: Pack(serial="SAME"), 2: Pack(serial="SAME"), 3: Pack(serial="S3")})
    found = await Prober(pty).probe()
    assert found.identity.serials == {"bank": None, "1": None, "2": None, "3": "S3"}


async def test_packs_without_a_number_or_without_texts_are_found(pty: PtyWire) -> None:
    mute = Pack()
    del mute.blocks[TEXTS]
    RtuBus(pty, {1: Pack(serial=""), 2: mute})
    found = await Prober(pty).probe()
    assert found.identity.serials == {"bank": None, "1": None, "2": None}
    assert found.units[2].firmware is None


async def test_another_pace_pack_goes_by_the_name_of_its_board(pty: PtyWire) -> None:
    pack = Pack(vector("sixteen_cells")["registers"])
    pack.blocks[TEXTS] = text_registers("P16S100A-12720-4.05G", "S")
    RtuBus(pty, {1: pack})
    assert (await Prober(pty).probe()).units[1].model == "P16S100A"


async def test_the_second_speed_is_tried_when_nobody_answers_at_the_first(pty: PtyWire) -> None:
    silent = Pack()
    silent.fault = faults.silent
    RtuBus(pty, {1: silent})

    class Second(Prober):
        @override
        def link(self, line: Line) -> ModbusLink:
            silent.fault = faults.none if line.baudrate == 19200 else faults.silent
            return super().link(line)

    prober = Second(pty)
    found = await prober.probe()
    assert found.line == Line(19200)
    assert prober.lines == [Line(9600), Line(19200)]


async def test_one_damaged_answer_hides_no_pack(pty: PtyWire) -> None:
    slaves = packs(1)
    RtuBus(pty, dict(slaves))
    slaves[1].fault = faults.in_turn(
        faults.corrupted(9), faults.none, faults.corrupted(9), faults.none
    )
    assert (await Prober(pty).probe()).identity.serials == {"bank": None, "1": "S1"}


async def test_a_silent_bus(pty: PtyWire) -> None:
    RtuBus(pty, {})
    prober = Prober(pty)
    assert isinstance(await prober.problem(), NoAnswer)
    assert prober.lines == [Line(9600), Line(19200)]


@pytest.mark.parametrize("tells", [True, False])
async def test_behind_a_gateway_there_is_one_speed(tcp: TcpWire, *, tells: bool) -> None:
    TcpGateway(tcp, {}, tells=tells)
    prober = Prober(tcp, gateway=True)
    assert isinstance(await prober.problem(), NoAnswer)
    assert prober.lines == [Line(9600)]
    await tcp.unplug()
    await tcp.plug()
    TcpGateway(tcp, dict(packs(2)), tells=tells)
    assert list((await Prober(tcp, gateway=True).probe()).identity.serials) == ["bank", "2"]


async def test_damage_is_told_if_nothing_else_is_found(pty: PtyWire) -> None:
    slaves = packs(4, 5)
    RtuBus(pty, dict(slaves))
    slaves[4].fault = faults.corrupted(20)
    assert list((await Prober(pty).probe()).identity.serials) == ["bank", "5"]
    slaves[5].fault = faults.silent
    assert isinstance(await Prober(pty).problem(), Garbled)


async def test_a_pack_that_is_set_to_another_protocol(pty: PtyWire) -> None:
    exchange = EXCHANGES["exchanges"][0]
    slaves = packs(1, 2)
    del slaves[2].blocks[LIVE]
    slaves[1].fault = faults.corrupted(20)
    RtuBus(pty, dict(slaves))
    problem = await Prober(pty).problem()
    assert isinstance(problem, OtherDevice)
    assert "PACE_MODBUS" in problem.placeholders["found"]
    # That is what such a pack answered.
    assert slaves[2].answer(bytes.fromhex("0300000025")).hex() == exchange["reply"][2:6]


class Meter(Slave):
    """Another unit on the same bus: it has other registers."""

    def __init__(self, value: int | None) -> None:
        super().__init__()
        self.value = value

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        if self.value is None:
            raise Refusal(ILLEGAL_FUNCTION)
        return [self.value] * count


@pytest.mark.parametrize("value", [0, 1, 2301, 4000, 5000, 0xFFFF])
async def test_another_kind_of_unit_is_no_pack(pty: PtyWire, value: int) -> None:
    RtuBus(pty, {1: Meter(value)})
    assert isinstance(await Prober(pty).problem(), Implausible)


async def test_half_a_pack_is_no_pack(pty: PtyWire) -> None:
    pack = Pack()
    pack.blocks[LIVE][2] = 0xFF
    RtuBus(pty, {1: pack})
    assert isinstance(await Prober(pty).problem(), Implausible)


async def test_a_unit_that_refuses_is_told(pty: PtyWire) -> None:
    RtuBus(pty, {1: Meter(None)})
    problem = await Prober(pty).problem()
    assert isinstance(problem, Declined)
    assert problem.code == 1


async def test_a_port_that_can_not_be_opened_ends_the_search(tmp_path: Path) -> None:
    prober = Prober(PtyWire(tmp_path / "nothing"))
    with pytest.raises(LinkError) as err:
        await prober.probe()
    assert err.value.fault is LinkFault.MISSING
    assert prober.lines == [Line(9600)]


EXCHANGE = vector("live_block_pack_2")
BATTERY_LINK = [
    bytes.fromhex(each["bytes_hex"]) for each in EXCHANGES["wrong_port_or_protocol"][:2]
]
ANSWERED = bytes.fromhex("010300090004940b") + bytes.fromhex("010308000000000000000095d7")


@pytest.mark.parametrize("data", [*BATTERY_LINK, b"\x00\xff" + b"".join(BATTERY_LINK) + b"~2502"])
def test_the_battery_link_is_recognised(data: bytes) -> None:
    assert recognise(data) == Speaker(ASCII_NAME, is_ours=False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"~",
        b"~250246900000FDA4",  # no end
        b"~250246900000FDA5\r",
        b"~200246900000FDA9\r",
        b"250246900000FDA4\r",
        b"~2502469000FDA4\r",
        bytes.fromhex(EXCHANGES["wrong_port_or_protocol"][2]["bytes_hex"]),
        *(bytes.fromhex(each["hex"]) for each in EXCHANGES["foreign_frames"]),
        # A request alone is what a program may have sent itself, and an answer alone a frame of
        # anything.
        *(bytes.fromhex(each["hex"]) for each in EXCHANGES["requests_sent"]),
        bytes.fromhex(vector("live_block_pack_1")["reply"]),
        ANSWERED[:-1],
        ANSWERED[:-1] + b"\0",
        bytes(300),
        b"\x01\x03" * 200,
    ],
)
def test_other_bytes_are_not_recognised(data: bytes) -> None:
    assert recognise(data) is None


def test_a_recorded_frame_that_was_cut_is_not_recognised() -> None:
    recording = capture("hubble_am2", "real_rs232_ascii_two_13s_packs")
    assert recognise(recording["ascii_frame_truncated"].encode() + b"\r") is None


@pytest.mark.parametrize(
    "data",
    [
        ANSWERED,
        bytes.fromhex("010300") + ANSWERED + b"\x01\x03",
        bytes.fromhex(
            vector("live_block_pack_2")["request"] + vector("live_block_pack_2")["reply"]
        ),
    ],
)
def test_another_master_is_recognised(data: bytes) -> None:
    assert recognise(data) == Speaker(MODBUS_NAME, is_ours=False)


def test_an_answer_that_does_not_fit_is_no_exchange() -> None:
    request = bytes.fromhex("010300000001")
    answer = bytes.fromhex("020302000a")
    assert recognise(request + crc(request) + answer + crc(answer)) is None
