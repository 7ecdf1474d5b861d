"""What a pack says of itself, and how it is set."""

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.hubble_am2 import settings, texts
from custom_components.cellwire.devices.hubble_am2.settings import SETTINGS, to_settings
from custom_components.cellwire.devices.hubble_am2.texts import Texts, to_texts, to_unit
from custom_components.cellwire.devices.model import Kind, UnitKind
from tests.bench.hubble_am2 import registers_of, text_registers, vector

# By the unit of the raw number.
SCALES = {
    "mv": 0.001,
    "ma": 0.001,
    "a": 1,
    "pct": 1,
    "min": 60,
    "0.1s": 0.1,
    "0.025s": 0.025,
    "25us": 25e-6,
    "degrees": 1,
}
ABBREVIATIONS = {
    "ov": "overvoltage",
    "uv": "undervoltage",
    "oc": "overcurrent",
    "oc2": "overcurrent_2",
    "ot": "overtemperature",
    "ut": "undertemperature",
}
OTHER_NAMES = {
    "balance_start_cell": "balance_start_voltage",
    "balance_start_delta": "balance_difference",
    "cell_sleep": "cell_sleep_voltage",
    "cell_sleep_delay": "sleep_delay",
    "soc_alarm": "low_soc_alarm",
}


@pytest.mark.parametrize("name", ["strings_150_179", "strings_ff_padding"])
def test_texts_end_at_the_padding(name: str) -> None:
    expected = vector(name)
    registers = registers_of(expected["reply"])
    assert registers == expected["registers"]
    found = to_texts(registers)
    decoded = expected["decoded"]
    assert found.version == decoded["version"]
    assert found.serial == decoded["bms_serial"]
    assert found.pack_serial == decoded["pack_serial"]
    assert found.cells == 13
    assert found.model == "AM2"


def test_what_can_not_be_printed_is_left_out() -> None:
    registers = text_registers("P13S\t120A\x7f-1.5", " AB\x01C ")
    found = to_texts(registers)
    assert found.version == "P13S120A-1.5"
    assert found.serial == "ABC"
    assert found.pack_serial is None


@pytest.mark.parametrize("serial", ["", "0", "0" * 20])
def test_a_serial_number_that_was_never_filled_in_is_none(serial: str) -> None:
    assert to_texts(text_registers("V", serial)).serial is None


@pytest.mark.parametrize(
    ("version", "cells", "model"),
    [
        ("P13S120A-12290-1.50", 13, "AM2"),
        ("P13S120A-12290-2.05T", 13, "AM2"),
        ("P16S100A-12720-4.05G", 16, "P16S100A"),
        ("P8S50-1-1.0", 8, "P8S50"),
        ("P24S200A-1-1.0", None, "P24S200A"),
        ("P0S200A-1-1.0", None, "P0S200A"),
        ("something else", None, "AM2"),
        (None, None, "AM2"),
    ],
)
def test_the_version_tells_cells_and_model(
    version: str | None, cells: int | None, model: str
) -> None:
    assert Texts(version).cells == cells
    assert Texts(version).model == model


def test_a_pack_is_a_part_of_the_bank() -> None:
    unit = to_unit("3", Texts("P13S120A-12290-2.50", "S1", "P1"), "S0")
    assert (unit.key, unit.label, unit.via, unit.kind) == ("3", "3", "bank", UnitKind.BATTERY)
    assert (unit.manufacturer, unit.model) == ("Hubble Lithium", "AM2")
    assert (unit.serial, unit.firmware) == ("S1", "P13S120A-12290-2.50")
    assert to_unit("3", Texts(), "S0").serial == "S0"
    ids = [quantity.id for quantity in unit.quantities]
    assert len(set(ids)) == len(ids)
    assert len({alarm.key for alarm in unit.alarms}) == len(unit.alarms)


def test_settings_read_as_expected() -> None:
    expected = vector("settings_block_60_114")
    registers = registers_of(expected["reply"])
    assert registers == expected["registers"]
    values = to_settings(registers)
    assert len(values) == len(SETTINGS) == settings.COUNT
    for label, raw in expected["decoded"].items():
        place, name = label.split(" ")
        key, unit = split_name(name)
        assert SETTINGS[int(place)].quantity.key == key
        assert values[key] == pytest.approx(raw * SCALES[unit])


def split_name(name: str) -> tuple[str, str]:
    """Return the key of a setting and the unit of its raw number, from the recording's name."""
    stem, _, unit = name.rpartition("_")
    if unit not in SCALES:
        stem, unit = name, "degrees"
    words = [ABBREVIATIONS.get(word, word) for word in stem.split("_")]
    return OTHER_NAMES.get(stem, "_".join(words)), unit


def test_settings_that_firmware_does_not_have_are_not_there() -> None:
    registers = registers_of(vector("settings_unsupported_ffff")["reply"])
    assert to_settings(registers) == {}
    registers[65 - settings.FIRST] = 4250
    assert to_settings(registers) == {"cell_overvoltage_protection": 4.25}


def test_limits_of_the_discharge_current_have_no_sign() -> None:
    registers = list(vector("settings_block_60_114")["registers"])
    for place in (79, 80, 82):
        registers[place - settings.FIRST] = -105 & 0xFFFF
    values = to_settings(registers)
    assert values["discharge_overcurrent_alarm"] == 105
    assert values["discharge_overcurrent_protection"] == 105
    assert values["discharge_overcurrent_2_protection"] == 105


def test_impossible_temperatures_are_not_there() -> None:
    registers = list(vector("settings_block_60_114")["registers"])
    registers[84 - settings.FIRST] = 0x8000
    registers[85 - settings.FIRST] = 1501
    values = to_settings(registers)
    assert "charge_overtemperature_alarm" not in values
    assert "charge_overtemperature_protection" not in values


@given(st.lists(st.integers(0, 0xFFFF), min_size=texts.COUNT, max_size=texts.COUNT))
def test_any_registers_are_printable_texts(registers: list[int]) -> None:
    found = to_texts(registers)
    for text in (found.version, found.serial, found.pack_serial):
        assert text is None or (text.isprintable() and text.isascii() and len(text) <= 20)
    assert to_unit("1", found, None).model


@given(st.lists(st.integers(0, 0xFFFF), min_size=settings.COUNT, max_size=settings.COUNT))
def test_any_registers_are_settings_without_sentinels(registers: list[int]) -> None:
    values = to_settings(registers)
    for place, row in SETTINGS.items():
        value = values.get(row.quantity.id)
        assert (value is None) or registers[place - settings.FIRST] != 0xFFFF
        if row.quantity.kind is Kind.TEMPERATURE and isinstance(value, float):
            assert -50 <= value <= 150
