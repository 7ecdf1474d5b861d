"""What both generations of the JK-BMS say: settings, alarms, versions.

Source: docs/devices/jk_bms.md, "Identifiers", "Warnings" and "Firmware differences".
"""

import re

from ..model import Alarm, Kind, Quantity, Role, Severity
from ..setting import setting

MANUFACTURER = "JiKong"
NAME = "JK-BMS"

# Low byte lost in the measured 32-bit fields before this software.
COMPLETE_COUNTERS = (10, 10)
# Battery type is always 1 before this software.
TRUE_BATTERY_TYPE = (11, 26)

BATTERY_TYPES = ("lifepo4", "li_ion", "lto")

BATTERY_TYPE = Quantity(
    key="battery_type", kind=Kind.CHOICE, role=Role.SETTING, choices=BATTERY_TYPES
)
CYCLED_CAPACITY = Quantity(key="cycled_capacity", kind=Kind.CHARGE, role=Role.COUNTER)
OPERATION_TIME = Quantity(key="operation_time", kind=Kind.DURATION, role=Role.COUNTER)
CHARGE_ENABLED = setting("charge_enabled", Kind.FLAG)
DISCHARGE_ENABLED = setting("discharge_enabled", Kind.FLAG)
BALANCER_ENABLED = setting("balancer_enabled", Kind.FLAG)

# Over-voltage of the pack comes with every full charge on some packs and goes by itself, so it
# says "full" and is no problem. Nor is the board's wish for another password.
MOSFET_OVERTEMPERATURE = Alarm("mosfet_overtemperature")
CHARGE_OVERVOLTAGE = Alarm("charge_overvoltage", Severity.INFO)
DISCHARGE_UNDERVOLTAGE = Alarm("discharge_undervoltage")
BATTERY_OVERTEMPERATURE = Alarm("battery_overtemperature")
CHARGE_OVERCURRENT = Alarm("charge_overcurrent")
DISCHARGE_OVERCURRENT = Alarm("discharge_overcurrent")
CELL_OVERVOLTAGE = Alarm("cell_overvoltage")
CELL_UNDERVOLTAGE = Alarm("cell_undervoltage")

_VERSION = re.compile(r"(\d+)\.(\d{1,2})")


def version(software: str | None) -> tuple[int, int]:
    """Return major and two-digit minor version for comparisons, (0, 0) if it can't be read.

    Letters and third digits mark variants: 11.262H and 11.26 compare equal.
    """
    if software and (match := _VERSION.match(software)):
        return int(match[1]), int(match[2])
    return 0, 0


def text(value: bytes) -> str | None:
    """Decode a text field: it ends at the first 00, may hold any bytes, and may be empty."""
    decoded = value.split(b"\0", 1)[0].decode(errors="replace").strip()
    return "".join(letter for letter in decoded if letter.isprintable()) or None


def active(alarms: dict[int, Alarm], bits: int) -> frozenset[str]:
    """Return the keys of the alarms whose bits are set; reserved bits say nothing."""
    if not bits:
        return frozenset()
    return frozenset(alarm.key for bit, alarm in alarms.items() if bits >> bit & 1)
