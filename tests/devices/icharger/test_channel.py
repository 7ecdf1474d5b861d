"""The block of a channel: cells and sentinels, signs and word order, status and errors."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.icharger import channel, words
from custom_components.cellwire.devices.icharger.models import MODELS, Layout, Model
from custom_components.cellwire.devices.model import NO_ERROR, Reading, Status, has_problem
from tests.bench.captures import capture

from .test_units import UNITS

VECTORS = capture("icharger", "constructed_vectors")["vectors"]
DUMP = capture("icharger", "real_4010duo_idle_dump")
RESISTANCES = capture("icharger", "real_308duo_resistance_after_discharge")
OUTPUT, CURRENT, CHARGE, INTERNAL, EXTERNAL = 6, 4, 7, 9, 10
CELLS, RUN, CONTROL, ERROR = 11, 55, 54, 56
UNKNOWN = Model(None, None)


def read(
    registers: list[int],
    model: str | Model = "308 DUO",
    *,
    error_bit: bool = False,
    settled: bool = True,
) -> Reading:
    chosen = MODELS[model] if isinstance(model, str) else model
    return channel.to_reading(registers, chosen, 1.0, error_bit=error_bit, settled=settled)


def block(name: str, **changes: int) -> list[int]:
    registers: list[int] = list(VECTORS[name]["registers"])
    for at, value in changes.items():
        registers[globals()[at]] = value & 0xFFFF
    return registers


def made(**changes: int) -> list[int]:
    """An idle channel without a pack, with other values in some registers."""
    registers: list[int] = list(DUMP["encoded_constructed"]["channel_2"]["registers"])
    for at, value in changes.items():
        registers[globals()[at]] = value & 0xFFFF
    return registers


@pytest.mark.parametrize("number", [1, 2])
def test_the_recorded_idle_charger(number: int) -> None:
    registers = DUMP["encoded_constructed"][f"channel_{number}"]["registers"]
    expected = DUMP["expected"][f"ch{number}"]
    reading = read(registers, "4010 DUO")
    assert reading.cell_voltages == tuple(mv / 1000 for mv in expected["cells_mv"])
    assert len(reading.cell_voltages) == expected["cell_count"]
    assert reading.status == expected["state"] == Status.IDLE
    # The output floats at 40 V, and no battery is on the main lead.
    assert reading.voltage is None
    assert (
        reading.raw["output_voltage"] == DUMP["real"]["channels"][number - 1]["output_voltage_mv"]
    )
    assert (reading.current, reading.power, reading.program_time) == (0.0, None, None)
    assert reading.temperatures == {"battery": None}
    assert set(reading.cell_resistances) <= {None}
    assert reading.error == NO_ERROR
    assert channel.input_voltage(registers) == DUMP["expected"]["ch1"]["input_voltage_v"]
    assert channel.internal_temperature(registers) == DUMP["expected"]["ch1"]["temp_internal_c"]


def test_the_recorded_resistances_after_a_discharge() -> None:
    registers = made()
    raw = RESISTANCES["raw_constructed"]
    registers[11:27] = raw["cell_voltage_raw"]
    registers[35:51] = raw["cell_resistance_raw"]
    registers[51] = 239
    reading = read(registers)
    real = RESISTANCES["real"]
    assert reading.cell_voltages == tuple(real["cells_v"])
    assert reading.cell_resistances == tuple(real["cell_ir_mohm"])
    assert reading.values["cell_resistance_total"] == real["total_ir_mohm"]
    assert reading.values["line_resistance"] is None


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("channel_charging_4s_308duo", Status.CHARGING),
        ("channel_discharging_4s_308duo", Status.DISCHARGING),
        ("channel_done_308duo", Status.DONE),
        ("channel_error_2900_308duo", Status.FAULT),
    ],
)
def test_made_blocks(name: str, status: Status) -> None:
    registers, decoded = VECTORS[name]["registers"], VECTORS[name]["decoded"]
    word = VECTORS[name]["suggested_status_word"]
    reading = read(registers, error_bit=bool(word & 2))
    assert reading.status is status
    assert reading.program_time == decoded["time_ms"] / 1000
    assert reading.current == decoded["current_a"]
    assert reading.voltage == decoded["output_voltage_v"]
    assert channel.input_voltage(registers) == decoded["input_voltage_v"]
    assert channel.internal_temperature(registers) == decoded["temp_internal_c"]
    assert reading.temperatures["battery"] == decoded["temp_external_c"]
    assert reading.values["program_charge"] == decoded["capacity_mah"] / 1000
    assert reading.cell_voltages == tuple(decoded["cells_v"])
    assert reading.cell_resistances == tuple(decoded["cell_ir_mohm"])
    assert reading.values["cell_resistance_total"] == decoded["total_ir_mohm"]
    assert reading.values["line_resistance"] == decoded["line_ir_mohm"]
    assert reading.values["run_status"] == decoded["run_status"]
    assert reading.values["error_code"] == decoded["run_error_text"]
    assert reading.raw["control_status"] == decoded["control_status"]
    assert reading.raw["run_error"] == decoded["run_error_raw"]
    assert not channel.odd_codes(registers)


def test_power_follows_from_voltage_and_current() -> None:
    reading = read(block("channel_discharging_4s_308duo"))
    assert reading.power == pytest.approx(-5.0 * 15.231, abs=0.01)


def test_balancing() -> None:
    reading = read(block("channel_charging_4s_308duo"))
    assert reading.balancing
    assert reading.cells_balancing == (False, True, False, True)
    strengths = VECTORS["channel_charging_4s_308duo"]["decoded"]["balance"]
    assert [reading.values[f"balance_strength_{n}"] for n in range(1, 5)] == strengths
    assert "balance_strength_5" not in reading.values
    assert read(made()).balancing is None


def test_low_words_come_first() -> None:
    trap, negative = VECTORS["word_order_trap"], VECTORS["word_order_negative_capacity"]
    for vector, expected in ((trap, 2.671), (negative, -0.085)):
        registers = made()
        registers[CHARGE : CHARGE + 2] = vector["registers_7_8"]
        assert read(registers).values["program_charge"] == expected


@pytest.mark.parametrize("case", VECTORS["cell_slot_filter"]["cases"])
def test_cells_and_sentinels(case: dict[str, Any]) -> None:
    registers = made()
    registers[11:27] = case["raw"]
    model = MODELS[case["model"].replace("DUO", " DUO").replace("  ", " ")]
    expected = tuple(mv / 1000 for mv in case["cells_mv"])
    assert channel.connected_cells(registers, model) == expected
    # An unknown model has as many places as there are before the last 1024s.
    assert channel.connected_cells(registers, UNKNOWN) == expected


def test_a_hole_is_seen() -> None:
    registers = made()
    registers[11:15] = [3800, 0, 3810, 0]
    cells = read(registers).cell_voltages
    assert cells == (3.8, None, 3.81)


def test_a_dead_cell_is_shown_as_what_it_is() -> None:
    registers = made()
    registers[11:15] = [3800, 3810, 3805, 300]
    reading = read(registers)
    assert reading.cell_voltages == (3.8, 3.81, 3.805, 0.3)
    assert (reading.cell_voltage_min, reading.cell_min_number) == (0.3, 4)
    assert (reading.cell_voltage_max, reading.cell_voltage_delta) == (3.81, 3.51)
    # So is one beside a lead that is open, which reads too much.
    registers[11:15] = [3800, 0, 7610, 3805]
    assert read(registers).cell_voltages == (3.8, None, 7.61, 3.805)


def test_an_unknown_model_with_all_places() -> None:
    registers = made()
    registers[11:27] = [3300] * 16
    assert len(read(registers, UNKNOWN).cell_voltages) == 16
    registers[11:27] = [1024] * 16
    assert read(registers, UNKNOWN).cell_voltages == ()


def test_a_resistance_of_102_4_is_real_where_there_is_a_place() -> None:
    registers = block("channel_done_308duo")
    registers[35] = 1024
    assert read(registers).cell_resistances[0] == 102.4


@pytest.mark.parametrize(
    ("output", "current", "cells", "model", "voltage"),
    [
        # With cells: within 3 % of their sum.
        (22800, 0, [3800] * 6, "4010 DUO", 22.8),
        (22100, 0, [3800] * 6, "4010 DUO", None),
        (23500, 0, [3800] * 6, "4010 DUO", None),
        (23490, 4, [3800] * 6, "4010 DUO", None),
        # Where current flows, there is a battery.
        (23490, 5, [3800] * 6, "4010 DUO", 23.49),
        (39000, -5, [], "4010 DUO", 39.0),
        # Without cells: below what an open output reads.
        (12600, 0, [], "406 DUO", 12.6),
        (22000, 0, [], "406 DUO", None),
        (29999, 0, [], "308 DUO", 29.999),
        (30000, 0, [], "308 DUO", None),
        (38000, 0, [], "4010 DUO", None),
        (22000, 0, [], "X6", 22.0),
        (22200, 0, [], "X6", None),
        (12600, 0, [], UNKNOWN, None),
        # One cell that is nearly dead; and nothing at all.
        (400, 0, [], "4010 DUO", 0.4),
        (0, 0, [], "4010 DUO", None),
    ],
)
def test_an_output_without_a_battery_floats(
    output: int, current: int, cells: list[int], model: str | Model, voltage: float | None
) -> None:
    registers = made(OUTPUT=output, CURRENT=current)
    registers[11 : 11 + len(cells)] = cells
    assert read(registers, model).voltage == voltage


def test_nothing_is_said_of_cells_that_are_being_plugged_in() -> None:
    registers = block("channel_done_308duo")
    reading = read(registers, settled=False)
    assert reading.cell_voltages == reading.cell_resistances == ()
    assert reading.voltage is None
    assert reading.values["cell_resistance_total"] is None
    assert read(block("channel_charging_4s_308duo"), settled=False).voltage == 16.684


@pytest.mark.parametrize(
    ("register", "degrees"),
    [
        (0, None),
        (0x7FFF, None),
        (243, 24.3),
        (-105, -10.5),
        (-401, None),
        (1501, None),
        (1500, 150.0),
    ],
)
def test_the_external_sensor(register: int, degrees: float | None) -> None:
    assert read(made(EXTERNAL=register)).temperatures == {"battery": degrees}


def test_an_internal_temperature_of_zero_is_one() -> None:
    assert channel.internal_temperature(made(INTERNAL=0)) == 0.0
    assert channel.internal_temperature(made(INTERNAL=-500)) is None


@pytest.mark.parametrize(
    ("run", "current", "error", "bit", "status"),
    [
        (0, 0, 0, False, Status.IDLE),
        (0, 500, 0, False, Status.IDLE),
        (1, 0, 0, False, Status.STOPPED),
        (5, 0, 0, False, Status.PREPARING),
        (6, 0, 0, False, Status.PREPARING),
        (7, 0, 0, False, Status.PREPARING),
        (7, 4, 0, False, Status.PREPARING),
        (7, 5, 0, False, Status.CHARGING),
        (13, -5, 0, False, Status.DISCHARGING),
        (13, -500, 0x1D00, False, Status.DISCHARGING),
        (13, -500, 0x1D00, True, Status.DISCHARGING),
        (7, 500, 0x1D00, True, Status.CHARGING),
        (7, 0, 0x1D00, True, Status.FAULT),
        (41, -500, 0x1D00, True, Status.FAULT),
        (12, -500, 0, False, Status.DISCHARGING),
        (17, 0, 0, False, Status.BALANCING),
        (17, 0, 0, True, Status.BALANCING),
        (40, 0, 0, False, Status.DONE),
        (41, 0, 0x1D00, True, Status.FAULT),
        (41, 0, 0, False, Status.FAULT),
        (99, 0, 0, False, Status.PREPARING),
        (99, 500, 0, False, Status.CHARGING),
        (7, 20000, 0, False, Status.PREPARING),
    ],
)
def test_the_status(run: int, current: int, error: int, status: Status, *, bit: bool) -> None:
    reading = read(made(RUN=run, CURRENT=current, ERROR=error), error_bit=bit)
    assert reading.status is status
    assert reading.raw["run_status"] == reading.values["run_status"] == run


@pytest.mark.parametrize("case", VECTORS["run_error_decode"]["cases"])
def test_error_codes_as_the_panel_shows_them(case: dict[str, Any]) -> None:
    assert channel.error_code(case["raw"]) == case["text"]


@pytest.mark.parametrize(
    ("register", "error"),
    [
        (0x1D00, "balance_lead_unwanted"),
        (0x0E01, "common_negative"),
        (0x2300, "other_channel_occupied"),
        (0x1403, "output_connection"),
        (0x1000, "internal_control"),
        (0x2500, "other"),
        (0xFFFF, "other"),
        (0x0001, "other"),
        (0x0000, "other"),
    ],
)
def test_what_an_error_is_about(register: int, error: str) -> None:
    reading = read(made(RUN=41, ERROR=register))
    assert reading.error == error
    assert reading.error in UNITS[1].errors
    assert has_problem(UNITS[1], reading)


@pytest.mark.parametrize("bit", [True, False])
def test_a_code_during_an_operation_is_a_notice(*, bit: bool) -> None:
    reading = read(block("channel_discharging_4s_308duo", ERROR=0x1D00), error_bit=bit)
    assert reading.error == NO_ERROR
    assert not has_problem(UNITS[1], reading)
    assert reading.values["error_code"] == "2900"
    assert reading.raw["run_error"] == 0x1D00


def test_the_36_categories() -> None:
    assert sorted(words.CATEGORIES) == list(range(1, 37))
    assert len(set(words.CATEGORIES.values())) == 36


def test_the_control_status() -> None:
    assert read(block("channel_charging_4s_308duo")).values["control_status"] == "cell_voltage"
    assert read(block("channel_discharging_4s_308duo")).values["control_status"] == "output_current"
    unknown = read(made(CONTROL=13))
    assert unknown.values["control_status"] is None
    assert unknown.raw["control_status"] == 13


def test_unknown_codes_are_collected() -> None:
    assert channel.odd_codes(made(RUN=43, CONTROL=13, ERROR=0x2500)) == {
        ("run status", 43),
        ("control status", 13),
        ("error", 0x2500),
    }


def test_values_that_no_charger_reaches_are_refused() -> None:
    assert read(made(CURRENT=10001)).current is None
    assert read(made(CURRENT=-10000)).current == -100.0
    registers = made()
    registers[CHARGE : CHARGE + 2] = [0, 0x4000]
    assert read(registers).values["program_charge"] is None


@given(
    registers=st.lists(st.integers(0, 0xFFFF), min_size=58, max_size=58),
    model=st.sampled_from([*MODELS.values(), UNKNOWN, Model("X16", Layout.X)]),
    error_bit=st.booleans(),
    settled=st.booleans(),
)
def test_any_registers_are_decoded(
    *, registers: list[int], model: Model, error_bit: bool, settled: bool
) -> None:
    reading = read(registers, model, error_bit=error_bit, settled=settled)
    assert len(reading.cell_voltages) <= (model.cells or 16)
    assert all(v is None or v > 0 for v in reading.cell_voltages)
    assert len(reading.cell_resistances) == len(reading.cell_voltages)
    assert len(reading.cells_balancing) == len(reading.cell_voltages)
    assert reading.status in words.STATUSES
    assert reading.error in words.ERRORS
    assert reading.current is None or abs(reading.current) <= 100
    assert set(reading.values) <= {quantity.id for quantity in words.CHANNEL_QUANTITIES}
