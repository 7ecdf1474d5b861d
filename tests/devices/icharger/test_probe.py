"""Finding a charger, whatever its line is set to."""

from collections.abc import Callable

import pytest

from custom_components.cellwire.devices.device import Found, Line
from custom_components.cellwire.devices.errors import Declined, Garbled, NoAnswer, OtherDevice
from custom_components.cellwire.devices.hearing import Speaker
from custom_components.cellwire.devices.icharger import FAMILY
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.conversation import ADDRESS
from custom_components.cellwire.devices.icharger.probe import LINES, TEXT_NAME, recognise
from custom_components.cellwire.devices.icharger.words import VARIANT
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.link import LinkKind
from custom_components.cellwire.links.registers import ModbusLink
from tests.bench import faults
from tests.bench.captures import capture
from tests.bench.faults import Fault
from tests.bench.icharger import SimulatedCharger
from tests.bench.modbus import RtuBus
from tests.bench.wire import PtyWire

from .conftest import identity, serial_link

SERIAL = "1504308022"


def set_to(
    pty: PtyWire, charger: SimulatedCharger, right: Line, wrong: Fault = faults.silent
) -> Callable[[Line], ModbusLink]:
    """Make links to a charger that answers at one setting of its line only."""

    def link_for(line: Line) -> ModbusLink:
        charger.fault = faults.none if line == right else wrong
        return serial_link(pty.address, line)

    return link_for


@pytest.mark.parametrize("line", [LINES[0], Line(115200, "E"), LINES[-1]])
async def test_a_charger_at_any_setting(pty: PtyWire, line: Line) -> None:
    charger = SimulatedCharger()
    RtuBus(pty, {ADDRESS: charger})
    progress: list[float] = []
    found = await FAMILY.probe(set_to(pty, charger, line), progress.append)
    assert found.line == line
    assert found.title == f"iCharger 4010 DUO {SERIAL}"
    assert found.identity.variant == VARIANT
    assert found.identity.serials == {
        "charger": SERIAL,
        "channel_1": f"{SERIAL}_1",
        "channel_2": f"{SERIAL}_2",
    }
    assert [unit.key for unit in found.units] == list(found.identity.serials)
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert charger.writes == 0


async def find(pty: PtyWire, *, has_line: bool = True) -> Found:
    return await FAMILY.probe(
        lambda line: serial_link(pty.address, line, has_line=has_line), lambda _: None
    )


async def test_where_the_line_does_not_matter_it_is_not_asked_for_with_each(
    pty: PtyWire,
) -> None:
    charger = SimulatedCharger()
    RtuBus(pty, {ADDRESS: charger})
    found = await find(pty, has_line=False)
    assert found.line is None
    charger.fault = faults.silent
    before = charger.requests
    with pytest.raises(NoAnswer):
        await find(pty, has_line=False)
    # As patiently as in a poll, and twice.
    assert charger.requests - before == 4


async def test_nobody_answers(pty: PtyWire) -> None:
    with pytest.raises(NoAnswer):
        await find(pty)


async def test_damaged_answers_tell_more_than_silence(pty: PtyWire) -> None:
    charger = SimulatedCharger()
    RtuBus(pty, {ADDRESS: charger})
    wrong = faults.in_turn(faults.silent, faults.corrupted(4), forever=faults.silent)

    def link_for(line: Line) -> ModbusLink:
        charger.fault = wrong
        return serial_link(pty.address, line)

    with pytest.raises(Garbled):
        await FAMILY.probe(link_for, lambda _: None)


@pytest.mark.parametrize("right", [LINES[0], Line(115200, "E")])
async def test_an_answer_that_is_damaged_or_lost_does_not_hide_it(
    pty: PtyWire, right: Line
) -> None:
    charger = SimulatedCharger()
    RtuBus(pty, {ADDRESS: charger})
    for bad in (faults.silent, faults.corrupted(4)):
        trouble = faults.in_turn(bad)

        def link_for(line: Line, trouble: Fault = trouble) -> ModbusLink:
            charger.fault = trouble if line == right else faults.silent
            return serial_link(pty.address, line)

        found = await FAMILY.probe(link_for, lambda _: None)
        assert found.line == right


async def test_an_answer_that_is_lost_while_it_says_who_it_is(pty: PtyWire) -> None:
    charger = SimulatedCharger()
    RtuBus(pty, {ADDRESS: charger})
    # All patience for the list of presets is used up in the first round.
    charger.fault = faults.in_turn(*[faults.none] * 2, *[faults.silent] * 5)
    found = await find(pty, has_line=False)
    assert found.title == f"iCharger 4010 DUO {SERIAL}"


@pytest.mark.parametrize("times", [1, 2])
async def test_a_link_that_is_lost_in_a_search(pty: PtyWire, times: int) -> None:
    charger = SimulatedCharger()
    RtuBus(pty, {ADDRESS: charger})
    losses = iter([LinkFault.LOST] * times)

    def link_for(line: Line) -> ModbusLink:
        link = serial_link(pty.address, line, has_line=False)
        opened = link.open

        async def open_or_not() -> None:
            await opened()
            if fault := next(losses, None):
                raise LinkError(fault, link.name, "refused")

        link.open = open_or_not  # type: ignore[method-assign]
        return link

    if times == 1:
        assert (await FAMILY.probe(link_for, lambda _: None)).line is None
    else:
        with pytest.raises(LinkError):
            await FAMILY.probe(link_for, lambda _: None)


async def test_another_device_answers(pty: PtyWire) -> None:
    charger = SimulatedCharger()
    charger.info = lambda: [7] * 13  # type: ignore[method-assign]
    RtuBus(pty, {ADDRESS: charger})
    with pytest.raises(OtherDevice):
        await find(pty)


async def test_another_device_refuses(pty: PtyWire) -> None:
    charger = SimulatedCharger()
    charger.refusals = {0: 1}
    RtuBus(pty, {ADDRESS: charger})
    with pytest.raises(Declined):
        await find(pty)


async def test_a_port_that_is_missing(pty: PtyWire) -> None:
    await pty.unplug()
    with pytest.raises(LinkError) as caught:
        await find(pty)
    assert caught.value.fault is LinkFault.MISSING


OLD = capture("icharger", "real_serial_lines_old_b_series")["files"]
NEW = capture("icharger", "real_sd_log_lines_duo_x")["files"]
LINES_OF_TEXT = [line["line"] for file in (*OLD, *NEW) for line in file["lines"]]


@pytest.mark.parametrize("line", LINES_OF_TEXT)
def test_text_lines_are_recognised(line: str) -> None:
    data = line.encode() + b"\r\n"
    assert recognise(b"\x00;3\r\n" + data) == Speaker(TEXT_NAME, is_ours=False)
    assert recognise(data.replace(b"$1", b"$2", 1).replace(b";", b";9", 1)) is None


@pytest.mark.parametrize(
    "data", [b"", b"$1;2;3\r\n", b"\xff" * 50, b"$3;1;2;5\r\n", b"$1;1;;999\r\n"]
)
def test_other_bytes_are_not(data: bytes) -> None:
    assert recognise(data) is None


def test_how_it_is_reached(pty: PtyWire) -> None:
    assert FAMILY.links == (LinkKind.HID, LinkKind.MODBUS_RTU)
    assert (FAMILY.baudrate, FAMILY.interval, FAMILY.shortest_interval) == (9600, 5, 1)
    link = serial_link(pty.address)
    device = FAMILY.create(link, identity())
    assert isinstance(device, ChargerDevice)
    assert device.wires.link is link
