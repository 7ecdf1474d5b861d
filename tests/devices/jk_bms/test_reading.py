"""The values of recorded replies, against what the recordings state."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.cellwire.devices.jk_bms.fields import SETTINGS, FieldList, split
from custom_components.cellwire.devices.jk_bms.reading import (
    ALARMS,
    current,
    temperature,
    to_reading,
    to_unit,
)
from custom_components.cellwire.devices.jk_bms.words import text, version
from custom_components.cellwire.devices.model import Reading, Status, Unit
from tests.bench.captures import capture, reply
from tests.bench.jk_bms import edit

from .test_frame import REPLIES, VECTORS, frames_of

type Look = Callable[[Reading], Any]


def setting(key: str, factor: int = 1) -> Look:
    def look(reading: Reading) -> float:
        value = reading.values[key]
        assert isinstance(value, int | float)
        return round(value * factor)

    return look


def millivolts(reading: Reading) -> list[int]:
    return [round((volts or 0) * 1000) for volts in reading.cell_voltages]


# Where a stated expectation is found in a reading.
LOOKS: dict[str, Look] = {
    "cell_mv": millivolts,
    "cell_count_from_0x79": lambda reading: len(reading.cell_voltages),
    "mosfet_temp_c": lambda reading: reading.temperatures["mosfet"],
    "box_temp_c": lambda reading: reading.temperatures["1"],
    "battery_temp_c": lambda reading: reading.temperatures["2"],
    "pack_v": lambda reading: reading.voltage,
    "current_a": lambda reading: reading.current,
    "current_raw": lambda reading: reading.raw["current"],
    "soc_pct": lambda reading: reading.soc,
    "cycles": lambda reading: reading.cycles,
    "cell_count": lambda reading: reading.raw["cell_count"],
    "warning_bits": lambda reading: reading.raw["warnings"],
    "status_bits": lambda reading: reading.raw["state"],
    "charge_mosfet_on": lambda reading: reading.charge_mosfet,
    "discharge_mosfet_on": lambda reading: reading.discharge_mosfet,
    "balancing_now": lambda reading: reading.balancing,
    "protocol_version": lambda reading: reading.raw.get("protocol", 0),
    "battery_type": lambda reading: reading.raw["battery_type"],
    "device_id": lambda reading: reading.values["user_label"],
    "manufacture_date": lambda reading: reading.values["manufacture_date"],
    "capacity_setting_ah": lambda reading: reading.design_capacity,
    "derived_remaining_ah_from_setting": lambda reading: round(reading.remaining_capacity or 0, 1),
    "derived_power_w": lambda reading: reading.power,
    "derived_min_cell_mv_nonzero": lambda reading: round((reading.cell_voltage_min or 0) * 1000),
    "derived_max_cell_mv": lambda reading: round((reading.cell_voltage_max or 0) * 1000),
    "derived_delta_mv_nonzero": lambda reading: round((reading.cell_voltage_delta or 0) * 1000),
    "pack_ovp_v": lambda reading: reading.values["pack_overvoltage_protection"],
    "pack_uvp_v": lambda reading: reading.values["pack_undervoltage_protection"],
    "cell_ovp_mv": setting("cell_overvoltage_protection", 1000),
    "cell_ovp_recovery_mv": setting("cell_overvoltage_release", 1000),
    "cell_ovp_delay_s": setting("cell_overvoltage_delay"),
    "cell_uvp_mv": setting("cell_undervoltage_protection", 1000),
    "cell_uvp_recovery_mv": setting("cell_undervoltage_release", 1000),
    "cell_uvp_delay_s": setting("cell_undervoltage_delay"),
    "cell_diff_protection_mv": setting("cell_difference_protection", 1000),
    "discharge_ocp_a": setting("discharge_overcurrent_protection"),
    "discharge_ocp_delay_s": setting("discharge_overcurrent_delay"),
    "charge_ocp_a": setting("charge_overcurrent_protection"),
    "charge_ocp_delay_s": setting("charge_overcurrent_delay"),
    "balance_start_mv": setting("balance_start_voltage", 1000),
    "balance_delta_mv": setting("balance_difference", 1000),
    "balancer_switch": setting("balancer_enabled"),
    "mos_otp_c": setting("mosfet_overtemperature_protection"),
    "mos_otp_recovery_c": setting("mosfet_overtemperature_release"),
    "box_otp_c": setting("box_overtemperature_protection"),
    "box_otp_recovery_c": setting("box_overtemperature_release"),
    "temp_diff_protection_c": setting("temperature_difference_protection"),
    "charge_otp_c": setting("charge_overtemperature_protection"),
    "discharge_otp_c": setting("discharge_overtemperature_protection"),
    "charge_utp_c": setting("charge_undertemperature_protection"),
    "charge_utp_recovery_c": setting("charge_undertemperature_release"),
    "discharge_utp_c": setting("discharge_undertemperature_protection"),
    "discharge_utp_recovery_c": setting("discharge_undertemperature_release"),
    "cell_count_setting": setting("cell_count_setting"),
    "charge_switch": setting("charge_enabled"),
    "discharge_switch": setting("discharge_enabled"),
    "current_calibration_ma": setting("current_calibration", 1000),
    "board_address": setting("board_address"),
    "sleep_wait_s": setting("sleep_delay"),
    "low_soc_alarm_pct": setting("low_soc_alarm"),
    "dedicated_charger_switch": setting("dedicated_charger"),
    "current_calibration_active": setting("current_calibration_running"),
}
# Looked at by the tests below in the light of the firmware.
BY_FIRMWARE = {"cycle_capacity_ah", "runtime_min", "actual_capacity_ah"}
ELSEWHERE = {"software_version", "manufacturer_id_raw", "warnings", "temp_sensor_count"}
# Temperatures outside the range of the protocol are unknown, whatever the arithmetic says.
LOWEST = -40


def fields_of(data: bytes) -> FieldList:
    (frame,) = [frame for frame in frames_of(data) if frame.is_reply]
    return split(frame.info)


def reading_of(data: bytes) -> Reading:
    return to_reading(fields_of(data), 0.0)


def unit_of(data: bytes) -> Unit:
    return to_unit(fields_of(data))


def assert_expected(reading: Reading, expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if name in BY_FIRMWARE or name in ELSEWHERE:
            continue
        wanted = None if name.endswith("temp_c") and value is not None and value < LOWEST else value
        assert LOOKS[name](reading) == wanted, name


@pytest.mark.parametrize("name", REPLIES)
def test_recorded_replies_say_what_is_stated(name: str) -> None:
    recorded = capture("jk_bms", name)
    reading = reading_of(reply(name))
    expected = recorded["decoded"]
    assert set(expected) <= LOOKS.keys() | BY_FIRMWARE | ELSEWHERE
    assert_expected(reading, expected)
    own = recorded.get("expectations_given_by_the_source", {})
    assert_expected(reading, {key: value for key, value in own.items() if key in LOOKS})
    identifiers = [
        int(identifier, 16) for identifier in recorded["frame"]["identifiers_in_order"].split()
    ]
    assert [*fields_of(reply(name)).values] == [i for i in identifiers if i != 0xB2]
    # Which bit is which is for the next test; here, that as many are named as are set.
    assert len(reading.alarms or ()) == len(expected["warnings"])


def test_the_repaired_recording_says_what_is_stated() -> None:
    pair = capture("jk_bms", "real_14s_sw10.10_corrupted_and_repaired")
    reading = reading_of(bytes.fromhex(pair["repaired_response_hex"]))
    assert_expected(reading, pair["decoded_of_repaired"])
    assert reading.values["cycled_capacity"] == 2553


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if vector["driver_must"].startswith("accept")],
    ids=lambda vector: vector["name"],
)
def test_constructed_replies_say_what_is_wanted(vector: dict[str, Any]) -> None:
    replies = [frame for frame in frames_of(bytes.fromhex(vector["hex"])) if frame.is_reply]
    expected = {key: value for key, value in vector["expect"].items() if key != "frames"}
    for frame in replies:
        reading = to_reading(split(frame.info), 0.0)
        assert_expected(reading, expected)
        if expected.get("actual_capacity_ah", 0) is None:
            assert reading.full_capacity is None


def test_an_unknown_identifier_ends_the_list() -> None:
    vector = next(v for v in VECTORS if v["name"] == "unknown_identifier_at_end")
    fields = fields_of(bytes.fromhex(vector["hex"]))
    assert fields.unknown == 0xC1
    assert 0xC0 in fields.values


@pytest.mark.parametrize("cut", [1, 2, 20, 49, 60])
def test_a_list_that_ends_early_keeps_what_is_whole(cut: int) -> None:
    info = reply("real_16s_sw11.26_idle")[11:-9]
    fields = split(info[:cut])
    assert fields.unknown is None
    assert (0x79 in fields.values) is (cut >= 50)
    assert (0x80 in fields.values) is (cut >= 53)


def test_a_list_without_cells_or_anything_else_is_empty() -> None:
    reading = to_reading(split(b""), 1.0)
    assert reading.cell_voltages == ()
    assert reading.voltage is reading.current is reading.soc is None
    assert reading.alarms is None
    assert reading.charge_mosfet is reading.balancing is reading.remaining_capacity is None
    assert not reading.raw
    assert split(b"\x79").values == {}


@pytest.mark.parametrize(
    ("bit", "key"),
    enumerate(
        (
            "low_capacity",
            "mosfet_overtemperature",
            "charge_overvoltage",
            "discharge_undervoltage",
            "battery_overtemperature",
            "charge_overcurrent",
            "discharge_overcurrent",
            "cell_difference",
            "box_overtemperature",
            "battery_undertemperature",
            "cell_overvoltage",
            "cell_undervoltage",
            "afe_protection_a",
            "afe_protection_b",
        )
    ),
)
def test_each_warning_bit_has_its_name(bit: int, key: str) -> None:
    vector = next(v for v in VECTORS if v["name"] == f"warning_bit_{bit}")
    assert reading_of(bytes.fromhex(vector["hex"])).alarms == frozenset({key})
    assert ALARMS[bit].key == key


def test_recorded_warnings() -> None:
    assert reading_of(reply("real_16s_sw11.262H_undervoltage")).alarms == frozenset(
        {"discharge_undervoltage"}
    )
    assert reading_of(reply("constructed_20s_odd_values")).alarms == frozenset(
        {
            "charge_overvoltage",
            "battery_overtemperature",
            "discharge_overcurrent",
            "cell_difference",
            "afe_protection_a",
            "afe_protection_b",
        }
    )
    reserved = next(v for v in VECTORS if v["name"] == "warning_reserved_bits")
    assert reading_of(bytes.fromhex(reserved["hex"])).alarms == frozenset()


@pytest.mark.parametrize(
    ("raw", "protocol", "amperes"),
    [
        (0x80D0, 1, 2.08),
        (0x83F4, 1, 10.12),
        (0x0370, 1, -8.80),
        (0x0045, 1, -0.69),
        (0x8000, 1, 0.0),
        (0x0000, 1, 0.0),
        (0xFFFF, 1, 327.67),
        (0x7FFF, 1, -327.67),
        (11000, 0, -10.0),
        (9500, 0, 5.0),
        (10000, 0, 0.0),
    ],
)
def test_current_in_both_protocol_versions(raw: int, protocol: int, amperes: float) -> None:
    assert current(raw, protocol) == amperes
    assert str(current(raw, protocol)) != "-0.0"


@pytest.mark.parametrize(
    ("raw", "celsius"),
    [
        (0, 0),
        (25, 25),
        (99, 99),
        (100, 0),
        (101, -1),
        (116, -16),
        (140, -40),
        (141, None),
        (0xFFF6, None),
    ],
)
def test_temperatures_are_negative_above_100(raw: int, celsius: float | None) -> None:
    assert temperature(raw) == celsius


@pytest.mark.parametrize(
    ("name", "hardware", "software", "model"),
    [
        ("real_14s_sw6.1.3S_charging", "H6.X", "6.1.3S", "JK-BMS"),
        ("real_13s_sw7.1.0H_after_power_up", "H7.X", "7.1.0H", "JK-BMS"),
        ("real_13s_sw10.07_mosfets_off", "10.XW", "10.07", None),
        ("real_16s_sw11.26_idle", "11.XW", "11.26", "JK_B2A20S20P"),
        ("real_16s_sw11.262H_charging_10A", "11.XW", "11.262H", "JK_B1A24S15P"),
        ("real_7s_sw11.51_idle", "11.XA", "11.51", None),
        ("real_8s_hw11A_sw11.54_idle", "11A", "11.54", None),
    ],
)
def test_versions_and_models(name: str, hardware: str, software: str, model: str | None) -> None:
    unit = unit_of(reply(name))
    assert (unit.hardware, unit.firmware) == (hardware, software)
    assert unit.serial is None
    assert (unit.model or "").startswith("JK")
    assert model in (None, unit.model)


def test_a_version_without_the_usual_mark_is_all_hardware() -> None:
    info = bytes.fromhex(capture("jk_bms", "vendor_20s_protocol0_bad_checksum")["response_hex"])[
        11:-9
    ]
    unit = to_unit(split(info))
    assert (unit.hardware, unit.firmware) == ("NW_1_0_0_200428", None)
    reading = to_reading(split(info), 0.0)
    assert reading.current == 0.0
    assert "battery_type" not in reading.values


@pytest.mark.parametrize(
    ("name", "counters", "kind"),
    [
        # The low byte of measured 32-bit counters is lost before 10.10, the type before 11.26.
        ("real_14s_sw6.1.3S_charging", None, None),
        ("real_13s_sw7.1.0H_after_power_up", None, None),
        ("real_13s_sw10.07_mosfets_off", None, None),
        ("real_14s_sw11.261_cmd03_id00", (5850, 99043, 234), "li_ion"),
        ("real_16s_sw11.26_idle", (0, 3717, 110), "lifepo4"),
    ],
)
def test_old_software_loses_low_bytes_and_types(
    name: str, counters: tuple[int, int, int] | None, kind: str | None
) -> None:
    reading = reading_of(reply(name))
    values = reading.values
    assert values.get("battery_type") == kind
    if counters is None:
        assert reading.full_capacity is None
        assert not {"cycled_capacity", "operation_time"} & values.keys()
    else:
        assert (values["cycled_capacity"], values["operation_time"], reading.full_capacity) == (
            counters[0],
            counters[1] * 60,
            counters[2],
        )


def test_a_battery_type_that_nobody_knows_is_left_out() -> None:
    reading = reading_of(edit(reply("real_16s_sw11.26_idle"), {0xAF: "07"}))
    assert "battery_type" not in reading.values
    assert reading.raw["battery_type"] == 7


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Input Us", "Input Us"),
        (b"a\0b", "a"),
        (bytes(8), None),
        (b"  ", None),
        (b"\xc4\xe3\xba\xc3", "\ufffd\ufffd\ufffd"),
        (b"a\x07\x1b[31mb", "a[31mb"),
    ],
)
def test_text_is_whatever_users_typed(raw: bytes, expected: str | None) -> None:
    assert text(raw) == expected


@pytest.mark.parametrize(
    ("software", "numbers"),
    [
        ("6.1.3S", (6, 1)),
        ("10.07", (10, 7)),
        ("11.262H", (11, 26)),
        ("15.41", (15, 41)),
        (None, (0, 0)),
        ("odd", (0, 0)),
    ],
)
def test_versions_compare_by_their_first_two_numbers(
    software: str, numbers: tuple[int, int]
) -> None:
    assert version(software) == numbers


def test_the_password_is_in_no_value() -> None:
    fields = fields_of(reply("real_14s_sw6.1.3S_charging"))
    assert b"123456" not in b"".join(fields.values.values())
    assert 0xB2 not in fields.values
    assert "123456" not in repr(to_reading(fields, 0.0)) + repr(to_unit(fields))


def test_status_follows_the_current() -> None:
    assert reading_of(reply("real_16s_sw11.262H_charging_10A")).status is Status.CHARGING
    assert reading_of(reply("real_16s_sw11.262H_balancing")).status is Status.DISCHARGING
    assert reading_of(reply("real_16s_sw11.26_idle")).status is Status.IDLE


def test_every_setting_is_declared_once() -> None:
    keys = [row.quantity.key for row in SETTINGS.values()]
    assert len(keys) == len(set(keys))
    assert {quantity.key for quantity in unit_of(reply("real_16s_sw11.26_idle")).quantities} >= set(
        keys
    )
