"""From the values of a classic reply to a reading and a unit.

Source: docs/devices/jk_bms.md, "Current", "Temperatures", "Warnings", "State" and "Text fields".
"""

from collections.abc import Mapping
from functools import lru_cache

from ..model import (
    BATTERY_STATUSES,
    Alarm,
    Kind,
    Quantity,
    Reading,
    Role,
    Severity,
    Unit,
    UnitKind,
    Value,
    activity,
)
from . import words
from .fields import CELLS, SETTINGS, FieldList
from .words import active, text, version

ALARMS: dict[int, Alarm] = {
    0: Alarm("low_capacity", Severity.WARNING),
    1: words.MOSFET_OVERTEMPERATURE,
    2: words.CHARGE_OVERVOLTAGE,
    3: words.DISCHARGE_UNDERVOLTAGE,
    4: words.BATTERY_OVERTEMPERATURE,
    5: words.CHARGE_OVERCURRENT,
    6: words.DISCHARGE_OVERCURRENT,
    7: Alarm("cell_difference", Severity.WARNING),
    8: Alarm("box_overtemperature"),
    9: Alarm("battery_undertemperature"),
    10: words.CELL_OVERVOLTAGE,
    11: words.CELL_UNDERVOLTAGE,
    12: Alarm("afe_protection_a"),
    13: Alarm("afe_protection_b"),
}

_QUANTITIES = (
    words.CYCLED_CAPACITY,
    words.OPERATION_TIME,
    words.BATTERY_TYPE,
    Quantity(key="manufacture_date", kind=Kind.TEXT, role=Role.SETTING),
    Quantity(key="user_label", kind=Kind.TEXT, role=Role.SETTING),
    *(row.quantity for row in SETTINGS.values()),
)

# Of so many boards the settings are kept as they were decoded.
MOST_BOARDS = 64

_TEMPERATURES = {"mosfet": 0x80, "1": 0x81, "2": 0x82}


def temperature(raw: int) -> float | None:
    """Return °C for the raw value of a temperature probe, None outside -40..99.

    The vendor says that above 100 it is negative and 100 is the base: 101 is -1 °C. Others
    subtract from 99, or take 100 for +100 °C; an ice bath agreed with the vendor, and a pack at
    0 °C is far likelier than one at 100 °C (docs/devices/jk_bms.md, "Temperatures").
    """
    if raw < 100:
        return float(raw)
    return float(100 - raw) if raw <= 140 else None


def current(raw: int, protocol: int) -> float:
    """Return the current in A, positive into the battery.

    Protocol version 1: bit 15 set is charging, and the rest is the magnitude, so it is no two's
    complement. Version 0, or none named: 10000 is zero and smaller is charging.
    """
    if protocol == 1:
        magnitude = (raw & 0x7FFF) / 100
        return magnitude if raw & 0x8000 or not magnitude else -magnitude
    return (10000 - raw) / 100


def _cells(value: bytes) -> tuple[float | None, ...]:
    # An input without a cell reads 0 mV.
    voltages = (value[at + 1] << 8 | value[at + 2] for at in range(0, len(value) - 2, 3))
    return tuple(millivolts / 1000 if millivolts else None for millivolts in voltages)


def _versions(fields: FieldList) -> tuple[str | None, str | None]:
    """Return hardware and software, of a text such as `11.XW_S11.262H_`."""
    padded = text(fields.values.get(0xB7, b"")) or ""
    hardware, mark, software = padded.rpartition("_S")
    if not mark:
        return padded.strip("_") or None, None
    return hardware.strip("_") or None, software.strip("_") or None


def to_unit(fields: FieldList) -> Unit:
    """Describe the board. It has no serial number; what users can edit is no identity."""
    hardware, software = _versions(fields)
    model = text(fields.values.get(0xBA, b"")[12:])
    return Unit(
        key="bms",
        kind=UnitKind.BATTERY,
        manufacturer=words.MANUFACTURER,
        # Older boards have another number in this place.
        model=model if model and model.startswith("JK") else words.NAME,
        firmware=software,
        hardware=hardware,
        statuses=BATTERY_STATUSES,
        alarms=tuple(ALARMS.values()),
        quantities=_QUANTITIES,
    )


@lru_cache(MOST_BOARDS)
def _settings(values: tuple[bytes | None, ...]) -> Mapping[str, Value]:
    """Decode the settings, which seldom change: given in their order, None if there is none."""
    return {
        row.quantity.key: row.value(int.from_bytes(raw, signed=row.signed))
        for row, raw in zip(SETTINGS.values(), values, strict=True)
        if raw is not None
    }


def _values(fields: FieldList) -> dict[str, Value]:
    values = dict(_settings(tuple(map(fields.values.get, SETTINGS))))
    values["manufacture_date"] = text(fields.values.get(0xB5, b""))
    values["user_label"] = text(fields.values.get(0xB4, b""))
    software = version(_versions(fields)[1])
    if software >= words.COMPLETE_COUNTERS:
        values["cycled_capacity"] = fields.number(0x89)
        minutes = fields.number(0xB6)
        values["operation_time"] = None if minutes is None else minutes * 60
    kind = fields.number(0xAF)
    if kind is not None and software >= words.TRUE_BATTERY_TYPE and kind < len(words.BATTERY_TYPES):
        values["battery_type"] = words.BATTERY_TYPES[kind]
    return values


def to_reading(fields: FieldList, at: float) -> Reading:
    """Give the values of a reply their meaning; what is not in it stays None.

    `at` is the moment of the reply, monotonic seconds.
    """
    number = fields.number
    soc = number(0x85)
    capacity = number(0xAA)
    state = number(0x8C)
    voltage = number(0x83)
    warnings = number(0x8B)
    raw_current = number(0x84)
    flow = None if raw_current is None else current(raw_current, number(0xC0) or 0)
    if soc is not None and soc > 100:
        soc = None
    complete = version(_versions(fields)[1]) >= words.COMPLETE_COUNTERS
    return Reading(
        at=at,
        status=activity(flow),
        voltage=None if voltage is None else voltage / 100,
        current=flow,
        soc=soc,
        remaining_capacity=None if soc is None or capacity is None else capacity * soc / 100,
        full_capacity=number(0xB9) if complete else None,
        design_capacity=capacity,
        cycles=number(0x87),
        cell_voltages=_cells(fields.values.get(CELLS, b"")),
        balancing=None if state is None else bool(state & 4),
        temperatures={
            place: None if (raw := number(identifier)) is None else temperature(raw)
            for place, identifier in _TEMPERATURES.items()
        },
        charge_mosfet=None if state is None else bool(state & 1),
        discharge_mosfet=None if state is None else bool(state & 2),
        alarms=None if warnings is None else active(ALARMS, warnings),
        values=_values(fields),
        raw={
            name: value
            for name, identifier in (
                ("warnings", 0x8B),
                ("state", 0x8C),
                ("current", 0x84),
                ("protocol", 0xC0),
                ("cell_count", 0x8A),
                ("soc", 0x85),
                ("temperature_mosfet", 0x80),
                ("temperature_1", 0x81),
                ("temperature_2", 0x82),
                ("battery_type", 0xAF),
            )
            if (value := number(identifier)) is not None
        },
    )
