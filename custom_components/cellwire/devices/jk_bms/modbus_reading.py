"""From the status and about frames of the newer generation to a reading and a unit.

Source: docs/devices/jk_bms.md, "Status of the newer generation" and the sections behind it.
"""

from collections.abc import Mapping
import struct

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
from . import modbus_settings, words
from .modbus_frame import PAYLOAD
from .words import active, text

ALARMS: dict[int, Alarm] = {
    0: Alarm("wire_resistance", Severity.WARNING),
    1: words.MOSFET_OVERTEMPERATURE,
    2: Alarm("cell_count"),
    3: Alarm("current_sensor"),
    4: words.CELL_OVERVOLTAGE,
    5: Alarm("pack_overvoltage"),
    6: words.CHARGE_OVERCURRENT,
    7: Alarm("charge_short_circuit"),
    8: Alarm("charge_overtemperature"),
    9: Alarm("charge_undertemperature"),
    10: Alarm("internal_communication"),
    11: words.CELL_UNDERVOLTAGE,
    12: Alarm("pack_undervoltage"),
    13: words.DISCHARGE_OVERCURRENT,
    14: Alarm("discharge_short_circuit"),
    15: Alarm("discharge_overtemperature"),
    16: Alarm("charge_mosfet_fault"),
    17: Alarm("discharge_mosfet_fault"),
    18: Alarm("gps_disconnected", Severity.WARNING),
    19: Alarm("change_password", Severity.INFO),
    20: Alarm("discharge_switch_on_failed"),
    21: words.BATTERY_OVERTEMPERATURE,
    22: Alarm("temperature_sensor"),
    23: Alarm("parallel_module"),
    24: Alarm("short_circuit_release_failed"),
    25: Alarm("discharge_overcurrent_2"),
    26: Alarm("discharge_overcurrent_3"),
    27: Alarm("discharge_undertemperature"),
    28: Alarm("remote_lock", Severity.WARNING),
}

_QUANTITIES = (
    words.CYCLED_CAPACITY,
    words.OPERATION_TIME,
    Quantity(key="heating", kind=Kind.FLAG, role=Role.MEASUREMENT),
    Quantity(key="heating_current", kind=Kind.CURRENT, role=Role.MEASUREMENT),
    *modbus_settings.QUANTITIES,
)

NO_PROBE = -2000
CELLS = 32

# Offsets are those of the registers; the data begin at 0x1200 (status) and 0x1400 (about).
_CELLS = struct.Struct("<32HI")  # 00 millivolts, 40 present bits
_WIRES = struct.Struct("<32H")  # 4A
_MAIN = struct.Struct("<hIIIi2hIh2BiIII2B")  # 8A .. B9
_POWER = struct.Struct("<I2B")  # BC run time, C0 MOSFETs
_MODEL, _HARDWARE, _SOFTWARE, _SERIAL = (0x00, 16), (0x10, 8), (0x18, 8), (0x50, 16)


def _present(values: tuple[int, ...], bits: int, divisor: int) -> tuple[float | None, ...]:
    # 0 is an input without a cell, or a wire that was not measured yet.
    return tuple(
        values[cell] / divisor if bits >> cell & 1 and values[cell] else None
        for cell in range(min(bits.bit_length(), CELLS))
    )


def _degrees(raw: int) -> float | None:
    return None if raw == NO_PROBE else raw / 10


def _temperatures(data: bytes, mosfet: int, first: int, second: int) -> dict[str, float | None]:
    temperatures = {"mosfet": _degrees(mosfet), "1": _degrees(first), "2": _degrees(second)}
    # Two more probes on newer boards; where they do not exist both places are 0. The present
    # bits can't be relied on, and the field between repeats the MOSFET temperature.
    third, fourth = struct.unpack_from("<2h", data, PAYLOAD + 0xFA)
    if third or fourth:
        temperatures |= {"3": _degrees(third), "4": _degrees(fourth)}
    return temperatures


def to_reading(data: bytes, settings: Mapping[str, Value], at: float) -> Reading:
    """Give a status frame its meaning; `settings` are those read lately from the same board.

    `at` is the moment of the answer, monotonic seconds.
    """
    *millivolts, present = _CELLS.unpack_from(data, PAYLOAD)
    (
        mosfet, wire_alarms, pack, _power, current, first, second, alarms,
        balance_current, balancing, soc, remaining, full, cycles, cycled, soh, _precharge,
    ) = _MAIN.unpack_from(data, PAYLOAD + 0x8A)  # fmt: skip
    run_time, charge_mosfet, discharge_mosfet = _POWER.unpack_from(data, PAYLOAD + 0xBC)
    (heating_current,) = struct.unpack_from("<h", data, PAYLOAD + 0xE6)
    flow = current / 1000
    capacity = settings.get(modbus_settings.CAPACITY.id)
    return Reading(
        at=at,
        status=activity(flow),
        # The register of the power has no sign, so it is voltage times current instead.
        voltage=pack / 1000,
        current=flow,
        soc=soc if soc <= 100 else None,
        soh=soh if soh <= 100 else None,
        remaining_capacity=remaining / 1000,
        full_capacity=full / 1000,
        design_capacity=capacity if isinstance(capacity, int | float) else None,
        cycles=cycles,
        cell_voltages=_present(tuple(millivolts), present, 1000),
        wire_resistances=_present(_WIRES.unpack_from(data, PAYLOAD + 0x4A), present, 1),
        balancing=bool(balancing),
        balance_current=balance_current / 1000,
        temperatures=_temperatures(data, mosfet, first, second),
        charge_mosfet=bool(charge_mosfet),
        discharge_mosfet=bool(discharge_mosfet),
        alarms=active(ALARMS, alarms),
        values={
            **settings,
            "cycled_capacity": cycled / 1000,
            "operation_time": run_time,
            "heating": bool(data[PAYLOAD + 0xD1]),
            "heating_current": heating_current / 1000,
        },
        raw={
            "alarms": alarms,
            "wire_alarms": wire_alarms,
            "balancing": balancing,
            "present": present,
            "byte_5": data[5],
            "soc": soc,
        },
    )


def _field(about: bytes, place: tuple[int, int]) -> str | None:
    start, size = place
    return text(about[PAYLOAD + start : PAYLOAD + start + size])


def serial_number(about: bytes) -> str | None:
    """Return the serial number of an about frame, None for the blank ones that boards have."""
    serial = _field(about, _SERIAL)
    return serial if serial and serial.isalnum() and serial.strip("0") else None


def to_unit(address: str, about: bytes | None, serial: str | None) -> Unit:
    """Describe the board at an address; without an about frame little is known of it."""
    return Unit(
        key=address,
        kind=UnitKind.BATTERY,
        manufacturer=words.MANUFACTURER,
        model=(about and _field(about, _MODEL)) or words.NAME,
        label=address,
        serial=(about and serial_number(about)) or serial,
        firmware=_field(about, _SOFTWARE) if about else None,
        hardware=_field(about, _HARDWARE) if about else None,
        statuses=BATTERY_STATUSES,
        alarms=tuple(ALARMS.values()),
        quantities=_QUANTITIES,
    )
