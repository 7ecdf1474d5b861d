"""The limits and delays that are set in a pack. They are read, and never written.

Source: docs/devices/hubble_am2.md, "Settings, 60 to 114".
"""

from collections.abc import Sequence

from ..model import Kind, Value
from ..setting import Setting, amperes, degrees, seconds, setting, volts

FIRST, COUNT = 60, 55
# A setting that this firmware does not have.
MISSING = 0xFFFF
TEMPERATURE_RANGE = (-50.0, 150.0)
# Limits of the discharge current may have a minus, or not.
_MAGNITUDES = (79, 80, 82)


def _tenths(key: str) -> Setting:
    return seconds(key, 10)


def _fortieths(key: str) -> Setting:
    return seconds(key, 40)


SETTINGS: dict[int, Setting] = {
    60: volts("pack_overvoltage_alarm"),
    61: volts("pack_overvoltage_protection"),
    62: volts("pack_overvoltage_release"),
    63: _tenths("pack_overvoltage_delay"),
    64: volts("cell_overvoltage_alarm"),
    65: volts("cell_overvoltage_protection"),
    66: volts("cell_overvoltage_release"),
    67: _tenths("cell_overvoltage_delay"),
    68: volts("pack_undervoltage_alarm"),
    69: volts("pack_undervoltage_protection"),
    70: volts("pack_undervoltage_release"),
    71: _tenths("pack_undervoltage_delay"),
    72: volts("cell_undervoltage_alarm"),
    73: volts("cell_undervoltage_protection"),
    74: volts("cell_undervoltage_release"),
    75: _tenths("cell_undervoltage_delay"),
    76: amperes("charge_overcurrent_alarm"),
    77: amperes("charge_overcurrent_protection"),
    78: _tenths("charge_overcurrent_delay"),
    79: amperes("discharge_overcurrent_alarm"),
    80: amperes("discharge_overcurrent_protection"),
    81: _tenths("discharge_overcurrent_delay"),
    82: amperes("discharge_overcurrent_2_protection"),
    83: _fortieths("discharge_overcurrent_2_delay"),
    84: degrees("charge_overtemperature_alarm", 10),
    85: degrees("charge_overtemperature_protection", 10),
    86: degrees("charge_overtemperature_release", 10),
    87: degrees("discharge_overtemperature_alarm", 10),
    88: degrees("discharge_overtemperature_protection", 10),
    89: degrees("discharge_overtemperature_release", 10),
    90: degrees("charge_undertemperature_alarm", 10),
    91: degrees("charge_undertemperature_protection", 10),
    92: degrees("charge_undertemperature_release", 10),
    93: degrees("discharge_undertemperature_alarm", 10),
    94: degrees("discharge_undertemperature_protection", 10),
    95: degrees("discharge_undertemperature_release", 10),
    96: degrees("mosfet_overtemperature_alarm", 10),
    97: degrees("mosfet_overtemperature_protection", 10),
    98: degrees("mosfet_overtemperature_release", 10),
    99: degrees("environment_overtemperature_alarm", 10),
    100: degrees("environment_overtemperature_protection", 10),
    101: degrees("environment_overtemperature_release", 10),
    102: degrees("environment_undertemperature_alarm", 10),
    103: degrees("environment_undertemperature_protection", 10),
    104: degrees("environment_undertemperature_release", 10),
    105: volts("balance_start_voltage"),
    106: volts("balance_difference"),
    107: volts("full_charge_voltage"),
    108: Setting(setting("full_charge_current", Kind.CURRENT), divisor=1000),
    109: volts("cell_sleep_voltage"),
    110: Setting(setting("sleep_delay", Kind.DURATION), multiplier=60),
    111: Setting(setting("short_circuit_delay", Kind.DURATION), divisor=40000),
    112: Setting(setting("low_soc_alarm", Kind.PERCENTAGE)),
    113: amperes("charge_overcurrent_2_protection"),
    114: _fortieths("charge_overcurrent_2_delay"),
}


def to_settings(registers: Sequence[int]) -> dict[str, Value]:
    """Decode registers 60 to 114; what is not there or can't be true is left out."""
    values = {
        row.quantity.id: _value(at, row, registers[at - FIRST]) for at, row in SETTINGS.items()
    }
    return {key: value for key, value in values.items() if value is not None}


def _value(at: int, row: Setting, raw: int) -> Value:
    if raw == MISSING:
        return None
    number = (raw ^ 0x8000) - 0x8000 if row.signed or at in _MAGNITUDES else raw
    # States with a decimal point stay as they are in the history of owners.
    value = row.value(float(abs(number) if at in _MAGNITUDES else number))
    lowest, highest = TEMPERATURE_RANGE
    if row.quantity.kind is Kind.TEMPERATURE and not lowest <= float(value or 0) <= highest:
        return None
    return value
