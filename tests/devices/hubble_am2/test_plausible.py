"""Which values of a pack are believed."""

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.errors import Implausible
from custom_components.cellwire.devices.hubble_am2.reading import COUNT, is_whole, refusals
from custom_components.cellwire.devices.hubble_am2.words import ALARMS
from custom_components.cellwire.devices.model import Reading
from tests.bench.hubble_am2 import registers_of, vector
from tests.devices.hubble_am2.registers import live, read


def test_inputs_without_a_cell_are_no_cells() -> None:
    registers = registers_of(vector("unused_and_invalid_registers")["reply"])
    for count in (13, None):
        reading = read(registers, count)
        assert reading.cell_voltages == (3.938,) * 13
        assert len(reading.cells_balancing) == 13
        assert refusals(reading) == 0


def test_probes_that_are_not_there_have_no_temperature() -> None:
    reading = read(registers_of(vector("unused_and_invalid_registers")["reply"]))
    assert reading.temperatures == {
        "1": 25.0,
        "2": None,
        "3": 25.2,
        "4": 25.3,
        "mosfet": None,
        "environment": None,
    }


def test_a_nearly_empty_cell_is_shown_once_the_number_of_cells_is_known() -> None:
    low = live(r16=900, r27=900, r1=4559)
    assert read(low).cell_voltages[1] == 0.9
    assert read(low).cell_voltages[12] == 0.9
    # Without a number the last cells can't be told from empty inputs.
    assert len(read(live(r27=900, r1=4871), None).cell_voltages) == 12
    assert read(live(r16=900, r1=4867), None).cell_voltages[1] == 0.9


@pytest.mark.parametrize("raw", [0, 5001, 0xFFFF])
def test_a_cell_without_a_possible_voltage_is_unknown(raw: int) -> None:
    reading = read(live(r17=raw))
    assert reading.cell_voltages[2] is None
    assert reading.raw["refused"] == "cell_3"
    assert reading.cell_min_number == 13


def test_balancing_bits_of_inputs_without_a_cell_say_nothing() -> None:
    reading = read(live(r12=0xE000))
    assert reading.cells_balancing == (False,) * 13
    assert reading.balancing is False
    assert reading.raw["balancing"] == 0xE000


@pytest.mark.parametrize(
    ("register", "raw", "name"),
    [
        (0, 20001, "current"),
        (0, -20001, "current"),
        (0, 0x8000, "current"),
        (1, 1999, "voltage"),
        (1, 6501, "voltage"),
        (2, 101, "soc"),
        (3, 0xFF, "soh"),
        (4, 25001, "remaining_capacity"),
        (5, 0xFFFF, "full_capacity"),
        (6, 0xFFFF, "design_capacity"),
        (7, 20001, "cycles"),
    ],
)
def test_what_can_not_be_true_is_refused(register: int, raw: int, name: str) -> None:
    reading = read(live(**{f"r{register}": raw}))
    assert getattr(reading, name) is None
    assert reading.raw["refused"] == name
    assert refusals(reading) == 1


@pytest.mark.parametrize(
    ("register", "raw", "name", "value"),
    [
        (0, 20000, "current", 200.0),
        (0, -20000, "current", -200.0),
        (0, -1, "current", -0.01),
        (2, 0x0164, "soc", 100),
        (2, 0, "soc", 0),
        (3, 0xFF00, "soh", 0),
        (4, 25000, "remaining_capacity", 250.0),
        (5, 0, "full_capacity", None),
        (7, 20000, "cycles", 20000),
    ],
)
def test_limits_are_inside(register: int, raw: int, name: str, value: float | None) -> None:
    reading = read(live(**{f"r{register}": raw}))
    assert getattr(reading, name) == value
    assert refusals(reading) == 0


def test_a_pack_below_its_protection_is_still_shown() -> None:
    registers = live(r1=3850)
    registers[15:28] = [2962] * 13
    assert read(registers).voltage == 38.5


