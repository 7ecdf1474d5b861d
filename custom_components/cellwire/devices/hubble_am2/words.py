"""What a pack is called, and what the bits of its registers mean.

Source: docs/devices/hubble_am2.md, "Warnings, 9", "Protections, 10" and "Faults and status, 11".
"""

from ..model import Alarm, Kind, Quantity, Role, Severity

NAME = "Hubble AM2"
MANUFACTURER = "Hubble Lithium"
MODEL = "AM2"
AM2_CELLS = 13
# There is one protocol. What it is called here tells it from others that packs may speak.
VARIANT = "modbus"

# What the DIP switches can say, but for 0, to which no pack answers.
ADDRESSES = tuple(str(address) for address in range(1, 16))


def _warning(key: str) -> Alarm:
    return Alarm(key, Severity.WARNING)


# A full battery shows the warning for its cells each time, so that one is no problem.
WARNINGS: dict[int, Alarm] = {
    0: Alarm("cell_overvoltage_warning", Severity.INFO),
    1: _warning("cell_undervoltage_warning"),
    2: _warning("pack_overvoltage_warning"),
    3: _warning("pack_undervoltage_warning"),
    4: _warning("charge_overcurrent_warning"),
    5: _warning("discharge_overcurrent_warning"),
    8: _warning("charge_overtemperature_warning"),
    9: _warning("discharge_overtemperature_warning"),
    10: _warning("charge_undertemperature_warning"),
    11: _warning("discharge_undertemperature_warning"),
    12: _warning("environment_overtemperature_warning"),
    13: _warning("environment_undertemperature_warning"),
    14: _warning("mosfet_overtemperature_warning"),
    15: _warning("low_capacity"),
}
# Behind bit 11 the order is not that of the warnings.
PROTECTIONS: dict[int, Alarm] = {
    0: Alarm("cell_overvoltage"),
    1: Alarm("cell_undervoltage"),
    2: Alarm("pack_overvoltage"),
    3: Alarm("pack_undervoltage"),
    4: Alarm("charge_overcurrent"),
    5: Alarm("discharge_overcurrent"),
    6: Alarm("short_circuit"),
    7: Alarm("charger_overvoltage"),
    8: Alarm("charge_overtemperature"),
    9: Alarm("discharge_overtemperature"),
    10: Alarm("charge_undertemperature"),
    11: Alarm("discharge_undertemperature"),
    12: Alarm("mosfet_overtemperature"),
    13: Alarm("environment_overtemperature"),
    14: Alarm("environment_undertemperature"),
}
FULL_BIT = 15
FAULTS: dict[int, Alarm] = {
    0: Alarm("charge_mosfet_fault"),
    1: Alarm("discharge_mosfet_fault"),
    2: Alarm("temperature_sensor"),
    4: Alarm("cell_fault"),
    5: Alarm("internal_communication"),
    14: Alarm("charger_reversed"),
}
SENSOR_FAULT_BIT = 2
CHARGE_MOSFET_BIT, DISCHARGE_MOSFET_BIT = 10, 11
LIMITER_BIT, HEATER_BIT = 12, 15
# What a unit can report, the gravest first.
ALARMS = (*PROTECTIONS.values(), *FAULTS.values(), *WARNINGS.values())

FULLY_CHARGED = Quantity(key="fully_charged", kind=Kind.FLAG, role=Role.MEASUREMENT, common=True)
CHARGE_LIMITER = Quantity(key="charge_limiter", kind=Kind.FLAG, role=Role.MEASUREMENT)
HEATING = Quantity(key="heating", kind=Kind.FLAG, role=Role.MEASUREMENT)
# May hold a date instead. What the maker of the pack wrote; the BMS has a number of its own.
PACK_SERIAL = Quantity(key="pack_serial", kind=Kind.TEXT, role=Role.SETTING)
QUANTITIES = (FULLY_CHARGED, CHARGE_LIMITER, HEATING, PACK_SERIAL)


def has(bits: int, place: int) -> bool:
    """Tell whether a bit is set."""
    return bool(bits >> place & 1)


def active(alarms: dict[int, Alarm], bits: int) -> frozenset[str]:
    """Return the keys of the alarms whose bits are set; reserved bits say nothing."""
    return frozenset(alarm.key for place, alarm in alarms.items() if has(bits, place))
