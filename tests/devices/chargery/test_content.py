"""Bytes to numbers: every recorded and constructed frame, and what is out of range."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.chargery.content import (
    layout,
    to_cells,
    to_pack,
    to_resistances,
)
from custom_components.cellwire.devices.chargery.frame import LENGTHS, Command
from tests.bench.captures import CAPTURES, capture
from tests.bench.chargery import NO_PROBE, cells_frame, pack_frame, resistances_frame

NAMES = sorted(path.stem for path in (CAPTURES / "chargery").glob("*.json"))
HIGHEST = 5000


def decoded(data: Any) -> list[tuple[bytes, dict[str, Any]]]:
    """Collect all frames of a capture with what they mean."""
    if isinstance(data, dict):
        if "decoded" in data:
            return [(bytes.fromhex(data["hex"]), data["decoded"])]
        return [each for value in data.values() for each in decoded(value)]
    return [each for value in data for each in decoded(value)] if isinstance(data, list) else []


ALL = [each for name in NAMES for each in decoded(capture("chargery", name))]


def of_command(command: str) -> list[tuple[bytes, dict[str, Any]]]:
    unique = {raw: meaning for raw, meaning in ALL if meaning["command"] == command}
    return list(unique.items())


@pytest.mark.parametrize(("raw", "meaning"), of_command("0x57"))
def test_pack_values(raw: bytes, meaning: dict[str, Any]) -> None:
    pack = to_pack(raw)
    assert pack.current == meaning["current_magnitude_a"]
    assert pack.mode == meaning["mode"]
    assert pack.charge_end == meaning["charge_end_voltage_v"]
    assert pack.discharge_end == meaning.get("discharge_end_voltage_v")
    soc = meaning.get("soc_pct")
    assert pack.soc == (soc if soc is None or soc <= 100 else None)
    assert [f"{code:04x}" for code in pack.temperature_codes] == meaning["temperature_raw_hex"]
    for celsius, number, code in zip(
        pack.temperatures, (1, 2), pack.temperature_codes, strict=True
    ):
        absent = code == 0xFF21
        assert celsius == (None if absent else meaning[f"temperature_{number}_c"])
    charge, discharge = meaning.get("charge_status"), meaning.get("discharge_status")
    assert pack.charge_stopped == charge
    assert pack.discharge_stopped == discharge


@pytest.mark.parametrize(("raw", "meaning"), of_command("0x56"))
def test_cells(raw: bytes, meaning: dict[str, Any]) -> None:
    cells = to_cells(raw, 19)
    assert cells is not None
    assert len(cells.voltages) == meaning["slots"]
    expected = [None if each > HIGHEST else each / 1000 for each in meaning["cells_mv"]]
    assert list(cells.voltages) == expected
    assert cells.soc == meaning.get("soc_pct")
    assert cells.energy == meaning.get("energy_wh")
    assert cells.charge == meaning.get("charge_ah")


@pytest.mark.parametrize(("raw", "meaning"), of_command("0x58"))
def test_resistances(raw: bytes, meaning: dict[str, Any]) -> None:
    resistances = to_resistances(raw)
    assert (resistances.mode, resistances.current) == (
        meaning["mode"],
        meaning["current_magnitude_a"],
    )
    assert list(resistances.cells) == meaning["impedance_mohm"]


def test_what_the_vendor_says_of_its_own_frames() -> None:
    stated = capture("chargery", "real_v1_25_frames_16s")["vendor_stated_values"]
    raw = {each[0][2]: each[0] for each in decoded(capture("chargery", "real_v1_25_frames_16s"))}
    cells = to_cells(raw[0x56], 15)
    assert cells is not None
    assert (cells.voltages[0], cells.voltages[15]) == (stated["cell_1_v"], stated["cell_16_v"])
    assert (cells.energy, cells.charge) == (stated["wh"], stated["ah"])
    pack = to_pack(raw[0x57])
    assert (pack.current, pack.soc) == (stated["current_a"], stated["soc_pct"])
    assert pack.temperatures == (stated["temp_1_c"], stated["temp_2_c"])
    assert pack.charge_end == stated["charge_end_v"]
    resistances = to_resistances(raw[0x58])
    assert resistances.cells[0] == stated["impedance_cell_1_mohm"]
    assert resistances.cells[12] == stated["impedance_cell_13_mohm"]


@pytest.mark.parametrize("places", [8, 16, 24])
def test_the_oldest_layout_needs_the_pack_values_to_be_told(places: int) -> None:
    raw = cells_frame([3300] * places)
    assert to_cells(raw, None) is None
    oldest = to_cells(raw, 14)
    assert oldest is not None
    assert oldest.voltages == (3.3,) * places
    assert (oldest.soc, oldest.energy, oldest.charge) == (None, None, None)


@pytest.mark.parametrize("places", [4, 8, 12, 16, 20, 22, 24])
def test_newer_layouts_with_any_number_of_places(places: int) -> None:
    newer = to_cells(cells_frame([3300] * places, left=(500_000, 10_000)), 19)
    assert newer is not None
    assert newer.voltages == (3.3,) * places
    assert (newer.energy, newer.charge) == (500.0, 10.0)
    middle = to_cells(cells_frame([3300] * places, soc=77), None)
    assert middle is not None
    assert (middle.voltages, middle.soc) == ((3.3,) * places, 77)


def test_lengths_that_fit_no_version() -> None:
    assert to_cells(cells_frame([3300] * 25), 14) is None
    assert to_cells(cells_frame([3300] * 4), 19) is None


def test_what_cannot_be_true_is_refused_and_the_rest_kept() -> None:
    pack = to_pack(pack_frame(4.2, mode=7, temperatures=(151.0, -40.1), soc=101, stopped=(2, 255)))
    assert pack.refused == (
        "soc",
        "mode",
        "temperature_1",
        "temperature_2",
        "charge_status",
        "discharge_status",
    )
    assert (pack.soc, pack.temperatures) == (None, (None, None))
    assert (pack.charge_stopped, pack.discharge_stopped) == (None, None)
    assert (pack.current, pack.charge_end, pack.discharge_end) == (4.2, 3.65, 2.8)
    cells = to_cells(cells_frame([3300, 5001, 5000, 65535, 0], soc=101), None)
    assert cells is not None
    assert cells.voltages == (3.3, None, 5.0, None, 0.0)
    assert cells.refused == ("cell_2", "cell_4")
    assert cells.soc is None


def test_temperatures_have_a_sign_and_one_value_means_no_probe() -> None:
    pack = to_pack(pack_frame(temperatures=(-0.5, NO_PROBE)))
    assert pack.temperatures == (-0.5, None)
    assert not pack.refused
    assert to_pack(pack_frame(temperatures=(-40.0, 150.0))).temperatures == (-40.0, 150.0)


def test_resistances_begin_with_the_low_byte() -> None:
    resistances = to_resistances(resistances_frame([0, 1, 0x0102], current=50.0, mode=0))
    assert resistances.cells == (0.0, 0.1, 25.8)
    assert (resistances.current, resistances.mode) == (50.0, 0)


@pytest.mark.parametrize(
    ("pack", "cells", "name"),
    [
        (14, 37, "V1.21"),
        (15, 38, "V1.22-V1.23"),
        (15, 45, "V1.24-V1.25"),
        (19, 45, "V1.26"),
        (19, None, "V1.26"),
        (15, None, None),
        (None, 38, "V1.22-V1.23"),
        (None, 45, None),
        (None, None, None),
    ],
)
def test_layouts(pack: int | None, cells: int | None, name: str | None) -> None:
    assert layout(pack, cells) == name


@given(st.data())
def test_any_frame_of_an_allowed_length_decodes(data: st.DataObject) -> None:
    command = data.draw(st.sampled_from((Command.CELLS, Command.PACK, Command.RESISTANCES)))
    size = data.draw(st.sampled_from(sorted(LENGTHS[command])))
    raw = data.draw(st.binary(min_size=size, max_size=size))
    match command:
        case Command.PACK:
            pack = to_pack(raw)
            assert pack.soc is None or 0 <= pack.soc <= 100
        case Command.CELLS:
            cells = to_cells(raw, data.draw(st.sampled_from((None, 14, 15, 19))))
            assert cells is None or 1 <= len(cells.voltages) <= 24
        case _:
            assert 1 <= len(to_resistances(raw).cells) <= 24
