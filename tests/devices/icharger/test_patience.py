"""What is asked again, how often, and over a link on which much goes wrong."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
import random

import pytest

from custom_components.cellwire.devices import registers
from custom_components.cellwire.devices.errors import Declined, Garbled, NoAnswer
from custom_components.cellwire.devices.icharger import FAMILY, patience
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.icharger.patience import Patience
from custom_components.cellwire.links import hid
from custom_components.cellwire.links.errors import CellwireError
from custom_components.cellwire.links.hid import HidLink
from tests.bench import faults
from tests.bench.hid_port import HidPort, usb_stack
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.modbus import EXCEPTION

from .conftest import ALLOWED, IMPATIENT, MakeDevice, identity

SILENT, DAMAGED = NoAnswer("charger"), Garbled("charger")
BUSY, ILLEGAL = Declined("charger", 6), Declined("charger", 2)
HARD_POLLS = 60
BUSY_CODE = 6


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BUSY_PAUSE", 0.005)


def answering(*problems: CellwireError) -> tuple[Callable[[], object], list[int]]:
    """Make a question with these outcomes, then a good one; and count how often it is asked."""
    asked: list[int] = []
    left = list(problems)

    async def question() -> int:
        asked.append(1)
        if left:
            raise left.pop(0)
        return 7

    return question, asked


@pytest.mark.parametrize(
    "problems",
    [
        (),
        (SILENT,),
        (DAMAGED, DAMAGED, DAMAGED, DAMAGED),
        (BUSY, DAMAGED, SILENT, BUSY),
        (DAMAGED, SILENT, SILENT),
    ],
)
async def test_what_is_answered_in_the_end(problems: tuple[CellwireError, ...]) -> None:
    question, asked = answering(*problems)
    assert await Patience().ask(question) == 7  # type: ignore[arg-type]
    assert len(asked) == len(problems) + 1


@pytest.mark.parametrize(
    ("problems", "error", "times"),
    [
        ([SILENT] * 9, NoAnswer, 5),
        ([DAMAGED] + [SILENT] * 9, Garbled, 6),
        ([DAMAGED] * 9, Garbled, 7),
        ([BUSY] * 9, Declined, 7),
        # What it will never do.
        ([ILLEGAL] * 9, Declined, 1),
    ],
)
async def test_it_has_an_end(
    problems: list[CellwireError], error: type[CellwireError], times: int
) -> None:
    question, asked = answering(*problems)
    with pytest.raises(error):
        await Patience().ask(question)  # type: ignore[arg-type]
    assert len(asked) == times


async def test_one_that_may_be_off_is_asked_less_often() -> None:
    one = Patience()
    one.begin(first=2)
    question, asked = answering(*[SILENT] * 9)
    with pytest.raises(NoAnswer):
        await one.ask(question)  # type: ignore[arg-type]
    assert len(asked) == 2
    # Unless it turns out that it is not.
    one.begin(first=2)
    question, _ = answering(SILENT)
    await one.ask(question)  # type: ignore[arg-type]
    question, asked = answering(*[SILENT] * 3)
    assert await one.ask(question) == 7  # type: ignore[arg-type]


async def test_silences_are_counted_for_a_conversation() -> None:
    one = Patience()
    for _ in range(2):
        question, asked = answering(DAMAGED, SILENT, SILENT)
        await one.ask(question)  # type: ignore[arg-type]
    question, asked = answering(SILENT, SILENT)
    with pytest.raises(NoAnswer):
        await one.ask(question)  # type: ignore[arg-type]
    assert len(asked) == 1
    question, asked = answering(SILENT)
    with pytest.raises(NoAnswer):
        await one.ask(question)  # type: ignore[arg-type]
    assert len(asked) == 1
    one.begin()
    question, _ = answering(SILENT)
    assert await one.ask(question) == 7  # type: ignore[arg-type]


async def test_so_is_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST", 0.0)
    question, asked = answering(DAMAGED)
    with pytest.raises(Garbled):
        await Patience().ask(question)  # type: ignore[arg-type]
    assert len(asked) == 1


def one_in(times: int, seed: int) -> faults.Fault:
    """Spoil one answer in some: damaged, late, short, or that the charger is busy."""
    chance = random.Random(seed)  # noqa: S311
    kinds = (
        faults.corrupted(0, 0x11),
        faults.late(1.3 * IMPATIENT),
        faults.truncated(6),
        lambda answer: [(0.0, bytes((4, 0x30, answer[2] | EXCEPTION, BUSY_CODE)))],
    )

    def fault(answer: bytes) -> faults.Pieces:
        kind = chance.choice(kinds) if chance.random() < 1 / times else faults.none
        return kind(answer)

    return fault


@pytest.fixture
async def charger() -> SimulatedCharger:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4))
    charger.plug(2, Pack([0.7] * 6))
    return charger


@pytest.fixture
async def port(
    usb: Path, charger: SimulatedCharger, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[HidPort]:
    # In the same proportion to the time that an answer may take as on a real one.
    monkeypatch.setattr(hid, "LATE", IMPATIENT / 2)
    monkeypatch.setattr(hid, "BEHIND", 0.02)
    monkeypatch.setattr(registers, "LATE", 0.02)
    port = HidPort(usb, charger.product, charger.serial, charger)
    await port.plug()
    yield port
    await port.unplug()


@pytest.fixture
async def device(port: HidPort) -> AsyncIterator[ChargerDevice]:
    device = ChargerDevice(HidLink(f"hid://{port.serial}"), identity())
    device.settings = ALLOWED
    yield device
    await device.close()


@pytest.mark.parametrize("seed", range(3))
async def test_a_link_on_which_one_answer_in_four_goes_wrong(
    charger: SimulatedCharger, device: ChargerDevice, seed: int
) -> None:
    charger.fault = one_in(4, seed)
    await device.start()
    cells = {"channel_1": 4, "channel_2": 6}
    for _ in range(HARD_POLLS):
        readings = await device.read()
        assert readings.keys() == {"charger", "channel_1", "channel_2"}
        # None is taken for another's.
        assert {key: len(readings[key].cell_voltages) for key in cells} == cells
        assert readings["charger"].values["presets"] == 9
    assert len(await device.programs.get_presets()) == 9
    assert device.wires.health.lost == 0
    assert device.wires.health.timeouts > 0


async def test_a_usb_stack_that_refuses_one_question_in_five(
    port: HidPort, device: ChargerDevice
) -> None:
    chance = random.Random(7)  # noqa: S311
    with usb_stack(lambda _: chance.random() < 0.2):
        for _ in range(10):
            found = await FAMILY.probe(lambda _: HidLink(f"hid://{port.serial}"), lambda _: None)
            assert found.title == "iCharger 4010 DUO 1504308022"
        await device.start()
        for _ in range(HARD_POLLS):
            assert len(await device.read()) == 3


@pytest.mark.parametrize("seed", range(3))
async def test_it_is_found_on_such_a_link(
    charger: SimulatedCharger, port: HidPort, seed: int
) -> None:
    charger.fault = one_in(4, seed)
    for _ in range(10):
        found = await FAMILY.probe(lambda _: HidLink(f"hid://{port.serial}"), lambda _: None)
        assert [unit.key for unit in found.units] == ["charger", "channel_1", "channel_2"]


async def test_settings_without_an_answer_are_asked_for_at_the_next_poll(
    make_device: MakeDevice,
) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    offers: list[int] = []
    device.on_offer(lambda: offers.append(1))
    # Who it is, and then no answer to what is set.
    charger.fault = faults.in_turn(faults.none, *[faults.silent] * 5)
    await device.start()
    assert len(device.controls["charger"]) == 1
    charger.fault = faults.in_turn(*[faults.none] * 5, faults.silent)
    readings = await device.read()
    assert readings["charger"].values == {"flash_writes": 0}
    known = len(offers)
    readings = await device.read()
    assert (await device.read())["charger"].values["presets"] == 9
    assert len(device.controls["charger"]) > 1
    assert len(offers) == known + 1
    # Then there is nothing more to ask.
    before = charger.requests
    await device.read()
    assert charger.requests - before == 5


async def test_a_charger_that_is_too_busy_for_its_settings(
    port: HidPort, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    charger.refusals = {0x8400: BUSY_CODE}
    await device.start()
    for _ in range(2):
        assert "presets" not in (await device.read())["charger"].values
    charger.refusals = {}
    await device.read()
    assert (await device.read())["charger"].values["presets"] == 9


async def test_a_channel_that_is_silent_holds_the_other_one_up_no_longer_than_once(
    port: HidPort, charger: SimulatedCharger, device: ChargerDevice
) -> None:
    await device.start()
    read = charger.read

    def not_of_the_first(function: int, address: int, count: int) -> list[int]:
        if address == 0x100:
            charger.fault = faults.once(faults.silent)
        return read(function, address, count)

    charger.read = not_of_the_first  # type: ignore[method-assign]
    for _ in range(3):
        before = charger.requests
        assert list(await device.read()) == ["charger", "channel_2"]
    assert charger.requests - before <= 4
