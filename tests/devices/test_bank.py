"""The totals of packs side by side."""

from dataclasses import asdict
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.bank import (
    BANK_QUANTITIES,
    PACK_MISSING,
    BankReading,
    to_bank,
)
from custom_components.cellwire.devices.model import (
    Reading,
    Status,
    Unit,
    UnitKind,
    has_problem,
)

TOTALS = (
    "voltage",
    "current",
    "power",
    "soc",
    "soh",
    "remaining_capacity",
    "full_capacity",
    "design_capacity",
    "status",
    "cell_voltage_min",
    "cell_voltage_max",
    "cell_voltage_average",
    "cell_voltage_delta",
    "cell_min_number",
    "cell_max_number",
    "cell_min_pack",
    "cell_max_pack",
)
BANK_UNIT = Unit(key="bank", kind=UnitKind.BANK, manufacturer="m", alarms=(PACK_MISSING,))


def pack(key: str, label: str | None = None) -> Unit:
    return Unit(key=key, kind=UnitKind.BATTERY, manufacturer="m", label=label)


def packs(*keys: str) -> dict[str, Unit]:
    return {key: pack(key, f"Pack {key}") for key in keys}


def reading(**changes: Any) -> Reading:
    known: dict[str, Any] = {
        "at": 10.0,
        "voltage": 52.0,
        "current": 10.0,
        "soc": 49,
        "soh": 98,
        "remaining_capacity": 50.0,
        "full_capacity": 100.0,
        "design_capacity": 105.0,
        "cell_voltages": (4.0, 3.9, None, 4.1),
    }
    return Reading(**known | changes)


def test_a_bank_is_the_sum_of_its_packs() -> None:
    bank = to_bank(
        packs("1", "2"),
        {
            "1": reading(),
            "2": reading(
                at=9.0,
                voltage=52.1,
                current=-2.5,
                soh=100,
                remaining_capacity=85.0,
                full_capacity=110.0,
                design_capacity=110.0,
                cell_voltages=(4.05, 4.15, 3.8),
            ),
        },
    )
    assert bank is not None
    # As old as its oldest part.
    assert bank.at == 9.0
    assert bank.status is Status.CHARGING
    assert bank.voltage == 52.05
    assert bank.current == 7.5
    assert bank.power == round(520.0 - 130.25, 2)
    assert bank.remaining_capacity == 135.0
    assert bank.full_capacity == 210.0
    assert bank.design_capacity == 215.0
    assert bank.soc == 64.3
    assert bank.soh == 99.0  # (98 * 100 + 100 * 110) / 210
    assert (bank.cell_voltage_min, bank.cell_min_number, bank.cell_min_pack) == (3.8, 3, "Pack 2")
    assert (bank.cell_voltage_max, bank.cell_max_number, bank.cell_max_pack) == (4.15, 2, "Pack 2")
    assert bank.cell_voltage_delta == 0.35
    assert bank.cell_voltage_average == 4.0
    assert bank.alarms == frozenset()
    assert bank.values == {"packs": 2, "packs_answering": 2}
    assert bank.values.keys() == {quantity.id for quantity in BANK_QUANTITIES}
    assert has_problem(BANK_UNIT, bank) is False


def test_of_equal_cells_the_first_pack_and_cell_is_named() -> None:
    same = reading(cell_voltages=(4.0, 4.0))
    bank = to_bank(packs("2", "1"), {"1": same, "2": same})
    assert bank is not None
    assert (bank.cell_min_pack, bank.cell_min_number) == ("Pack 2", 1)
    assert (bank.cell_max_pack, bank.cell_max_number) == ("Pack 2", 1)
    assert bank.cell_voltage_delta == 0


def test_a_pack_without_a_label_goes_by_its_key() -> None:
    bank = to_bank({"7": pack("7")}, {"7": reading()})
    assert bank is not None
    assert bank.cell_min_pack == "7"


def test_packs_with_the_same_label_are_all_counted() -> None:
    units = {"1": pack("1", "Shed"), "2": pack("2", "Shed")}
    bank = to_bank(units, {"1": reading(), "2": reading()})
    assert bank is not None
    assert bank.full_capacity == 200.0


def test_a_missing_pack_makes_the_totals_unknown_and_never_smaller() -> None:
    bank = to_bank(packs("1", "2", "3"), {"1": reading(), "3": reading()})
    assert bank is not None
    assert {name: getattr(bank, name) for name in TOTALS} == dict.fromkeys(TOTALS)
    assert bank.alarms == {"pack_missing"}
    assert bank.values == {"packs": 3, "packs_answering": 2}
    assert has_problem(BANK_UNIT, bank) is True


