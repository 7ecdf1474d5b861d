"""The settings of the newer generation, from their data frame.

Source: docs/devices/jk_bms.md, "Settings of the newer generation".
"""

from dataclasses import dataclass
import re
import struct

from ..model import Kind, Quantity, Value
from .modbus_frame import PAYLOAD
from .words import BALANCER_ENABLED, CHARGE_ENABLED, DISCHARGE_ENABLED, setting, version

# Battery over-temperature alarm and release on older boards, heating start and stop on newer.
HEATING = PAYLOAD + 0x116
HEATING_HARDWARE = 15
HEATING_SOFTWARE = (15, 41)
# What the reading shows as the design capacity.
CAPACITY = setting("capacity_setting", Kind.CHARGE)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting and its scale. All are 32 bits wide."""

    quantity: Quantity
    divisor: int = 1

    def value(self, number: int) -> Value:
        """Scale the number."""
        if self.quantity.kind is Kind.FLAG:
            return bool(number)
        return number if self.divisor == 1 else number / self.divisor


def _volts(key: str) -> Setting:
    return Setting(setting(key, Kind.VOLTAGE), 1000)


def _amperes(key: str) -> Setting:
    return Setting(setting(key, Kind.CURRENT), 1000)


def _seconds(key: str) -> Setting:
    return Setting(setting(key, Kind.DURATION))


def _degrees(key: str) -> Setting:
    return Setting(setting(key, Kind.TEMPERATURE), 10)


SETTINGS: dict[int, Setting] = {
    0x00: _volts("smart_sleep_voltage"),
    0x04: _volts("cell_undervoltage_protection"),
    0x08: _volts("cell_undervoltage_release"),
    0x0C: _volts("cell_overvoltage_protection"),
    0x10: _volts("cell_overvoltage_release"),
    0x14: _volts("balance_difference"),
    0x18: _volts("full_cell_voltage"),
    0x1C: _volts("empty_cell_voltage"),
    0x20: _volts("requested_charge_voltage"),
    0x24: _volts("requested_float_voltage"),
    0x28: _volts("power_off_voltage"),
    0x2C: _amperes("charge_overcurrent_protection"),
    0x30: _seconds("charge_overcurrent_delay"),
    0x34: _seconds("charge_overcurrent_release"),
    0x38: _amperes("discharge_overcurrent_protection"),
    0x3C: _seconds("discharge_overcurrent_delay"),
    0x40: _seconds("discharge_overcurrent_release"),
    0x44: _seconds("short_circuit_release"),
    0x48: _amperes("balance_current_limit"),
    0x4C: _degrees("charge_overtemperature_protection"),
    0x50: _degrees("charge_overtemperature_release"),
    0x54: _degrees("discharge_overtemperature_protection"),
    0x58: _degrees("discharge_overtemperature_release"),
    0x5C: _degrees("charge_undertemperature_protection"),
    0x60: _degrees("charge_undertemperature_release"),
    0x64: _degrees("mosfet_overtemperature_protection"),
    0x68: _degrees("mosfet_overtemperature_release"),
    0x6C: Setting(setting("cell_count_setting", Kind.COUNT)),
    0x70: Setting(CHARGE_ENABLED),
    0x74: Setting(DISCHARGE_ENABLED),
    0x78: Setting(BALANCER_ENABLED),
    0x7C: Setting(CAPACITY, 1000),
    0x84: _volts("balance_start_voltage"),
    0x10C: _seconds("precharge_time"),
}
HEATING_QUANTITIES = (
    setting("heating_start", Kind.TEMPERATURE),
    setting("heating_stop", Kind.TEMPERATURE),
)
QUANTITIES = (*(row.quantity for row in SETTINGS.values()), *HEATING_QUANTITIES)

_MAJOR = re.compile(r"\d+")


def has_heating(hardware: str | None, software: str | None) -> bool:
    """Tell whether the two bytes at 0x1116 are heating temperatures on this board."""
    match = _MAJOR.match(hardware or "")
    major = int(match[0]) if match else 0
    return major > HEATING_HARDWARE or (
        major == HEATING_HARDWARE and version(software) >= HEATING_SOFTWARE
    )


def to_values(data: bytes, *, heating: bool) -> dict[str, Value]:
    """Decode a settings frame; with `heating` also two bytes that mean other things elsewhere."""
    values: dict[str, Value] = {}
    for offset, row in SETTINGS.items():
        (number,) = struct.unpack_from("<i", data, PAYLOAD + offset)
        values[row.quantity.key] = row.value(number)
    if heating:
        for quantity, degrees in zip(
            HEATING_QUANTITIES, struct.unpack_from("<2b", data, HEATING), strict=True
        ):
            values[quantity.key] = degrees
    return values
