"""The values of text fields and registers, and which of them counts."""

from collections.abc import Mapping
import struct
from types import MappingProxyType
from typing import Any

import pytest

from custom_components.cellwire.devices.model import (
    NO_ERROR,
    Kind,
    Reading,
    Role,
    Status,
    Value,
    has_problem,
)
from custom_components.cellwire.devices.vedirect import codes
from custom_components.cellwire.devices.vedirect.hex import HexFrame, parse
from custom_components.cellwire.devices.vedirect.register import Tier
from custom_components.cellwire.devices.vedirect.samples import Samples
from custom_components.cellwire.devices.vedirect.text import Text, number
from custom_components.cellwire.devices.victron_charger.reading import (
    FIELDS,
    QUANTITIES,
    to_reading,
    to_unit,
)
from custom_components.cellwire.devices.victron_charger.registers import REGISTERS
from tests.bench.captures import capture
from tests.devices.vedirect.test_stream import CASES

FAMILY = "victron_charger"
BLOCKS = capture(FAMILY, "02_ip22_24_12_fw342_stream")["blocks"]
FRAMES: list[dict[str, Any]] = capture(FAMILY, "02_ip22_24_12_fw342_stream")[
    "distinct_hex_frames_in_order_of_first_appearance"
]
NOW = 1000.0


def samples(at: float = NOW, values: Mapping[int, int | str] | None = None) -> Samples:
    """Let registers say raw numbers or texts."""
    made = Samples(REGISTERS)
    for each, value in (values or {}).items():
        register = REGISTERS.by_number[each]
        if isinstance(value, str):
            data = value.encode()
        else:
            data = struct.pack(f"<{register.fields[0].code}", value)
        assert made.take(register, data, at)
    return made


def text(fields: Mapping[str, str] = MappingProxyType({}), at: float = NOW) -> Text:
    made = Text(FIELDS)
    made.take(fields, at)
    return made


def read(fields: dict[str, str]) -> Reading:
    return to_reading(text(fields), samples(), NOW)


def assert_expected(fields: dict[str, str], expected: dict[str, Any]) -> None:
    reading = read(fields)
    unit = to_unit(number(fields["PID"]) or 0, fields["SER#"], text(fields), samples())
    looks: dict[str, object] = {
        "product_id": number(fields["PID"]),
        "firmware": unit.firmware,
        "serial": unit.serial,
        "output_voltage_1": reading.voltage,
        "output_current_1": reading.current,
        "output_voltage_2": reading.values["output_voltage_2"],
        "output_current_2": reading.values["output_current_2"],
        "output_voltage_3": reading.values["output_voltage_3"],
        "output_current_3": reading.values["output_current_3"],
        "battery_temperature": reading.temperatures["battery"],
        "error_code": reading.raw["error"],
        "state": reading.status,
        "history_clear_time_s": number(str(reading.raw.get("HC#"))),
        "relay": reading.values["relay"],
        "device_mode": {"on": 1, "off": 4}.get(str(reading.values["device_mode"])),
    }
    for name, value in expected.items():
        assert looks[name] == value, name


