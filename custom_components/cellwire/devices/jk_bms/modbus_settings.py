"""The settings of the newer generation, from their data frame.

Source: docs/devices/jk_bms.md, "Settings of the newer generation".
"""

import re
import struct

from ..model import Kind, Value
from ..setting import Setting, amperes, degrees, seconds, setting, volts
from .modbus_frame import PAYLOAD
from .words import BALANCER_ENABLED, CHARGE_ENABLED, DISCHARGE_ENABLED, version

# Battery over-temperature alarm and release on older boards, heating start and stop on newer.
HEATING = PAYLOAD + 0x116
HEATING_HARDWARE = 15
HEATING_SOFTWARE = (15, 41)
# What the reading shows as the design capacity.
CAPACITY = setting("capacity_setting", Kind.CHARGE)


# All numbers are 32 bits wide, with a sign.
SETTINGS: dict[int, Setting] = {
    0x00: volts("smart_sleep_voltage"),
    0x04: volts("cell_undervoltage_protection"),
    0x08: volts("cell_undervoltage_release"),
    0x0C: volts("cell_overvoltage_protection"),
    0x10: volts("cell_overvoltage_release"),
    0x14: volts("balance_difference"),
    0x18: volts("full_cell_voltage"),
    0x1C: volts("empty_cell_voltage"),
    0x20: volts("requested_charge_voltage"),
    0x24: volts("requested_float_voltage"),
    0x28: volts("power_off_voltage"),
    0x2C: amperes("charge_overcurrent_protection", 1000),
    0x30: seconds("charge_overcurrent_delay"),
    0x34: seconds("charge_overcurrent_release"),
    0x38: amperes("discharge_overcurrent_protection", 1000),
    0x3C: seconds("discharge_overcurrent_delay"),
    0x40: seconds("discharge_overcurrent_release"),
    0x44: seconds("short_circuit_release"),
    0x48: amperes("balance_current_limit", 1000),
    0x4C: degrees("charge_overtemperature_protection", 10),
    0x50: degrees("charge_overtemperature_release", 10),
    0x54: degrees("discharge_overtemperature_protection", 10),
    0x58: degrees("discharge_overtemperature_release", 10),
    0x5C: degrees("charge_undertemperature_protection", 10),
    0x60: degrees("charge_undertemperature_release", 10),
    0x64: degrees("mosfet_overtemperature_protection", 10),
    0x68: degrees("mosfet_overtemperature_release", 10),
    0x6C: Setting(setting("cell_count_setting", Kind.COUNT)),
    0x70: Setting(CHARGE_ENABLED),
    0x74: Setting(DISCHARGE_ENABLED),
    0x78: Setting(BALANCER_ENABLED),
    0x7C: Setting(CAPACITY, 1000),
    0x84: volts("balance_start_voltage"),
    0x10C: seconds("precharge_time"),
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
