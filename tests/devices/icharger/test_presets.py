"""The list of presets and the presets: packed structures, chemistries, layouts."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.icharger import presets
from custom_components.cellwire.devices.icharger.models import Layout
from custom_components.cellwire.devices.icharger.presets import Preset, to_preset
from tests.bench.captures import capture
from tests.bench.icharger_memory import preset_image, to_bytes, to_registers

CAPTURE = capture("icharger", "real_presets_308_4010duo")
IMAGES = CAPTURE["constructed"]["preset_images"]
VECTORS = capture("icharger", "constructed_vectors")["vectors"]


def decoded(registers: list[int], layout: Layout | None = Layout.OLD_DUO) -> Preset:
    preset = to_preset(3, registers, layout)
    assert preset is not None
    return preset


def image(length: int = 173, name: str = "", **fields: Any) -> list[int]:
    """A preset with other numbers: `u8_61=3` puts a byte at 61, `u16_98` two bytes at 98."""
    kinds = {"u8": "B", "u16": "H", "u32": "I"}
    packed: dict[int, tuple[str, int]] = {}
    for field, number in fields.items():
        kind, at = field.split("_")
        packed[int(at)] = (kinds[kind], number)
    return preset_image(length, packed, name)


def test_the_recorded_list() -> None:
    head = CAPTURE["constructed"]["mem_head"]
    assert presets.head_size(64) == len(head["registers"]) == 33
    assert presets.to_slots(head["registers"], 64) == tuple(head["decoded"]["order"])
    assert presets.head_size(32) == 17


@pytest.mark.parametrize(
    ("name", "slots"),
    [
        ("mem_head_official_example", (2, 1, 0, 3, 4, 5, 6)),
        ("mem_head_hidden_and_empty", (0, 5)),
    ],
)
def test_lists(name: str, slots: tuple[int, ...]) -> None:
    assert presets.to_slots(VECTORS[name]["registers"], 64) == slots


def test_a_list_shows_each_slot_once_and_none_that_there_is_not() -> None:
    assert presets.to_slots([5, 0x2001, 0x0105, 0xFF02, *[0xFFFF] * 13], 32) == (1, 5, 2)
    assert presets.to_slots([0, 0x0100], 32) == ()


@pytest.mark.parametrize("number", range(len(IMAGES)))
def test_recorded_presets(number: int) -> None:
    vector, real = IMAGES[number], IMAGES[number]["decoded"]
    assert presets.preset_size(vector["length_bytes"]) == vector["register_count"]
    preset = decoded(vector["registers"])
    assert preset.slot == 3
    assert preset.name == real["name"]
    assert preset.built_in == (real["use_flag"] == "0x0000")
    assert (preset.chemistry, preset.chemistry_code) == ("lipo", real["type"])
    assert preset.operations == int(real["op_enable"], 16)
    assert preset.capacity is None
    assert preset.runs == real["run_counter"]
    assert preset.charge_current == real["charge_current_a"]
    assert preset.discharge_current == real["discharge_current_a"]
    assert preset.charge_voltage == real["lipo_charge_v"]
    assert preset.storage_voltage == real["lipo_storage_v"]
    assert preset.discharge_voltage == real["lipo_discharge_v"]
    assert preset.charge_end_current == real["end_charge_pct"]
    assert preset.discharge_end_current == real["end_discharge_pct"]
    assert preset.cycles == real["cycle_count"]
    assert preset.cycle_pause == 60 * real["cycle_delay_min"]
    assert preset.cycle_mode == "charge_discharge"
    assert preset.charge_capacity_limit == real["safety_capacity_charge_pct"]
    assert preset.charge_temperature_limit == real["safety_temp_charge_c"]
    assert preset.charge_time_limit is None
    assert (preset.cells, preset.balance, preset.synchronous) == (None, True, False)


RECORDED = [*CAPTURE["real_presets_4010duo"], CAPTURE["real_preset_308duo"]]
CHEMISTRY_KEYS = ("lipo", "li_ion", "life", "nimh", "nicd", "pb", "nizn")


@pytest.mark.parametrize("real", RECORDED, ids=lambda real: real["name"])
def test_all_recorded_values(real: dict[str, Any]) -> None:
    registers = image(
        name=real["name"],
        u16_0=real["use_flag"],
        u8_61=real["type"],
        u16_53=real["op_enable_mask"],
        u16_59=real["run_counter"],
        u8_62=real["li_cell"],
        u8_64=real["pb_cell"],
        u16_98=round(100 * real["charge_current"]),
        u16_100=round(100 * real["discharge_current"]),
        u16_92=round(1000 * real["lipo_discharge_cell_voltage"]),
        u16_120=round(1000 * real["ni_discharge_voltage"]),
        u16_163=round(1000 * real["ni_zn_discharge_cell_volt"]),
    )
    preset = decoded(registers)
    key = CHEMISTRY_KEYS[real["type"]]
    assert (preset.name, preset.chemistry) == (real["name"], key)
    assert preset.charge_current == real["charge_current"]
    assert preset.discharge_current == real["discharge_current"]
    charge, storage, discharge = {
        "lipo": (
            "lipo_charge_cell_voltage",
            "lipo_storage_cell_voltage",
            "lipo_discharge_cell_voltage",
        ),
        "li_ion": (
            "lilo_charge_cell_voltage",
            "lilo_storage_cell_voltage",
            "lilo_discharge_cell_voltage",
        ),
        "life": (
            "life_charge_cell_voltage",
            "life_storage_cell_voltage",
            "life_discharge_cell_voltage",
        ),
        "nimh": (None, None, "ni_discharge_voltage"),
        "nicd": (None, None, "ni_discharge_voltage"),
        "pb": ("pb_charge_voltage", None, "pb_discharge_voltage"),
        "nizn": ("ni_zn_charge_cell_volt", None, "ni_zn_discharge_cell_volt"),
    }[key]
    assert preset.charge_voltage == (real[charge] if charge else None)
    assert preset.storage_voltage == (real[storage] if storage else None)
    assert preset.discharge_voltage == (real[discharge] if discharge else None)
    assert preset.cells == (6 if key == "pb" else None)
    assert preset.balance == (True if key in presets.LITHIUM else None)


def test_an_empty_slot() -> None:
    assert to_preset(9, [0xFFFF] * 87, Layout.OLD_DUO) is None


def test_a_preset_without_a_name_is_called_by_its_chemistry() -> None:
    assert decoded(image(u8_61=2)).name == "LiFe"
    assert decoded(image(u8_61=200)).name == ""


def test_names_are_cut_at_the_end_and_odd_bytes_replaced() -> None:
    registers = image(name="x" * 38)
    assert decoded(registers).name == "x" * 38
    data = bytearray(to_bytes(registers))
    data[2:8] = b"a\xe4b\0cd"
    assert decoded(to_registers(bytes(data))).name == "a\ufffdb"


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        (0, "lipo", "lipo"),
        (1, "li_ion", "li_ion"),
        (2, "life", "life"),
        (3, "nimh", "lihv"),
        (4, "nicd", "lto"),
        (5, "pb", "nimh"),
        (6, "nizn", "nicd"),
        (7, "lihv", "nizn"),
        (8, None, "pb"),
        (9, None, "power"),
        (10, None, "user"),
        (11, None, None),
    ],
)
def test_chemistries_differ_by_layout(code: int, old: str | None, new: str | None) -> None:
    assert decoded(image(u8_61=code)).chemistry == old
    for layout in (Layout.X, Layout.DX):
        assert decoded(image(192, u8_61=code), layout).chemistry == new
    assert decoded(image(u8_61=code), None).chemistry is None


@pytest.mark.parametrize(
    ("chemistry", "voltages"),
    [
        (3, (4.35, 3.85, 3.5)),
        (4, (2.85, 2.4, 1.8)),
        (10, (4.2, 3.85, 3.5)),
        (9, (None, None, None)),
    ],
)
def test_voltages_of_newer_chemistries(chemistry: int, voltages: tuple[float | None, ...]) -> None:
    preset = decoded(image(192, u8_61=chemistry, u8_184=7, u8_62=4), Layout.X)
    assert (preset.charge_voltage, preset.storage_voltage, preset.discharge_voltage) == voltages
    assert preset.cells == {3: 4, 4: 4, 10: 7, 9: None}[chemistry]


def test_lihv_of_an_old_duo() -> None:
    preset = decoded(image(u8_61=7))
    assert (preset.charge_voltage, preset.storage_voltage, preset.discharge_voltage) == (
        4.35,
        3.85,
        3.5,
    )


def test_of_an_unknown_length_the_common_part_is_read() -> None:
    assert presets.preset_size(180) == 83
    registers = image(192, u8_61=10, u8_62=4)[:83]
    preset = decoded(registers, Layout.X)
    assert (preset.chemistry, preset.charge_voltage, preset.cells) == ("user", None, None)
    assert decoded(image(192, u8_61=7, u8_165=8)[:83], Layout.X).cells == 8


def test_numbers_that_straddle_registers() -> None:
    preset = decoded(
        image(
            u16_53=0b010101,
            u8_55=1,
            u8_65=1,
            u32_40=123400,
            u8_62=6,
            u16_141=90,
            u16_147=9999,
            u16_143=150,
            u16_149=80,
            u16_145=505,
            u16_151=600,
            u8_140=5,
            u16_136=99,
            u16_138=9999,
        )
    )
    assert preset.synchronous
    assert preset.balance is False
    assert preset.capacity == 123.4
    assert preset.cells == 6
    assert (preset.charge_time_limit, preset.discharge_time_limit) == (5400, 599940)
    assert (preset.charge_capacity_limit, preset.discharge_capacity_limit) == (150, 80)
    assert (preset.charge_temperature_limit, preset.discharge_temperature_limit) == (50.5, 60.0)
    assert preset.cycle_mode == "discharge_charge_storage"
    assert (preset.cycles, preset.cycle_pause) == (99, 599940)
    assert {name for name in presets.OPERATIONS if preset.offers(name)} == {
        "charge",
        "storage",
        "cycle",
    }


def test_a_preset_for_a_person() -> None:
    values = decoded(image(name="Six", u16_53=1)).to_dict()
    assert (values["name"], values["slot"], values["charge_current"]) == ("Six", 3, 15.0)
    assert "operations" not in values
    assert values["offers_charge"] is True
    assert values["offers_balance"] is False
    assert all(value is None or isinstance(value, str | int | float) for value in values.values())


def test_an_unknown_cycle_mode() -> None:
    assert decoded(image(u8_140=6)).cycle_mode is None


@given(
    st.sampled_from([83, 84, 87, 96]).flatmap(
        lambda size: st.lists(st.integers(0, 0xFFFF), min_size=size, max_size=size)
    ),
    st.sampled_from([*Layout, None]),
)
def test_any_registers_are_decoded(registers: list[int], layout: Layout | None) -> None:
    preset = to_preset(0, registers, layout)
    assert (preset is None) == (registers[0] == 0xFFFF)
    if preset:
        assert preset.to_dict()


@given(st.lists(st.integers(0, 0xFFFF), min_size=33, max_size=33))
def test_any_list_is_decoded(registers: list[int]) -> None:
    assert all(slot < 64 for slot in presets.to_slots(registers, 64))
