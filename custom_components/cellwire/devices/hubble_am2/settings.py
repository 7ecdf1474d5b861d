"""The limits and delays that are set in a pack. They are read, and never written.

Source: docs/devices/hubble_am2.md, "Settings, 60 to 114".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Kind, Quantity, Role, Value

FIRST, COUNT = 60, 55
# A setting that this firmware does not have.
MISSING = 0xFFFF
TEMPERATURE_RANGE = (-50.0, 150.0)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting and its scale. Limits of the discharge current may have a minus, or not."""

    quantity: Quantity
    multiplier: int = 1
    divisor: int = 1
    signed: bool = False
    magnitude: bool = False

    def value(self, raw: int) -> Value:
        """Scale the register; None for one that is not there or can't be true."""
        if raw == MISSING:
            return None
        number = (raw ^ 0x8000) - 0x8000 if self.signed else raw
        if self.magnitude:
            number = abs(number)
        scaled = number * self.multiplier / self.divisor
        lowest, highest = TEMPERATURE_RANGE
        if self.quantity.kind is Kind.TEMPERATURE and not lowest <= scaled <= highest:
            return None
        return scaled


def _setting(key: str, kind: Kind) -> Quantity:
    return Quantity(key=key, kind=kind, role=Role.SETTING)


def _volts(key: str) -> Setting:
    return Setting(_setting(key, Kind.VOLTAGE), divisor=1000)


def _amperes(key: str) -> Setting:
    return Setting(_setting(key, Kind.CURRENT))


def _discharge_amperes(key: str) -> Setting:
    return Setting(_setting(key, Kind.CURRENT), signed=True, magnitude=True)


def _degrees(key: str) -> Setting:
    return Setting(_setting(key, Kind.TEMPERATURE), divisor=10, signed=True)


def _tenths(key: str) -> Setting:
    return Setting(_setting(key, Kind.DURATION), divisor=10)


def _fortieths(key: str) -> Setting:
    return Setting(_setting(key, Kind.DURATION), divisor=40)


SETTINGS: dict[int, Setting] = {
    60: _volts("pack_overvoltage_alarm"),
    61: _volts("pack_overvoltage_protection"),
    62: _volts("pack_overvoltage_release"),
    63: _tenths("pack_overvoltage_delay"),
    64: _volts("cell_overvoltage_alarm"),
    65: _volts("cell_overvoltage_protection"),
    66: _volts("cell_overvoltage_release"),
    67: _tenths("cell_overvoltage_delay"),
    68: _volts("pack_undervoltage_alarm"),
    69: _volts("pack_undervoltage_protection"),
    70: _volts("pack_undervoltage_release"),
    71: _tenths("pack_undervoltage_delay"),
    72: _volts("cell_undervoltage_alarm"),
    73: _volts("cell_undervoltage_protection"),
    74: _volts("cell_undervoltage_release"),
    75: _tenths("cell_undervoltage_delay"),
    76: _amperes("charge_overcurrent_alarm"),
    77: _amperes("charge_overcurrent_protection"),
    78: _tenths("charge_overcurrent_delay"),
    79: _discharge_amperes("discharge_overcurrent_alarm"),
    80: _discharge_amperes("discharge_overcurrent_protection"),
    81: _tenths("discharge_overcurrent_delay"),
    82: _discharge_amperes("discharge_overcurrent_2_protection"),
    83: _fortieths("discharge_overcurrent_2_delay"),
    84: _degrees("charge_overtemperature_alarm"),
    85: _degrees("charge_overtemperature_protection"),
    86: _degrees("charge_overtemperature_release"),
    87: _degrees("discharge_overtemperature_alarm"),
    88: _degrees("discharge_overtemperature_protection"),
    89: _degrees("discharge_overtemperature_release"),
    90: _degrees("charge_undertemperature_alarm"),
    91: _degrees("charge_undertemperature_protection"),
    92: _degrees("charge_undertemperature_release"),
    93: _degrees("discharge_undertemperature_alarm"),
    94: _degrees("discharge_undertemperature_protection"),
    95: _degrees("discharge_undertemperature_release"),
    96: _degrees("mosfet_overtemperature_alarm"),
    97: _degrees("mosfet_overtemperature_protection"),
    98: _degrees("mosfet_overtemperature_release"),
    99: _degrees("environment_overtemperature_alarm"),
    100: _degrees("environment_overtemperature_protection"),
    101: _degrees("environment_overtemperature_release"),
    102: _degrees("environment_undertemperature_alarm"),
    103: _degrees("environment_undertemperature_protection"),
    104: _degrees("environment_undertemperature_release"),
    105: _volts("balance_start_voltage"),
    106: _volts("balance_difference"),
    107: _volts("full_charge_voltage"),
    108: Setting(_setting("full_charge_current", Kind.CURRENT), divisor=1000),
    109: _volts("cell_sleep_voltage"),
    110: Setting(_setting("sleep_delay", Kind.DURATION), multiplier=60),
    111: Setting(_setting("short_circuit_delay", Kind.DURATION), divisor=40000),
    112: Setting(_setting("low_soc_alarm", Kind.PERCENTAGE)),
    113: _amperes("charge_overcurrent_2_protection"),
    114: _fortieths("charge_overcurrent_2_delay"),
}


def to_settings(registers: Sequence[int]) -> dict[str, Value]:
    """Decode registers 60 to 114; what is not there is left out."""
    values = {row.quantity.id: row.value(registers[at - FIRST]) for at, row in SETTINGS.items()}
    return {key: value for key, value in values.items() if value is not None}
