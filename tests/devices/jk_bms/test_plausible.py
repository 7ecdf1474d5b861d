"""What a right checksum does not prove."""

from dataclasses import replace

import pytest

from custom_components.cellwire.devices.errors import Implausible
from custom_components.cellwire.devices.jk_bms.plausible import Judge
from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import reply
from tests.bench.jk_bms import edit

from .test_frame import REPLIES
from .test_reading import fields_of, reading_of

GOOD = Reading(
    at=100.0,
    voltage=52.8,
    current=-5.0,
    soc=60,
    remaining_capacity=60.0,
    cycles=10,
    cell_voltages=(3.3,) * 16,
    temperatures={"mosfet": 25.0, "1": None},
    values={"cell_undervoltage_protection": 3.0},
)


@pytest.fixture
def health() -> LinkHealth:
    return LinkHealth()


@pytest.fixture
def judge(health: LinkHealth) -> Judge:
    return Judge(health)


@pytest.mark.parametrize("name", [name for name in REPLIES if name.startswith("real")])
def test_recorded_replies_are_plausible(judge: Judge, health: LinkHealth, name: str) -> None:
    reading = reading_of(reply(name))
    judged = judge.check(reading, fields_of(reply(name)).values[0x79])
    if name == "real_13s_sw7.1.0H_after_power_up":
        assert judged == replace(reading, soc=None, remaining_capacity=None, cycles=None)
        return
    assert judged == reading
    assert not health.rejected


@pytest.mark.parametrize("name", ["constructed_20s_odd_values", "constructed_24s_odd_values"])
def test_composed_replies(judge: Judge, name: str) -> None:
    reading = reading_of(reply(name))
    if "24s" in name:
        with pytest.raises(Implausible):
            judge.check(reading)
    else:
        assert judge.check(reading) == reading


@pytest.mark.parametrize(
    "reading",
    [
        replace(GOOD, cell_voltages=(3.3,) * 15 + (5.1,)),
        replace(GOOD, cell_voltages=(3.3,) * 15 + (0.4,)),
        replace(GOOD, voltage=53.4),
        replace(GOOD, voltage=52.2),
        replace(GOOD, voltage=100.0),
    ],
)
def test_cells_and_pack_must_agree(judge: Judge, health: LinkHealth, reading: Reading) -> None:
    with pytest.raises(Implausible) as caught:
        judge.check(reading)
    assert caught.value.__notes__
    assert health.rejected == 1


@pytest.mark.parametrize(
    "reading",
    [
        replace(GOOD, voltage=53.3),
        replace(GOOD, voltage=52.3),
        replace(GOOD, voltage=None),
        # An input without a cell makes the sum say nothing.
        replace(GOOD, cell_voltages=(3.3,) * 15 + (None,)),
    ],
)
def test_what_agrees_or_can_not_be_compared_passes(judge: Judge, reading: Reading) -> None:
    assert judge.check(reading) == reading


@pytest.mark.parametrize("cells", [b"\x01\x0c\xe4\x03\x0c\xe4", b"\x02\x0c\xe4", b"\x01\x0c"])
def test_a_list_of_cells_out_of_order_is_refused(judge: Judge, cells: bytes) -> None:
    with pytest.raises(Implausible):
        judge.check(GOOD, cells)


def test_an_impossible_current_is_left_out(judge: Judge, health: LinkHealth) -> None:
    judged = judge.check(replace(GOOD, current=1000.1))
    assert judged == replace(GOOD, current=None)
    assert judged.power is None
    assert health.rejected == 1
    assert judge.check(replace(GOOD, current=-1000.0)).current == -1000.0


def test_another_number_of_cells_must_come_three_times(judge: Judge, health: LinkHealth) -> None:
    fewer = replace(GOOD, cell_voltages=(3.3,) * 8, voltage=26.4)
    judge.check(GOOD)
    for _ in range(2):
        with pytest.raises(Implausible):
            judge.check(fewer)
    assert judge.check(GOOD) == GOOD
    for _ in range(2):
        with pytest.raises(Implausible):
            judge.check(fewer)
    assert judge.check(fewer) == fewer
    assert judge.check(fewer) == fewer
    assert health.rejected == 4


def test_changing_numbers_of_cells_are_never_believed(judge: Judge) -> None:
    judge.check(GOOD)
    for count in (8, 7, 8, 7):
        with pytest.raises(Implausible):
            judge.check(replace(GOOD, cell_voltages=(3.3,) * count, voltage=3.3 * count))


def test_no_cells_at_all_is_unknown_and_no_change(judge: Judge) -> None:
    judge.check(GOOD)
    nothing = replace(GOOD, cell_voltages=())
    assert judge.check(nothing) == nothing
    assert judge.check(GOOD) == GOOD


def test_an_empty_battery_with_full_cells_is_held_back_for_30_s(judge: Judge) -> None:
    empty = replace(GOOD, soc=0, remaining_capacity=0.0, cycles=0)
    held = replace(empty, soc=None, remaining_capacity=None, cycles=None)
    assert judge.check(empty) == held
    assert judge.check(replace(empty, at=129.9)) == held
    assert judge.check(replace(empty, at=130.0)) == empty
    assert judge.check(GOOD) == GOOD
    assert judge.check(replace(empty, at=200.0)) == held


def test_an_empty_battery_with_empty_cells_is_shown_at_once(judge: Judge) -> None:
    empty = replace(GOOD, soc=0, cell_voltages=(3.09,) * 16, voltage=49.44)
    assert judge.check(empty) == empty
    unlimited = replace(GOOD, soc=0, values={})
    assert judge.check(unlimited) == unlimited
    no_cells = replace(GOOD, soc=0, cell_voltages=())
    assert judge.check(no_cells) == no_cells


def test_a_jump_of_temperature_must_come_twice(judge: Judge, health: LinkHealth) -> None:
    def at(celsius: float) -> Reading:
        return replace(GOOD, temperatures={"mosfet": celsius, "1": None})

    assert judge.check(at(1.0)) == at(1.0)
    assert judge.check(at(50.0)).temperatures == {"mosfet": None, "1": None}
    assert health.rejected == 1
    assert judge.check(at(-1.0)) == at(-1.0)
    assert judge.check(at(19.0)) == at(19.0)
    assert judge.check(at(40.0)).temperatures["mosfet"] is None
    assert judge.check(at(41.0)) == at(41.0)
    assert judge.check(at(42.0)) == at(42.0)
    assert health.rejected == 2


def test_fields_that_were_decoded_as_unknown_are_counted(judge: Judge, health: LinkHealth) -> None:
    judge.check(reading_of(edit(reply("real_16s_sw11.26_idle"), {0x85: "65", 0x80: "FFF6"})))
    assert health.rejected == 2