@pytest.mark.parametrize("block", BLOCKS)
def test_recorded_blocks_say_what_is_stated(block: dict[str, Any]) -> None:
    assert_expected(block["fields"], block["expect"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_constructed_blocks_say_what_is_wanted(case: dict[str, Any]) -> None:
    for fields, expected in zip(case["valid_blocks"], case["expect"], strict=True):
        assert_expected(fields, expected)


@pytest.mark.parametrize(
    "row", [row for row in FRAMES if "value" in row], ids=lambda row: row["frame"][:20]
)
def test_recorded_frames_say_what_is_stated(row: dict[str, Any]) -> None:
    frame = parse(row["frame"].encode())
    assert frame is not None
    assert frame.register == int(row["register"], 16)
    register = REGISTERS.by_number.get(frame.register)
    if register is None:
        assert row["register"] in {"0x200D", "0x200C", "0x2008", "0x2042", "0x2013", "0xEC15"}
        return
    values = register.decode(frame.value)
    assert values is not None
    assert_stated(frame, values, row["value"])


def assert_stated(frame: HexFrame, values: dict[str, Value], stated: Any) -> None:
    match frame.register:
        case 0x1042 | 0x1043:
            ending = "" if frame.register == 0x1042 else "_since_clear"
            names = {"operation_time_s": "operation_time", "charged_ah": "charged"}
            for name, value in stated.items():
                if name != "version":
                    assert values[names.get(name, name) + ending] == value
        case 0x1070:
            for stage in ("bulk", "absorption", "recondition", "float", "storage"):
                assert values[f"cycle_{stage}_time"] == stated[f"time_{stage}_s"]
                assert values[f"cycle_{stage}_charge"] == stated[f"ah_{stage}"]
            assert values["cycle_start_voltage"] == stated["voltage_start_v"]
        case 0x0207:
            assert values == {"off_reason": "none"}
            assert stated == 0
        case _:
            (value,) = values.values()
            assert value == stated


@pytest.mark.parametrize(
    ("frame", "name", "value"),
    [
        (":A0220007F0AA0", None, None),
        (":A0A20001E6600009D", "network_battery_current", 26.142),
        (":7400100FC00C14010", "capabilities", 0x40C100FC),
        (":7400100FCC14340CD", "capabilities", 0x4043C1FC),
        (":702010000FF420307", "firmware", "3.42"),
        (":702010000FF6503E4", "firmware", "3.65"),
        (":70001000034A3FF77", "product", 0xA334),
        (":7C8ED001E007B", "lowest_charge_current", 3.0),
    ],
)
def test_single_frames(frame: str, name: str | None, value: Value) -> None:
    parsed = parse(frame.encode())
    assert parsed is not None
    register = REGISTERS.by_number.get(parsed.register)
    if name is None:
        assert register is None
        return
    assert register is not None
    decoded = register.decode(parsed.value)
    assert decoded is not None
    assert decoded[name] == value


@pytest.mark.parametrize(
    ("register", "data", "value"),
    [
        (0xEDF2, "54F9", -17.08),
        (0xEDF8, "BC02", 604800.0),
        (0xEDFC, "6009", 86400.0),
        (0xEDEC, "6575", 27.38),
        (0xEDEC, "FFFF", None),
        (0xEDDB, "FF7F", None),
        (0xEDDB, "0CFE", -5.0),
        (0xED8C, "FFFFFF7F", None),
        (0xED8C, "18FCFFFF", -1.0),
        (0xEDF1, "FF", "user"),
        (0xEDF1, "04", "li_ion"),
        (0xEDF1, "77", None),
        (0xE001, "02", "night"),
        (0x0200, "00", "off"),
        (0x0200, "04", "off"),
        (0xEDF0, "FFFF", None),
        (0x0201, "FF", 255),
        (0xEDFD, "01", True),
        (0x0207, "20000000", "pay_as_you_go"),
        (0x0207, "00000100", None),
    ],
)
def test_scales_signs_and_sentinels(register: int, data: str, value: Value) -> None:
    decoded = REGISTERS.by_number[register].decode(bytes.fromhex(data))
    assert decoded is not None
    (found,) = decoded.values()
    assert found == pytest.approx(value) if isinstance(value, float) else found == value


def test_values_of_another_size_are_not_guessed_at() -> None:
    assert REGISTERS.by_number[0xEDF0].decode(b"\x78") is None
    assert REGISTERS.by_number[0x1042].decode(bytes(24)) is None


def test_texts_end_at_the_first_zero() -> None:
    assert REGISTERS.by_number[0x010A].decode(b"HQ2230\0\0") == {"serial": "HQ2230"}
    assert REGISTERS.by_number[0x010B].decode(b"\0\0") == {"model": None}


def test_the_finer_register_counts_while_the_text_agrees() -> None:
    block = text({"V": "28800", "I": "7300", "CS": "3", "ERR": "0"})
    fine = samples(NOW - 30, {0xED8C: 7290, 0xEDD5: 2881, 0x0201: 3, 0xEDDA: 0})
    reading = to_reading(block, fine, NOW)
    assert (reading.current, reading.voltage) == (7.29, 28.81)
    assert (reading.status, reading.error) == (Status.BULK, NO_ERROR)
    assert reading.power == 210.02


def test_a_text_that_is_clearly_newer_and_differs_counts() -> None:
    block = text({"V": "28500", "I": "5000", "CS": "4", "ERR": "17"})
    fine = samples(NOW - 5, {0xED8C: 7290, 0xEDD5: 2881, 0x0201: 3, 0xEDDA: 0})
    reading = to_reading(block, fine, NOW)
    assert (reading.current, reading.voltage) == (5.0, 28.5)
    assert (reading.status, reading.error) == (Status.ABSORPTION, "temperature_charger")


def test_a_register_that_is_as_new_as_the_text_counts() -> None:
    block = text({"V": "28800", "I": "1000", "CS": "3", "ERR": "0"})
    newer = samples(NOW - 0.5, {0xED8C: 1300, 0xEDD5: 2870, 0x0201: 4, 0xEDDA: 1})
    reading = to_reading(block, newer, NOW)
    assert (reading.current, reading.voltage) == (1.3, 28.7)
    assert (reading.status, reading.error) == (Status.ABSORPTION, "temperature_battery_high")


def test_registers_alone_and_text_alone() -> None:
    alone = to_reading(text(), samples(NOW, {0xED8F: 73, 0xED8D: 2880, 0x0201: 5}), NOW)
    assert (alone.current, alone.voltage, alone.status) == (7.3, 28.8, Status.FLOAT)
    assert alone.error is None
    reading = read({"V": "28680", "I": "---", "CS": "odd"})
    assert (reading.voltage, reading.current, reading.status) == (28.68, None, None)


def test_old_text_and_old_registers_are_dropped() -> None:
    old = to_reading(
        text({"V": "28800", "CS": "3"}, NOW - 11), samples(NOW - 61, {0xED8C: 7300}), NOW
    )
    assert (old.voltage, old.current, old.status) == (None, None, None)
    settings = samples(NOW - 600, {0xEDF0: 120})
    assert to_reading(text(), settings, NOW).values["charge_current_limit"] == 12.0
    assert to_reading(text(), settings, NOW + 200).values["charge_current_limit"] is None
    identity = samples(NOW - 1e6, {0xEDDF: 120})
    assert to_reading(text(), identity, NOW).values["rated_current"] == 12.0


def test_temperatures() -> None:
    sensed = samples(NOW, {0xEDEC: 29465, 0xEDDB: 2460})
    reading = to_reading(text({"T": "23"}), sensed, NOW)
    assert reading.temperatures == {"battery": 23, "internal": 24.6}
    assert to_reading(text({"T": "---"}), sensed, NOW).temperatures["battery"] == 21.5


def test_three_outputs_add_up() -> None:
    fields = {"V": "13800", "I": "5000", "V2": "13700", "I2": "1000", "V3": "13600", "I3": "0"}
    assert read(fields).power == pytest.approx(69.0 + 13.7)
    assert read({"V": "13800", "I": "5000"}).power == 69.0
    # What is known of the others is not the power of all.
    assert read({"V": "13800", "V2": "13700", "I2": "1000"}).power is None


def test_unknown_labels_and_codes_are_kept() -> None:
    reading = read({"V": "1", "CS": "99", "ERR": "98", "HC#": "123", "NEW": "x"})
    assert reading.raw == {"HC#": "123", "NEW": "x", "state": 99, "error": 98}
    assert reading.status is None
    assert reading.error == codes.OTHER_ERROR
    unit = to_unit(0xA334, "S", text(), samples())
    assert has_problem(unit, reading) is True
    network = to_reading(text(), samples(NOW, {0x200E: 33, 0x2009: 0, 0xEDD4: 0x80}), NOW)
    assert network.raw == {"network_mode": 33, "network_error": 0, "state_bits": 0x80}


def test_a_charger_without_a_name_in_the_table_names_itself() -> None:
    named = samples(NOW, {0x010B: "Smart Charger XY"})
    assert to_unit(0xA35E, None, text(), named).model == "Smart Charger XY"
    assert to_unit(0xA35E, None, text(), samples()).model == "AC charger 0xA35E"
    assert to_unit(0xA334, None, text(), samples(NOW, {0x0102: 0x0342FF00})).firmware == "3.42"


def test_quantities_are_declared_once_and_have_a_register() -> None:
    ids = [quantity.id for quantity in QUANTITIES]
    assert len(ids) == len(set(ids))
    for quantity in QUANTITIES:
        assert (quantity.kind is Kind.CHOICE) is bool(quantity.choices)
        assert quantity.role in Role
    assert {register.tier for register in REGISTERS.by_number.values()} == set(Tier)