@pytest.mark.parametrize(
    ("changes", "place", "value"),
    [
        # Frost: others are as cold.
        ({"r31": 0xFFFF, "r32": 3}, "1", -0.1),
        ({"r31": 0xFFFF, "r32": -20, "r33": -21, "r34": -22}, "1", -0.1),
        ({"r31": 0xFFFF, "r32": 200, "r33": 201, "r34": 202}, "1", None),
        ({"r31": -1, "r32": -1, "r33": -1, "r34": -1}, "3", None),
        # The sensor fault decides.
        ({"r31": 0xFFFF, "r32": 3, "r11": 4}, "1", None),
        ({"r35": 0}, "mosfet", None),
        ({"r35": 0, "r31": 40}, "mosfet", 0.0),
        ({"r36": 0xFFFF}, "environment", None),
        ({"r36": -2, "r31": 3}, "environment", -0.2),
        ({"r31": 0, "r32": 230}, "1", 0.0),
        ({"r31": -400}, "1", -40.0),
        ({"r31": -401}, "1", None),
        ({"r35": 1251}, "mosfet", None),
    ],
)
def test_temperatures(changes: dict[str, int], place: str, value: float | None) -> None:
    assert read(live(**changes)).temperatures[place] == value


def test_an_impossible_temperature_is_refused_by_name() -> None:
    assert read(live(r32=0x8000)).raw["refused"] == "temperature_2"


@pytest.mark.parametrize("voltage", [4800, 5500])
def test_cells_and_pack_that_contradict_each_other_are_refused(voltage: int) -> None:
    with pytest.raises(Implausible):
        read(live(r1=voltage))
    # With a cell missing there is nothing to compare.
    assert read(live(r1=voltage, r15=0)).voltage == voltage / 100


def test_a_pack_without_any_voltage_is_refused() -> None:
    for count in (13, None):
        with pytest.raises(Implausible):
            read([0] * COUNT, count)
        with pytest.raises(Implausible):
            read([0xFFFF] * COUNT, count)


def test_a_voltage_alone_is_a_reading_but_no_whole_one() -> None:
    registers = live()
    registers[15:31] = [0] * 16
    reading = read(registers, None)
    assert reading.voltage == 51.75
    assert reading.cell_voltages == ()
    assert not is_whole(reading)
    assert not is_whole(read(live(r1=0)))


@given(
    st.lists(st.integers(0, 0xFFFF), min_size=COUNT, max_size=COUNT),
    st.none() | st.integers(1, 16),
)
def test_any_registers_give_values_within_limits_or_none(
    registers: list[int], cells: int | None
) -> None:
    try:
        reading = read(registers, cells)
    except Implausible:
        return
    within_limits(reading)


@given(st.data())
def test_any_registers_of_a_possible_pack_give_values_within_limits(data: st.DataObject) -> None:
    registers = live()
    for place in data.draw(st.sets(st.integers(0, COUNT - 1), max_size=6)):
        registers[place] = data.draw(st.integers(0, 0xFFFF))
    try:
        reading = read(registers, data.draw(st.none() | st.just(13)))
    except Implausible:
        return
    within_limits(reading)
    # A value is refused or as it came.
    assert len(reading.cells_balancing) == len(reading.cell_voltages)


def within_limits(reading: Reading) -> None:
    for name, lowest, highest in (
        ("current", -200, 200),
        ("voltage", 20, 65),
        ("soc", 0, 100),
        ("soh", 0, 100),
        ("remaining_capacity", 0, 250),
        ("full_capacity", 0, 250),
        ("design_capacity", 0, 250),
        ("cycles", 0, 20000),
    ):
        value = getattr(reading, name)
        assert value is None or lowest <= value <= highest
    assert all(v is None or 0 < v <= 5 for v in reading.cell_voltages)
    assert all(t is None or -40 <= t <= 125 for t in reading.temperatures.values())
    assert len(reading.cell_voltages) <= 16
    assert reading.alarms is not None
    assert reading.alarms <= {alarm.key for alarm in ALARMS}
