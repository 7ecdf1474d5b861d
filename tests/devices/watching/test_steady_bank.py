"""A bank shows what follows from what is shown of its packs."""

from dataclasses import replace
from typing import Any

from custom_components.cellwire.devices.bank import to_bank
from custom_components.cellwire.devices.model import (
    BATTERY_STATUSES,
    Reading,
    Status,
    Unit,
    UnitKind,
)
from custom_components.cellwire.devices.watching.steady import Steady

PACK = Unit(key="1", kind=UnitKind.BATTERY, manufacturer="m", via="bank", statuses=BATTERY_STATUSES)
OTHER = replace(PACK, key="2")
BANK = Unit(key="bank", kind=UnitKind.BANK, manufacturer="m", statuses=BATTERY_STATUSES)
FIVE_SECONDS = 5.0


class Bank:
    """Shows a bank and its packs, which are measured every five seconds."""

    def __init__(self) -> None:
        self.steady = Steady()
        self.at = 0.0

    def show(
        self, first: dict[str, Any], second: dict[str, Any] | None, **counted: Any
    ) -> dict[str, Reading]:
        self.at += FIVE_SECONDS
        values = {"1": first} | ({"2": second} if second else {})
        readings = {key: Reading(at=self.at, **each) for key, each in values.items()}
        bare = {
            key: replace(reading, energy_in=None, charge_out=None)
            for key, reading in readings.items()
        }
        bank = to_bank({"1": PACK, "2": OTHER}, bare)
        assert bank
        units = {"1": PACK, "2": OTHER}
        shown = {
            key: self.steady.complete(key, units[key], reading) for key, reading in readings.items()
        }
        return shown | {"bank": self.steady.complete("bank", BANK, replace(bank, **counted))}


MEASURED: dict[str, Any] = {
    "voltage": 52.8,
    "current": 10.0,
    "remaining_capacity": 50.0,
    "full_capacity": 100.0,
    "soh": 100,
    "cell_voltages": (3.3,) * 16,
}


def test_a_bank_is_made_of_what_is_shown_of_its_packs() -> None:
    bank = Bank()
    bank.show(MEASURED, MEASURED)
    cells = (3.304, *(3.3,) * 15)
    trembled = MEASURED | {"current": 10.08, "cell_voltages": cells}
    shown = bank.show(trembled, MEASURED)["bank"]
    assert (shown.current, shown.power, shown.voltage) == (20.0, 1056.0, 52.8)
    assert (shown.cell_voltage_max, shown.cell_max_pack, shown.soc) == (3.3, "1", 50.0)
    jumped = MEASURED | {"current": -10.2, "cell_voltages": (3.3, 3.306, *(3.3,) * 14)}
    shown = bank.show(trembled, jumped)["bank"]
    assert (shown.current, shown.status, shown.charging) == (-0.2, Status.DISCHARGING, False)
    assert (shown.cell_max_pack, shown.cell_max_number) == ("2", 2)
    assert shown.voltage is not None
    assert abs(shown.voltage - 52.803) <= 0.005


def test_a_bank_counted_what_its_packs_show() -> None:
    bank = Bank()
    bank.at = 1200.0

    def show(first: float, second: float | None) -> list[float | None]:
        shown = bank.show(
            MEASURED | {"energy_in": first},
            None if second is None else MEASURED | {"energy_in": second},
            # What a pack counted that is gone stays.
            energy_in=round(first + (second or 54.0) + 1000.0, 1),
        )
        return [shown[key].energy_in if key in shown else None for key in ("1", "2", "bank")]

    assert show(100.0, 50.0) == [100.0, 50.0, 1150.0]
    assert show(103.0, 54.0) == [100.0, 50.0, 1150.0]
    assert show(106.0, 54.0) == [106.0, 50.0, 1156.0]
    # A silent one is in it with all that it counted.
    bank.steady.silent("2")
    assert show(106.5, None) == [106.0, None, 1160.0]
    assert show(106.5, 54.0) == [106.0, 54.0, 1160.0]


def test_a_bank_that_is_not_whole_shows_nothing() -> None:
    bank = Bank()
    bank.show(MEASURED, MEASURED)
    bank.steady.silent("2")
    shown = bank.show(MEASURED, None)["bank"]
    assert (shown.voltage, shown.current, shown.power, shown.cell_max_pack) == (None,) * 4
    assert shown.alarms == {"pack_missing"}
    shown = bank.show(MEASURED, MEASURED | {"current": 10.05})["bank"]
    assert shown.current == 20.05
