"""From registers to readings."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.errors import Implausible
from custom_components.cellwire.devices.hubble_am2 import words
from custom_components.cellwire.devices.hubble_am2.reading import (
    COUNT,
    is_whole,
    refusals,
    to_reading,
)
from custom_components.cellwire.devices.hubble_am2.texts import Texts, to_unit
from custom_components.cellwire.devices.model import (
    Reading,
    Severity,
    Status,
    has_problem,
    worst_alarm,
)
from tests.bench.captures import capture
from tests.bench.hubble_am2 import registers_of, vector

CAPTURES = "hubble_am2"
UNIT = to_unit("1", Texts(), None)
LIVE_VECTORS = (
    *(f"live_block_pack_{number}" for number in range(1, 5)),
    "sixteen_cells",
)
# What the recordings call it, and its key.
NAMES = {
    "cell overvoltage": "cell_overvoltage",
    "cell undervoltage": "cell_undervoltage",
    "pack overvoltage": "pack_overvoltage",
    "pack undervoltage": "pack_undervoltage",
    "charge overcurrent": "charge_overcurrent",
    "discharge overcurrent": "discharge_overcurrent",
    "charge high temperature": "charge_overtemperature",
    "discharge high temperature": "discharge_overtemperature",
    "charge low temperature": "charge_undertemperature",
    "discharge low temperature": "discharge_undertemperature",
    "environment high temperature": "environment_overtemperature",
    "environment low temperature": "environment_undertemperature",
    "MOSFET high temperature": "mosfet_overtemperature",
    "short circuit": "short_circuit",
    "charger overvoltage": "charger_overvoltage",
    "charge MOSFET fault": "charge_mosfet_fault",
    "discharge MOSFET fault": "discharge_mosfet_fault",
    "temperature sensor fault": "temperature_sensor",
    "cell fault": "cell_fault",
    "front-end sampling fault": "internal_communication",
    "charger reversed": "charger_reversed",
}


def live(**changes: int) -> list[int]:
    """Return the registers of a pack that was read, with others (r12=5) in some places."""
    registers = list(vector("live_block_pack_1")["registers"])
    for name, value in changes.items():
        registers[int(name.removeprefix("r"))] = value & 0xFFFF
    return registers


def read(registers: list[int], cells: int | None = 13) -> Reading:
    return to_reading(registers, cells, {}, 1.0)


def agrees(reading: Reading, expected: dict[str, Any]) -> None:
    """Compare a reading with what is known of the registers."""
    assert reading.current == expected["current_a"]
    assert reading.voltage == expected["voltage_v"]
    assert reading.soc == expected["soc_pct"]
    assert reading.soh == expected["soh_pct"]
    assert reading.remaining_capacity == expected["remaining_ah"]
    assert reading.full_capacity == expected["full_ah"]
    assert reading.design_capacity == (expected["design_ah"] or None)
    assert reading.cycles == expected["cycles"]
    cells = [expected["cells_mv"][number - 1] / 1000 for number in expected["valid_cells"]]
    assert list(reading.cell_voltages) == cells
    assert reading.cell_voltage_max == expected["cell_max_mv"] / 1000
    assert reading.cell_voltage_min == expected["cell_min_mv"] / 1000
    assert reading.cell_voltage_delta == expected["cell_delta_mv"] / 1000
    assert reading.cell_max_number == expected["cell_max_number"]
    assert reading.cell_min_number == expected["cell_min_number"]
    assert [n for n, on in enumerate(reading.cells_balancing, 1) if on] == expected[
        "balancing_cells"
    ]
    assert reading.balancing is bool(expected["balancing_cells"])
    assert reading.temperatures == {
        **{str(n): value for n, value in enumerate(expected["cell_temps_c"], 1)},
        "mosfet": expected["mosfet_temp_c"],
        "environment": expected["environment_temp_c"],
    }
    flags = expected["status_faults"]
    assert reading.charge_mosfet is ("charge MOSFET on" in flags)
    assert reading.discharge_mosfet is ("discharge MOSFET on" in flags)
    activity = {"charging": Status.CHARGING, "discharging": Status.DISCHARGING}
    assert reading.status is next((activity[f] for f in flags if f in activity), Status.IDLE)
    assert refusals(reading) == 0
    assert is_whole(reading)


@pytest.mark.parametrize("name", LIVE_VECTORS)
@pytest.mark.parametrize("known", [True, False])
def test_made_exchanges_read_as_expected(name: str, *, known: bool) -> None:
    expected = vector(name)
    registers = registers_of(expected["reply"])
    assert registers == expected["registers"]
    count = len(expected["decoded"]["valid_cells"])
    agrees(read(registers, count if known else None), expected["decoded"])


@pytest.mark.parametrize(
    "name", ["real_values_pbmstools_2022-07-28", "real_values_home_assistant_pack1"]
)
def test_what_real_packs_showed(name: str) -> None:
    recording = capture(CAPTURES, name)
    registers = registers_of(recording["modbus_reply_constructed_hex"])
    assert registers[: len(recording["register_list_0_36"])] == recording["register_list_0_36"]
    agrees(read(registers), recording["decoded"])


def test_the_values_that_the_makers_tool_shows() -> None:
    recording = capture(CAPTURES, "real_values_pbmstools_2022-07-28")
    shown, reading = recording["tool_shows"], read(recording["register_list_0_36"])
    assert reading.current == shown["pack_current_a"]
    assert reading.voltage == pytest.approx(shown["pack_voltage_v"], abs=0.005)
    assert [round(1000 * (v or 0)) for v in reading.cell_voltages] == shown["cells_mv"]
    assert (reading.remaining_capacity or 0) * 1000 == shown["remaining_mah"]
    assert reading.values["fully_charged"] is False
    assert reading.alarms == frozenset()


@pytest.mark.parametrize("address", ["1", "2"])
def test_two_packs_of_13_cells_of_which_the_other_port_told(address: str) -> None:
    recording = capture(CAPTURES, "real_rs232_ascii_two_13s_packs")
    registers = registers_of(recording["modbus_replies_constructed"][address])
    assert registers == recording["modbus_registers_constructed"][f"address_{address}"]
    expected = recording["decoded"][address]
    assert expected["cells_mv"][:13] == recording[f"pack_{address}"]["cells_mv"]
    agrees(read(registers), expected)


def test_a_pack_that_discharges_has_a_negative_current_and_power() -> None:
    reading = read(vector("live_block_pack_2")["registers"])
    assert reading.current == -2.88
    assert reading.power == -143.68
    assert reading.charging is False


def test_every_bit_has_its_name() -> None:
    expected = vector("every_defined_warning_and_protection")
    warnings, protections, status, balancing = expected["registers"]
    reading = read(live(r9=warnings, r10=protections, r11=status, r12=balancing))
    decoded = expected["decoded"]
    named = {f"{NAMES[w]}_warning" for w in decoded["warnings"] if w != "SOC low"}
    named.add("low_capacity")
    named |= {NAMES[name] for name in decoded["protections"]}
    named |= {NAMES[name] for name in decoded["status_faults"] if name in NAMES}
    assert reading.alarms == named == {alarm.key for alarm in UNIT.alarms}
    assert reading.cells_balancing == (True,) * 13
    assert reading.values["charge_limiter"] is True
    assert reading.values["heating"] is True
    assert worst_alarm(UNIT, reading.alarms) == "cell_overvoltage"


@pytest.mark.parametrize(
    ("register", "bit", "key"),
    [
        *((9, bit, alarm.key) for bit, alarm in words.WARNINGS.items()),
        *((10, bit, alarm.key) for bit, alarm in words.PROTECTIONS.items()),
        *((11, bit, alarm.key) for bit, alarm in words.FAULTS.items()),
    ],
)
def test_each_bit_alone(register: int, bit: int, key: str) -> None:
    reading = read(live(**{f"r{register}": 1 << bit}))
    assert reading.alarms == {key}
    severity = next(alarm.severity for alarm in UNIT.alarms if alarm.key == key)
    assert has_problem(UNIT, reading) is (severity is not Severity.INFO)


@pytest.mark.parametrize("register", [9, 10, 11])
def test_reserved_bits_and_states_are_no_alarms(register: int) -> None:
    known = {9: words.WARNINGS, 10: words.PROTECTIONS, 11: words.FAULTS}[register]
    rest = 0xFFFF & ~sum(1 << bit for bit in known)
    reading = read(live(**{f"r{register}": rest}))
    assert reading.alarms == frozenset()
    assert reading.raw[{9: "warnings", 10: "protections", 11: "status"}[register]] == rest


def test_full_is_a_state_and_no_problem() -> None:
    (protections,) = vector("fully_charged_bit15")["registers"]
    # A full battery warns of its cells, too.
    reading = read(live(r9=1, r10=protections))
    assert reading.values["fully_charged"] is True
    assert reading.alarms == {"cell_overvoltage_warning"}
    assert has_problem(UNIT, reading) is False


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


def test_what_was_read_before_is_handed_on() -> None:
    reading = to_reading(live(), 13, {"pack_serial": "X", "full_charge_voltage": 54.0}, 1.0)
    assert reading.values["pack_serial"] == "X"
    assert reading.values["full_charge_voltage"] == 54.0


def test_reserved_registers_are_kept_for_diagnostics() -> None:
    assert read(live(r8=1, r13=0xABCD)).raw["reserved"] == "0001 ABCD 0000"


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
    assert reading.alarms <= {alarm.key for alarm in UNIT.alarms}
