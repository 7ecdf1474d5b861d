"""From registers to readings."""

from typing import Any

import pytest

from custom_components.cellwire.devices.hubble_am2 import words
from custom_components.cellwire.devices.hubble_am2.reading import (
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
from tests.devices.hubble_am2.registers import live, read

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


def test_what_was_read_before_is_handed_on() -> None:
    reading = to_reading(live(), 13, {"pack_serial": "X", "full_charge_voltage": 54.0}, 1.0)
    assert reading.values["pack_serial"] == "X"
    assert reading.values["full_charge_voltage"] == 54.0


def test_reserved_registers_are_kept_for_diagnostics() -> None:
    assert read(live(r8=1, r13=0xABCD)).raw["reserved"] == "0001 ABCD 0000"
