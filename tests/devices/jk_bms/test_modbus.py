"""Frames and values of the newer generation."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.crc import crc
from custom_components.cellwire.devices.jk_bms.modbus_frame import (
    SIZE,
    Asked,
    Content,
    Data,
    Speech,
    SpeechScanner,
    Spoken,
    trigger,
)
from custom_components.cellwire.devices.jk_bms.modbus_reading import (
    ALARMS,
    serial_number,
    to_reading,
    to_unit,
)
from custom_components.cellwire.devices.jk_bms.modbus_settings import (
    SETTINGS,
    has_heating,
    to_values,
)
from custom_components.cellwire.devices.jk_bms.plausible import Judge
from custom_components.cellwire.devices.model import (
    NO_ALARM,
    Reading,
    Status,
    has_problem,
    worst_alarm,
)
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import capture
from tests.bench.jk_bms import resum
from tests.streams import sliced

RECORDINGS = ("pb_real_8s_sw15.10_addr1", "pb_real_16s_sw15.41_addr3")
BLE = "pb_payload_same_layout_recorded_over_ble"
STATUS, SETTING, ABOUT = 2, 1, 3

# Where a stated expectation of a settings frame is found, and its scale.
SETTING_NAMES: dict[str, tuple[str, float]] = {
    "smart_sleep_mv": ("smart_sleep_voltage", 1000),
    "cell_uvp_mv": ("cell_undervoltage_protection", 1000),
    "cell_uvp_recovery_mv": ("cell_undervoltage_release", 1000),
    "cell_ovp_mv": ("cell_overvoltage_protection", 1000),
    "cell_ovp_recovery_mv": ("cell_overvoltage_release", 1000),
    "balance_trigger_mv": ("balance_difference", 1000),
    "soc100_mv": ("full_cell_voltage", 1000),
    "soc0_mv": ("empty_cell_voltage", 1000),
    "rcv_mv": ("requested_charge_voltage", 1000),
    "rfv_mv": ("requested_float_voltage", 1000),
    "power_off_mv": ("power_off_voltage", 1000),
    "charge_ma": ("charge_overcurrent_protection", 1000),
    "charge_ocp_delay_s": ("charge_overcurrent_delay", 1),
    "charge_ocp_release_s": ("charge_overcurrent_release", 1),
    "discharge_ma": ("discharge_overcurrent_protection", 1000),
    "discharge_ocp_delay_s": ("discharge_overcurrent_delay", 1),
    "discharge_ocp_release_s": ("discharge_overcurrent_release", 1),
    "scp_release_s": ("short_circuit_release", 1),
    "balance_max_ma": ("balance_current_limit", 1000),
    "cell_count": ("cell_count_setting", 1),
    "charge_enabled": ("charge_enabled", 1),
    "discharge_enabled": ("discharge_enabled", 1),
    "balance_enabled": ("balancer_enabled", 1),
    "capacity_mah": ("capacity_setting", 1000),
    "balance_start_mv": ("balance_start_voltage", 1000),
    "charge_otp_c": ("charge_overtemperature_protection", 1),
    "charge_otp_recovery_c": ("charge_overtemperature_release", 1),
    "discharge_otp_c": ("discharge_overtemperature_protection", 1),
    "discharge_otp_recovery_c": ("discharge_overtemperature_release", 1),
    "charge_utp_c": ("charge_undertemperature_protection", 1),
    "charge_utp_recovery_c": ("charge_undertemperature_release", 1),
    "mos_otp_c": ("mosfet_overtemperature_protection", 1),
    "mos_otp_recovery_c": ("mosfet_overtemperature_release", 1),
    "precharge_s": ("precharge_time", 1),
}


def frames_of(data: bytes) -> list[Speech]:
    scanner = SpeechScanner()
    return scanner.feed(data) + scanner.flush()


def spoken_of(name: str) -> dict[int, bytes]:
    """Return the data frames of a recording by their content, as the scanner finds them."""
    found: dict[int, bytes] = {}
    for part in capture("jk_bms", name)["frames"]:
        for frame in frames_of(bytes.fromhex(part["hex"])):
            if isinstance(frame, Spoken) and frame.data:
                found.setdefault(frame.content, frame.data)
    return found


def decoded(name: str) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for part in capture("jk_bms", name)["frames"]:
        found.setdefault(part["frame_type"], part["decoded"])
    return found


def assert_status(reading: Reading, expected: dict[str, Any]) -> None:
    def celsius(raw: float) -> float | None:
        return None if raw == -200.0 else raw

    assert [round((v or 0) * 1000) for v in reading.cell_voltages] == expected["cell_mv"]
    assert [round(v or 0) for v in reading.wire_resistances] == expected["wire_res_mohm"]
    assert reading.voltage == expected["pack_mv"] / 1000
    assert reading.current == expected["current_ma"] / 1000
    assert abs(reading.power or 0) == pytest.approx(expected["power_mw_unsigned"] / 1000, abs=0.3)
    assert reading.soc == expected["soc_pct"]
    assert reading.soh == expected["soh_pct"]
    assert reading.remaining_capacity == expected["remaining_mah"] / 1000
    assert reading.full_capacity == expected["full_capacity_mah"] / 1000
    assert reading.cycles == expected["cycles"]
    assert reading.values["cycled_capacity"] == expected["cycle_capacity_mah"] / 1000
    assert reading.values["operation_time"] == expected["runtime_s"]
    assert reading.values["heating"] is bool(expected["heating"])
    assert reading.values["heating_current"] == expected["heater_ma"] / 1000
    assert reading.charge_mosfet is bool(expected["charge_mos"])
    assert reading.discharge_mosfet is bool(expected["discharge_mos"])
    assert reading.balance_current == expected["balance_ma"] / 1000
    assert reading.balancing is bool(expected["balance_state"])
    assert reading.raw["alarms"] == int(expected["alarm_bits"], 16)
    assert len(reading.alarms or ()) == len(expected["alarms"])
    assert reading.temperatures["mosfet"] == celsius(expected["mos_temp_c"])
    assert reading.temperatures["1"] == celsius(expected["temp1_c"])
    assert reading.temperatures["2"] == celsius(expected["temp2_c"])
    extra = (expected["temp_at_256_c"], expected["temp_at_258_c"])
    if extra == (0.0, 0.0):
        assert "3" not in reading.temperatures
    else:
        assert (reading.temperatures["3"], reading.temperatures["4"]) == tuple(map(celsius, extra))
    assert Judge(LinkHealth()).check(reading) == reading


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_answers_are_found_with_their_address(name: str) -> None:
    for part in capture("jk_bms", name)["frames"]:
        frames = frames_of(bytes.fromhex(part["hex"]))
        (spoken,) = [frame for frame in frames if isinstance(frame, Spoken)]
        assert (spoken.address, spoken.content) == (part["ack_address"], part["frame_type"])
        assert spoken.data is not None
        assert len(spoken.data) == SIZE
        assert trigger(spoken.address, spoken.content) == bytes.fromhex(part["request_hex"])
        echo = [frame for frame in frames if isinstance(frame, Asked)]
        assert bool(echo) is ("echo" in part["name"])


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_status_says_what_is_stated(name: str) -> None:
    assert_status(to_reading(spoken_of(name)[STATUS], {}, 0.0), decoded(name)[STATUS])


@pytest.mark.parametrize("part", capture("jk_bms", BLE)["frames"], ids=lambda part: part["name"])
def test_the_same_layout_recorded_over_bluetooth(part: dict[str, Any]) -> None:
    (data,) = frames_of(bytes.fromhex(part["hex"]))
    assert isinstance(data, Data)
    assert_status(to_reading(data.raw, {}, 0.0), part["decoded"])


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_settings_say_what_is_stated(name: str) -> None:
    values = to_values(spoken_of(name)[SETTING], heating=True)
    expected = decoded(name)[SETTING]
    for stated, (key, factor) in SETTING_NAMES.items():
        value = values[key]
        assert isinstance(value, int | float)
        assert value * factor == pytest.approx(expected[stated]), key
    assert values["heating_start"] == expected["heating_start_c"]
    assert values["heating_stop"] == expected["heating_stop_c"]
    assert {row.quantity.key for row in SETTINGS.values()} == {
        key for key, _ in SETTING_NAMES.values()
    }
    assert "heating_start" not in to_values(spoken_of(name)[SETTING], heating=False)


@pytest.mark.parametrize(
    ("name", "heating"),
    [("pb_real_8s_sw15.10_addr1", False), ("pb_real_16s_sw15.41_addr3", True)],
)
def test_recorded_about_says_what_is_stated(name: str, *, heating: bool) -> None:
    about, expected = spoken_of(name)[ABOUT], decoded(name)[ABOUT]
    unit = to_unit("3", about, None)
    assert (unit.model, unit.hardware, unit.firmware) == (
        expected["model"],
        expected["hw"],
        expected["sw"],
    )
    # The recordings have a blank serial number, which identifies nothing.
    assert serial_number(about) is None
    assert has_heating(unit.hardware, unit.firmware) is heating
    known = to_unit("3", None, "SN1")
    assert (known.model, known.serial, known.firmware, known.label) == ("JK-BMS", "SN1", None, "3")


@pytest.mark.parametrize(
    ("raw", "serial"),
    [
        (b"4070208A0123", "4070208A0123"),
        (b"00000000000", None),
        (b"", None),
        (b"\xff\xff\xff", None),
    ],
)
def test_serial_numbers(raw: bytes, serial: str | None) -> None:
    about = spoken_of(RECORDINGS[0])[ABOUT]
    assert serial_number(about[:86] + raw.ljust(16, b"\0") + about[102:]) == serial


@pytest.mark.parametrize(
    ("hardware", "software", "heating"),
    [
        ("14A", "14.20", False),
        ("15A", "15.40", False),
        ("15A", "15.41", True),
        ("19A", "19.05", True),
        (None, None, False),
    ],
)
def test_heating_temperatures_by_version(
    hardware: str | None, software: str | None, *, heating: bool
) -> None:
    assert has_heating(hardware, software) is heating


def test_alarms_and_their_weight() -> None:
    parts = {part["name"]: bytes.fromhex(part["hex"]) for part in capture("jk_bms", BLE)["frames"]}
    unit = to_unit("1", None, None)
    cold = to_reading(parts["v11_heating_low_temp_alarm"], {}, 0.0)
    assert cold.alarms == frozenset(
        ("wire_resistance", "charge_undertemperature", "change_password")
    )
    assert worst_alarm(unit, cold.alarms) == "charge_undertemperature"
    full = to_reading(parts["b2a25s_sensor_missing"], {}, 0.0)
    assert full.alarms == frozenset(("cell_overvoltage", "charge_mosfet_fault", "change_password"))
    nothing = to_reading(parts["v19_no_cells_alarm"], {}, 0.0)
    assert nothing.alarms == frozenset(("cell_count",))
    assert nothing.cell_voltages == ()
    assert len(ALARMS) == 29


def test_the_wish_for_another_password_is_no_problem() -> None:
    frames = [
        frame
        for part in capture("jk_bms", "pb_real_bus_master_cycle")["sequence"]
        for frame in frames_of(bytes.fromhex(part["hex"]))
    ]
    status = next(f for f in frames if isinstance(f, Data) and f.content == Content.STATUS)
    reading = to_reading(status.raw, {}, 0.0)
    unit = to_unit("0", None, None)
    assert reading.alarms == frozenset(("change_password",))
    assert has_problem(unit, reading) is False
    assert worst_alarm(unit, frozenset()) == NO_ALARM


def test_the_capacity_setting_is_the_design_capacity() -> None:
    frames = spoken_of(RECORDINGS[0])
    settings = to_values(frames[SETTING], heating=False)
    assert to_reading(frames[STATUS], settings, 0.0).design_capacity == 220.0
    assert to_reading(frames[STATUS], {}, 0.0).design_capacity is None


def test_percentages_over_100_are_unknown() -> None:
    status = bytearray(spoken_of(RECORDINGS[1])[STATUS])
    status[6 + 0xA7] = status[6 + 0xB8] = 101
    reading = to_reading(resum(bytes(status)), {}, 0.0)
    assert reading.soc is reading.soh is None
    assert reading.raw["soc"] == 101


def test_the_direction_of_the_current() -> None:
    parts = {part["name"]: bytes.fromhex(part["hex"]) for part in capture("jk_bms", BLE)["frames"]}
    discharging = to_reading(parts["v19_discharging_0.7A"], {}, 0.0)
    assert (discharging.status, discharging.power) == (Status.DISCHARGING, -39.28)
    assert to_reading(parts["v15_charging_31.9A"], {}, 0.0).status is Status.CHARGING


def test_a_recorded_master_cycle_is_understood() -> None:
    sequence = capture("jk_bms", "pb_real_bus_master_cycle")["sequence"]
    scanner = SpeechScanner()
    frames = scanner.feed(b"".join(bytes.fromhex(part["hex"]) for part in sequence))
    spoken = [(f.address, f.content) for f in frames if isinstance(f, Spoken) and f.data]
    assert spoken == [(0, 2), (0, 1), (1, 2), (1, 1)]
    asked = [(f.address, f.content) for f in frames if isinstance(f, Asked)]
    assert asked == [(1, 2), (1, 1), *((address, 2) for address in range(2, 16))]
    assert not scanner.health.discarded_bytes


def test_every_recorded_request_has_the_right_crc() -> None:
    for frame in capture("jk_bms", "pb_requests_and_writes")["frames"]:
        data = bytes.fromhex(frame["hex"])
        assert crc(data[:-2]) == data[-2:]


def test_data_without_a_fitting_acknowledgement_belong_to_nobody() -> None:
    data = spoken_of(RECORDINGS[0])[STATUS]
    other_content = bytes.fromhex("0110161E00016587")
    own = bytes.fromhex("011016200001044B")
    for stream in (data + other_content, own, data + bytes(3) + own, data[:299] + own):
        assert not any(isinstance(f, Spoken) and f.data for f in frames_of(stream)), stream[
            -12:
        ].hex()
    # Up to two bytes of padding are harmless.
    assert any(isinstance(f, Spoken) and f.data for f in frames_of(data + bytes(2) + own))


def test_an_acknowledgement_takes_only_the_data_right_before_it() -> None:
    first = spoken_of(RECORDINGS[0])[STATUS]
    second = bytearray(spoken_of(RECORDINGS[1])[STATUS])
    second[50] ^= 1
    stream = first + bytes(second) + bytes.fromhex("03101620000105A9")
    assert not any(isinstance(f, Spoken) and f.data for f in frames_of(stream))


@given(sliced(st.binary(max_size=1200)))
def test_any_bytes_in_any_slices_make_no_invalid_frame(parts: list[bytes]) -> None:
    scanner = SpeechScanner()
    found = []
    for part in parts:
        found += scanner.feed(part)
        assert len(scanner.buffer) <= SIZE
    for frame in found + scanner.flush():
        if isinstance(frame, Data):
            assert frame.raw in b"".join(parts)
            assert sum(frame.raw[:-1]) % 256 == frame.raw[-1]


WHOLE = spoken_of(RECORDINGS[0])[STATUS] + bytes.fromhex("011016200001044B")


@given(sliced(st.binary(max_size=400).map(lambda garbage: garbage + WHOLE)))
def test_the_answer_behind_any_garbage_is_found(parts: list[bytes]) -> None:
    scanner = SpeechScanner()
    found = [frame for part in parts for frame in scanner.feed(part)] + scanner.flush()
    assert isinstance(found[-1], Spoken)
    assert found[-1].data == WHOLE[:SIZE]


def test_a_trigger_in_two_halves_and_one_with_a_wrong_sum() -> None:
    request = trigger(3, Content.STATUS)
    scanner = SpeechScanner()
    assert not scanner.feed(request[:9])
    assert scanner.missing == len(request) - 9
    assert scanner.feed(request[9:]) == [Asked(3, Content.STATUS)]
    assert not scanner.feed(request[:-1] + bytes((request[-1] ^ 1,)))
    assert scanner.feed(request) == [Asked(3, Content.STATUS)]
