"""The block that says what charger it is."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.icharger.info import has_error, size, to_info, version
from custom_components.cellwire.devices.icharger.models import Layout
from tests.bench.captures import capture

VECTORS = capture("icharger", "constructed_vectors")["vectors"]
DUMP = capture("icharger", "real_4010duo_idle_dump")


def test_the_recorded_charger() -> None:
    info = to_info(DUMP["encoded_constructed"]["device_info"]["registers"])
    assert info.device_id == DUMP["real"]["device_id"]
    assert info.serial == DUMP["real"]["serial"]
    assert info.software == DUMP["real"]["software_version_raw"]
    assert info.hardware == DUMP["real"]["hardware_version_raw"]
    assert (info.system_length, info.memory_length) == (118, 173)
    assert info.is_plausible


@pytest.mark.parametrize("name", ["info_308duo", "info_406duo", "info_4010duo", "info_unknown_id"])
def test_made_blocks(name: str) -> None:
    registers, decoded = VECTORS[name]["registers"], VECTORS[name]["decoded"]
    info = to_info(registers)
    assert info.is_plausible
    assert info.device_id == decoded["device_id"]
    assert info.serial == decoded["serial"]
    assert info.software == decoded["software_version_raw"]
    assert info.system_length == decoded["system_length"]
    assert info.memory_length == decoded["memory_length"]
    # A model with one channel has a register less.
    assert to_info(registers[: size(1)]) == info


@pytest.mark.parametrize("case", VECTORS["status_word_bits"]["cases"])
def test_the_error_bit(case: dict[str, Any]) -> None:
    registers = [*DUMP["encoded_constructed"]["device_info"]["registers"][:11], case["raw"], 0]
    assert has_error(registers, 1) == ("error" in case["bits"])
    assert not has_error(registers, 2)


def serial_registers(serial: bytes) -> list[int]:
    data = serial.ljust(12, b"\0")
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, 12, 2)]


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        (b"", None),
        (b"NULL", None),
        (b"2510118006", "2510118006"),
        (b"ABCDEFGHIJKL", "ABCDEFGHIJKL"),
    ],
)
def test_serial_numbers(serial: bytes, expected: str | None) -> None:
    info = to_info([64, *serial_registers(serial), 2107, 2000, 118, 173, 0, 0])
    assert info.serial == expected
    assert info.is_plausible


@pytest.mark.parametrize(
    "registers",
    [
        [0, *serial_registers(b"1"), 2107, 2000, 118, 173, 0],
        [64, *serial_registers(b"\x01\x02"), 2107, 2000, 118, 173, 0],
        [64, *serial_registers(b"\xff" * 12), 2107, 2000, 118, 173, 0],
        [64, *serial_registers(b"1"), 2107, 2000, 0, 173, 0],
        [64, *serial_registers(b"1"), 2107, 2000, 118, 6000, 0],
        [0] * 12,
        [0xFFFF] * 12,
    ],
)
def test_other_devices_are_told_apart(registers: list[int]) -> None:
    assert not to_info(registers).is_plausible


@given(st.lists(st.integers(0, 0xFFFF), min_size=12, max_size=13))
def test_any_registers_are_decoded(registers: list[int]) -> None:
    info = to_info(registers)
    assert info.serial != ""
    assert version(info.software, Layout.OLD_DUO)


@pytest.mark.parametrize("case", VECTORS["version_decode"]["cases"])
def test_versions(case: dict[str, Any]) -> None:
    if "duo" in case:
        assert version(case["raw"], Layout.OLD_DUO) == case["duo"]
    else:
        assert version(case["raw"], Layout.X) == version(case["raw"], None) == case["x_series"]


def test_a_version_that_would_be_ambiguous_has_dots() -> None:
    assert version(2010, Layout.OLD_DUO) == "2.0.10"
