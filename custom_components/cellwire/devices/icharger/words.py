"""What an iCharger is called, and what it and its channels can say.

Source: docs/devices/icharger.md, "Run status", "Control status" and "Error codes".
"""

from ..model import NO_ERROR, Kind, Quantity, Role, Status

NAME = "Junsi iCharger"
CHARGER = "charger"
CHANNELS = ("channel_1", "channel_2")
# There is one protocol; its layouts follow from the model and the firmware.
VARIANT = "modbus"
MOST_CELLS = 16

# Numbers of the run status that mean the same on every charger that was watched.
IDLE, STOPPED, BALANCING, DONE, FAILED = 0, 1, 17, 40, 41
# With these no program runs; a screen may wait to be left.
AT_REST = (IDLE, STOPPED, DONE, FAILED)
# Start, check, charge, the beginning of storage, discharge.
UNDER_WAY = (5, 6, 7, 11, 12, 13, 14)
CHECKING = (5, 6)
CERTAIN = {
    IDLE: Status.IDLE,
    STOPPED: Status.STOPPED,
    DONE: Status.DONE,
    FAILED: Status.FAULT,
}
STATUSES = (
    Status.IDLE,
    Status.PREPARING,
    Status.CHARGING,
    Status.DISCHARGING,
    Status.BALANCING,
    Status.STOPPED,
    Status.DONE,
    Status.FAULT,
)

# What limits the output, by the number of the control status.
CONTROL = (
    "nothing",
    "output_voltage",
    "cell_voltage",
    "output_current",
    "output_power",
    "temperature",
    "input_voltage",
    "input_current",
    "input_power",
    "zero_current",
    "total_power",
    "channel_imbalance",
    "channel_power",
)

# By the high byte of the error register.
UNKNOWN_ERROR = "other"
CATEGORIES: dict[int, str] = {
    1: "check",
    2: "input_voltage",
    3: "input_voltage_low",
    4: "output_voltage_high",
    5: "battery_voltage_low",
    6: "voltage_high",
    7: "output_current",
    8: "output_current_negative",
    9: "input_current",
    10: "input_current_negative",
    11: "temperature_charger",
    12: "temperature_charger_low",
    13: "connection_check",
    14: "common_negative",
    15: "battery_polarity",
    16: "internal_control",
    17: "time_limit",
    18: "capacity_limit",
    19: "temperature_limit",
    20: "output_connection",
    21: "balance_port",
    22: "cell_voltage_low",
    23: "cell_voltage_high",
    24: "cells_below_output",
    25: "cells_above_output",
    26: "cell_count",
    27: "cell_count_low",
    28: "cell_count_high",
    29: "balance_lead_unwanted",
    30: "balance_lead_missing",
    31: "cell_detection",
    32: "measurement_watchdog",
    33: "outputs_unbalanced",
    34: "regeneration_load",
    35: "other_channel_occupied",
    36: "regeneration_capacity",
}
ERRORS = (NO_ERROR, *CATEGORIES.values(), UNKNOWN_ERROR)
# Wiring or a preset is wrong: the next program ends with it too, unless somebody changes that.
LASTING_ERRORS = (
    "common_negative",
    "battery_polarity",
    "output_connection",
    "balance_port",
    "cell_count",
    "cell_count_low",
    "cell_count_high",
    "balance_lead_unwanted",
    "balance_lead_missing",
    "regeneration_load",
)

PROGRAM_CHARGE = Quantity(
    key="program_charge", kind=Kind.CHARGE, role=Role.MEASUREMENT, common=True
)
CELL_RESISTANCE_TOTAL = Quantity(
    key="cell_resistance_total", kind=Kind.RESISTANCE, role=Role.MEASUREMENT, common=True
)
LINE_RESISTANCE = Quantity(
    key="line_resistance", kind=Kind.RESISTANCE, role=Role.MEASUREMENT, common=True
)
PROGRAM_CYCLE = Quantity(key="program_cycle", kind=Kind.COUNT, role=Role.MEASUREMENT)
CONTROL_STATUS = Quantity(
    key="control_status", kind=Kind.CHOICE, role=Role.MEASUREMENT, choices=CONTROL
)
RUN_STATUS = Quantity(key="run_status", kind=Kind.COUNT, role=Role.MEASUREMENT)
ERROR_CODE = Quantity(key="error_code", kind=Kind.TEXT, role=Role.MEASUREMENT)
BALANCE_STRENGTH = tuple(
    Quantity(key="balance_strength", kind=Kind.COUNT, role=Role.MEASUREMENT, number=number)
    for number in range(1, MOST_CELLS + 1)
)
CHANNEL_QUANTITIES = (
    PROGRAM_CHARGE,
    CELL_RESISTANCE_TOTAL,
    LINE_RESISTANCE,
    PROGRAM_CYCLE,
    CONTROL_STATUS,
    RUN_STATUS,
    ERROR_CODE,
    *BALANCE_STRENGTH,
)

PRESETS = Quantity(key="presets", kind=Kind.COUNT, role=Role.SETTING)
FLASH_WRITES = Quantity(key="flash_writes", kind=Kind.COUNT, role=Role.COUNTER)

# What is known of a channel when nothing was heard after the order to start.
SENT = "idle before"
