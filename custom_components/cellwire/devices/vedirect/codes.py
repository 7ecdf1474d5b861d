"""States, errors and off reasons by their codes.

Source: docs/vedirect.md, "States" and "Errors". The names are those of Home
Assistant's own `victron_ble` where it has one.
"""

from ..model import NO_ERROR, Status

STATES: dict[int, Status] = {
    0: Status.OFF,
    1: Status.LOW_POWER,
    2: Status.FAULT,
    3: Status.BULK,
    4: Status.ABSORPTION,
    5: Status.FLOAT,
    6: Status.STORAGE,
    7: Status.EQUALIZE_MANUAL,
    9: Status.INVERTING,
    11: Status.POWER_SUPPLY,
    244: Status.SUSTAIN,
    245: Status.STARTING_UP,
    246: Status.REPEATED_ABSORPTION,
    247: Status.RECONDITION,
    248: Status.BATTERY_SAFE,
    249: Status.ACTIVE,
    250: Status.BLOCKED,
    252: Status.EXTERNAL_CONTROL,
}
# 255 is "not available", which is no news.
NAMED_STATES = STATES.keys() | {255}

ERRORS: dict[int, str] = {
    0: NO_ERROR,
    1: "temperature_battery_high",
    2: "voltage_high",
    3: "remote_temperature_auto_reset",
    4: "remote_temperature_auto_reset",
    5: "remote_temperature_not_auto_reset",
    6: "remote_battery",
    7: "remote_battery",
    8: "remote_battery",
    9: "high_wire_losses",
    10: "battery_voltage_low",
    11: "high_ripple",
    12: "low_soc",
    13: "midpoint_voltage",
    14: "temperature_battery_low",
    15: "relay_fault",
    16: "battery_not_found",
    17: "temperature_charger",
    18: "over_current",
    19: "negative_current",
    20: "bulk_time",
    21: "current_sensor",
    22: "internal_temperature",
    23: "internal_temperature",
    24: "fan",
    25: "fan_over_current",
    26: "overheated",
    27: "short_circuit",
    28: "converter_issue",
    29: "over_charge",
    31: "input_voltage_out_of_range",
    32: "input_voltage_low",
    33: "input_voltage",
    34: "input_current",
    35: "input_power",
    36: "input_polarity",
    37: "input_absent",
    38: "input_shutdown_voltage",
    39: "input_shutdown_current",
    40: "internal_failure",
    65: "communication",
    66: "synchronisation",
    67: "bms",
    68: "network",
    69: "network",
    70: "network",
    71: "network",
    113: "settings_memory",
    114: "cpu_temperature",
    115: "communication_lost",
    116: "calibration_lost",
    117: "firmware",
    118: "hardware_fault",
    119: "settings",
    120: "reference_voltage",
    121: "tester_fail",
    122: "history_invalid",
    **dict.fromkeys((150, 151, 160, 161, 162), "warning"),
    **dict.fromkeys(range(200, 216), "internal_supply"),
}

# What the code of no known error shows as: something is wrong, and the number is in diagnostics.
OTHER_ERROR = "other"
ERROR_KEYS = (*dict.fromkeys(ERRORS.values()), OTHER_ERROR)
# Wrong wiring or settings, and what only ends when the power is switched off and on.
LASTING_ERRORS = (
    "remote_temperature_not_auto_reset",
    "remote_battery",
    "bulk_time",
    "input_polarity",
    "bms",
    "network",
)

# By bit of register 0207.
OFF_REASONS: tuple[str, ...] = (
    "no_input_power",
    "hard_power_switch",
    "soft_power_switch",
    "remote_input",
    "internal_reason",
    "pay_as_you_go",
    "bms",
    "engine_shutdown",
    "analysing_input",
    "low_battery_temperature",
    "no_panel_power",
    "low_battery",
    "low_mains",
    "synchronisation",
    "synchronisation",
    "active_alarm",
)
NO_OFF_REASON = "none"
OFF_REASON_KEYS = (NO_OFF_REASON, *dict.fromkeys(OFF_REASONS))


def off_reason(bits: int) -> str | None:
    """Name the first reason for being off that is set; None for bits that are not known."""
    if not bits:
        return NO_OFF_REASON
    return next((name for bit, name in enumerate(OFF_REASONS) if bits >> bit & 1), None)
