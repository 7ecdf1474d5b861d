"""The settings of the three layouts."""

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.icharger import system
from custom_components.cellwire.devices.icharger.system import DX, OLD_DUO, X
from tests.bench.captures import capture
from tests.bench.icharger import recorded_settings

DUMPS = capture("icharger", "real_system_308_4010duo")
RECORDING = capture("icharger", "real_x_s_family_read_system")


@pytest.mark.parametrize("name", DUMPS["real"])
def test_recorded_settings_of_old_duos(name: str) -> None:
    real = DUMPS["real"][name]
    values = OLD_DUO.values(DUMPS["registers_constructed"][name])
    assert values["cut_off_temperature"] == real["temp_stop"]
    assert values["fan_on_temperature"] == real["temp_fans_on"]
    assert values["power_reduce_distance"] == real["temp_reduce"]
    assert values["fan_off_delay"] == 60 * real["fans_off_delay"]
    lengths = ("five_times", "half_a_minute", "three_minutes", "always")
    assert values["beep_done_length"] == lengths[real["beep_type_done"]]
    for beep in ("key", "hint", "alarm", "done"):
        assert values[f"beep_{beep}"] is bool(real[f"beep_enabled_{beep}"])
        assert values[f"beep_{beep}_volume"] == real[f"beep_volume_{beep}"]
    assert values["input_source"] == "dc_supply"
    assert values["input_voltage_low_limit"] == real["dc_input_low_voltage"]
    assert values["input_voltage_high_limit"] == real["dc_input_over_voltage"]
    assert values["input_current_limit"] == real["dc_input_current_limit"]
    assert values["regeneration"] is bool(real["regenerative_enable"])
    assert values["regeneration_voltage_limit"] == real["regenerative_volt_limit"]
    assert values["regeneration_current_limit"] == real["regenerative_current_limit"]
    for number in (1, 2):
        assert values[f"charge_power_limit_{number}"] == real["charge_power"][number - 1]
        assert values[f"discharge_power_limit_{number}"] == real["discharge_power"][number - 1]
    assert values["power_priority"] == ("shared", "channel_1")[real["power_priority"]]


def test_the_limits_are_those_of_the_chosen_source() -> None:
    registers = list(DUMPS["registers_constructed"]["4010/system/defaults"])
    registers[24] = 1
    values = OLD_DUO.values(registers)
    assert values["input_source"] == "battery"
    assert values["input_current_limit"] == 65.0
    registers[24] = 2
    values = OLD_DUO.values(registers)
    assert values["input_source"] is None
    assert "input_current_limit" not in values


def test_the_recorded_settings_of_the_x_family() -> None:
    decoded = RECORDING["decoded"]
    registers = [*RECORDING["registers_from_0x8400"], 50, *[0] * 18]
    assert len(registers) == 78
    values = X.values(registers)
    assert values["cut_off_temperature"] == decoded["temp_stop_c"]
    assert values["fan_on_temperature"] == decoded["temp_fans_on_c"]
    assert values["power_reduce_distance"] == decoded["temp_reduce_delta_c"]
    assert values["fan_off_delay"] == 60 * decoded["fan_off_delay_min"]
    assert values["beep_done_length"] == "five_times"
    assert [values[f"beep_{beep}"] for beep in system.BEEPS] == [True] * 4
    assert [values[f"beep_{beep}_volume"] for beep in system.BEEPS] == decoded["beep_volume"]
    assert values["input_source"] == "profile_1"
    source = decoded["input_sources"][0]
    assert values["input_voltage_low_limit"] == source["low_voltage_v"]
    assert values["input_current_limit"] == source["current_a"]
    assert values["charge_power_limit_1"] == source["charge_power_w"]
    assert values["regeneration"] is False
    assert values["regeneration_voltage_limit"] == source["regenerative_voltage_v"]
    assert values["regeneration_current_limit"] == source["regenerative_current_a"]
    assert values["regeneration_power_limit"] == source["regenerative_power_w"]
    assert values["discharge_power_limit_1"] == 50


def test_dx_has_one_register_more() -> None:
    registers = recorded_settings(180)
    assert len(registers) == 90
    values = DX.values(registers)
    assert values["fan_off_delay"] == 120
    assert values["beep_done"] is True
    assert values["beep_done_volume"] == 5
    assert values["input_source"] == "profile_1"
    assert values["input_current_limit"] == 45.0
    assert [values[f"charge_power_limit_{number}"] for number in (1, 2)] == [900, 900]
    assert [values[f"discharge_power_limit_{number}"] for number in (1, 2)] == [80, 80]
    assert values["power_priority"] == "shared"


@given(st.sampled_from([OLD_DUO, X, DX]), st.data())
def test_any_registers_are_decoded(block: system.Block, data: st.DataObject) -> None:
    size = {id(OLD_DUO): 60, id(X): 78, id(DX): 90}[id(block)]
    registers = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=size, max_size=size))
    values = block.values(registers)
    for quantity in block.quantities:
        value = values.get(quantity.id)
        if quantity.choices:
            assert value is None or value in quantity.choices
        elif isinstance(value, int | float):
            assert value <= 6000