def test_a_bank_of_which_nobody_answers_says_nothing() -> None:
    assert to_bank(packs("1"), {}) is None
    assert to_bank({}, {}) is None


def test_what_does_not_belong_to_the_bank_is_not_counted() -> None:
    readings = {"1": reading(), "9": reading()}
    bank = to_bank(packs("1"), readings)
    assert bank is not None
    assert bank.full_capacity == 100.0
    assert bank.values == {"packs": 1, "packs_answering": 1}
    assert to_bank(packs("2"), readings) is None


@pytest.mark.parametrize(
    ("missing", "unknown"),
    [
        ("voltage", {"voltage", "power"}),
        ("current", {"current", "power", "status"}),
        ("soh", {"soh"}),
        ("remaining_capacity", {"remaining_capacity", "soc"}),
        ("full_capacity", {"full_capacity", "soc", "soh"}),
        ("design_capacity", {"design_capacity"}),
    ],
)
def test_what_one_pack_does_not_know_the_bank_does_not_know(
    missing: str, unknown: set[str]
) -> None:
    bank = to_bank(packs("1", "2"), {"1": reading(), "2": reading(**{missing: None})})
    assert bank is not None
    assert {name for name in TOTALS if getattr(bank, name) is None} == unknown


def test_a_bank_without_capacity_has_no_soc() -> None:
    empty = reading(remaining_capacity=0.0, full_capacity=0.0)
    bank = to_bank(packs("1"), {"1": empty})
    assert bank is not None
    assert bank.soc is None
    assert bank.soh is None


def test_no_share_is_above_a_hundred() -> None:
    # A BMS may count a little more than the battery holds.
    bank = to_bank(packs("1"), {"1": reading(remaining_capacity=100.4)})
    assert bank is not None
    assert bank.soc == 100.0


def test_a_bank_without_cells_has_no_extremes() -> None:
    bank = to_bank(packs("1"), {"1": reading(cell_voltages=())})
    assert bank is not None
    assert bank.cell_voltage_average is None
    assert bank.cell_min_pack is None
    assert bank.cell_max_number is None


def test_a_bank_can_be_compared_and_written_down() -> None:
    one = to_bank(packs("1"), {"1": reading()})
    other = to_bank(packs("1"), {"1": reading(at=20.0)})
    assert one == other
    assert one is not None
    assert one.cell_voltage_min == 3.9
    assert asdict(one)["packs"]["1"]["voltage"] == 52.0
    assert one != to_bank(packs("1"), {"1": reading(cell_voltages=(4.0, 3.9, None, 4.2))})


def test_a_bank_follows_from_other_readings_of_its_packs() -> None:
    bank = to_bank(packs("1", "2"), {"1": reading(), "2": reading()})
    assert bank is not None
    assert bank.power == 1040.0
    joined = bank.joined({"2": reading(current=-1.0, cell_voltages=(3.5,)), "9": reading()})
    assert isinstance(joined, BankReading)
    assert (joined.current, joined.power, joined.status) == (9.0, 468.0, Status.CHARGING)
    assert (joined.cell_voltage_min, joined.cell_min_pack) == (3.5, "Pack 2")
    assert (joined.values, joined.alarms, joined.at) == (bank.values, bank.alarms, bank.at)
    assert bank.current == 20.0
    # Most readings are made of nothing else.
    alone = reading()
    assert alone.joined({"1": joined}) is alone


amounts = st.none() | st.floats(-300, 300)


@given(
    st.dictionaries(
        st.sampled_from("12345"),
        st.builds(
            Reading,
            at=st.floats(0, 10),
            voltage=amounts,
            current=amounts,
            soh=st.none() | st.integers(0, 100),
            remaining_capacity=st.none() | st.floats(0, 250),
            full_capacity=st.none() | st.floats(0, 250),
            cell_voltages=st.lists(st.none() | st.floats(0.5, 5)).map(tuple),
        ),
    ),
    st.sets(st.sampled_from("12345")),
)
def test_any_readings_make_a_bank_whose_shares_are_shares(
    readings: dict[str, Reading], keys: set[str]
) -> None:
    bank = to_bank(packs(*keys), readings)
    if bank is None:
        assert keys.isdisjoint(readings)
        return
    assert bank.soc is None or 0 <= bank.soc <= 100
    assert bank.soh is None or 0 <= bank.soh <= 100
    assert (bank.alarms == set()) is (keys <= readings.keys())
    if bank.current is not None:
        assert bank.current == round(sum(readings[key].current or 0 for key in keys), 3)
