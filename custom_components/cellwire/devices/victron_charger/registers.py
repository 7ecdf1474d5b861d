"""The registers of the chargers.

Source: docs/devices/victron_charger.md, "Registers".
"""

from ..model import Kind, Quantity, Role
from ..setting import setting
from ..vedirect.codes import OFF_REASON_KEYS, off_reason
from ..vedirect.register import (
    IDENTITY,
    S16,
    S32,
    U8,
    U16,
    U32,
    Field,
    Register,
    Registers,
    Tier,
    choice,
    counter,
    each,
    measurement,
)

HOUR = 3600
DAY = 24 * HOUR

BATTERY_TYPES = {
    0: "normal",
    1: "normal_recondition",
    2: "high",
    3: "high_recondition",
    4: "li_ion",
    0xFF: "user",
}
LOW_CURRENT_MODES = {0: "off", 1: "on", 2: "night"}
FUNCTIONS = {0: "charger", 1: "power_supply"}
REBULK_METHODS = {0: "voltage", 1: "current"}
MODES = {0: "off", 1: "on", 4: "off"}

MODE = choice("device_mode", MODES)
RELAY = setting("relay", Kind.FLAG)
OFF_REASON = Quantity(
    key="off_reason",
    kind=Kind.CHOICE,
    role=Role.MEASUREMENT,
    choices=OFF_REASON_KEYS,
    common=True,
)

STATE, ERROR, DEVICE_MODE, CURRENT_LIMIT = 0x0201, 0xEDDA, 0x0200, 0xEDF0

_ASKED_OFTEN: tuple[tuple[int, Field], ...] = (
    (STATE, Field("state", U8, full_range=True)),
    (0x0207, Field(OFF_REASON, U32, convert=off_reason)),
    (ERROR, Field("error", U8)),
    (0xEDD5, Field("voltage", U16, 100)),
    (0xED8C, Field("current_fine", S32, 1000)),
    (0xEDDB, Field("internal_temperature", S16, 100)),
    (0xEDEC, Field("battery_temperature", U16, convert=lambda raw: round(raw / 100 - 273.15, 2))),
    (0xEDD4, Field("state_bits", U8, full_range=True)),
    (0x0120, Field(counter("uptime", Kind.DURATION), U32)),
    (0xEE16, Field(measurement("sense_voltage", Kind.VOLTAGE), U16, 100)),
    # The charger forgets it after a minute, which must not go unnoticed.
    (0x2015, Field(setting("volatile_current_limit", Kind.CURRENT), U16, 10)),
)

_ASKED_SELDOM: tuple[tuple[int, Field], ...] = (
    (CURRENT_LIMIT, Field(setting("charge_current_limit", Kind.CURRENT, common=True), U16, 10)),
    (
        0xEDF1,
        Field(
            choice("battery_type", BATTERY_TYPES), U8, convert=BATTERY_TYPES.get, full_range=True
        ),
    ),
    (0xEDF2, Field(setting("temperature_compensation", Kind.COMPENSATION), S16, 100)),
    (0xEDF4, Field(setting("recondition_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF5, Field(setting("storage_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF6, Field(setting("float_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF7, Field(setting("absorption_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF8, Field(setting("repeated_absorption_interval", Kind.DURATION), U16, 100, DAY)),
    (0xEDF9, Field(setting("repeated_absorption_duration", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFA, Field(setting("float_time_limit", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFB, Field(setting("absorption_time_limit", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFC, Field(setting("bulk_time_limit", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFD, Field(setting("automatic_recondition", Kind.FLAG), U8, convert=bool)),
    (0xEDFE, Field(setting("adaptive_mode", Kind.FLAG), U8, convert=bool)),
    (0xEDFF, Field(setting("battery_safe_mode", Kind.FLAG), U8, convert=bool)),
    (0xED2E, Field(setting("rebulk_voltage_offset", Kind.VOLTAGE), U16, 100)),
    (0xEDE0, Field(setting("low_temperature_level", Kind.TEMPERATURE), S16, 100)),
    (0xEDE1, Field(setting("rebulk_current", Kind.CURRENT), U16, 10)),
    (0xEDE6, Field(setting("low_temperature_current", Kind.CURRENT), U16, 10)),
    (0xEDE7, Field(setting("tail_current", Kind.CURRENT), U16, 10)),
    (0xEE17, Field(choice("rebulk_method", REBULK_METHODS), U8, convert=REBULK_METHODS.get)),
    (0xEDE9, Field(setting("power_supply_voltage", Kind.VOLTAGE), U16, 100)),
    (DEVICE_MODE, Field(MODE, U8, convert=MODES.get)),
    (0x0206, Field(choice("device_function", FUNCTIONS), U8, convert=FUNCTIONS.get)),
    (
        0xE001,
        Field(choice("low_current_mode", LOW_CURRENT_MODES), U8, convert=LOW_CURRENT_MODES.get),
    ),
    (0xE002, Field(measurement("night_mode_time_left", Kind.DURATION), U32)),
    (0xEDCB, Field(setting("low_current_limit", Kind.CURRENT), U16, 10)),
    (0x2001, Field(measurement("voltage_setpoint", Kind.VOLTAGE), U16, 100)),
    (0x2007, Field(measurement("time_in_state", Kind.DURATION), U32, 1000)),
)

_RATINGS: tuple[tuple[int, Field], ...] = (
    (0x0143, Field("capabilities_4", U32, full_range=True)),
    (0xEDDE, Field("outputs", U8)),
    (0xEDDF, Field(setting("rated_current", Kind.CURRENT), U16, 10)),
    (0xEDC8, Field(setting("lowest_charge_current", Kind.CURRENT), U16, 10)),
    (0x2211, Field(setting("lowest_voltage", Kind.VOLTAGE), U16, 100)),
    (0x2212, Field(setting("highest_voltage", Kind.VOLTAGE), U16, 100)),
)


def _totals(ending: str) -> tuple[Field, ...]:
    """Return the fields of a record of totals: since ever, or since the user cleared them."""
    charged = "charged" if not ending else counter(f"charged{ending}", Kind.CHARGE)
    return (
        Field("", U8),
        Field(counter(f"operation_time{ending}", Kind.DURATION), U32),
        Field(charged, U32, 10),
        Field(counter(f"cycles_started{ending}", Kind.COUNT), U32),
        Field(counter(f"cycles_completed{ending}", Kind.COUNT), U32),
        Field(counter(f"power_ups{ending}", Kind.COUNT), U32),
        Field(counter(f"deep_discharges{ending}", Kind.COUNT), U32),
    )


_STAGES = ("bulk", "absorption", "recondition", "float", "storage")
_CYCLE = (
    Field("", U8),
    Field("", U32),
    *(Field(measurement(f"cycle_{stage}_time", Kind.DURATION), U32) for stage in _STAGES),
    *(Field(measurement(f"cycle_{stage}_charge", Kind.CHARGE), U32, 10) for stage in _STAGES),
    Field(measurement("cycle_start_voltage", Kind.VOLTAGE), U16, 100),
    Field("", U16),
    Field("", U8),
    Field("", U8),
    Field("", U8),
)

_HISTORY: tuple[Register, ...] = (
    Register(0x1042, Tier.SETTING, _totals("")),
    Register(0x1043, Tier.SETTING, _totals("_since_clear")),
    Register(0x1070, Tier.SETTING, _CYCLE),
)

_UNASKED: tuple[tuple[int, Field], ...] = (
    (0xED8D, Field("voltage", S16, 100)),
    (0xED8F, Field("current", S16, 10)),
    (0xEDD7, Field("current", S16, 10)),
    (0x2009, Field("network_error", U8)),
    (0x200A, Field(measurement("network_battery_current", Kind.CURRENT), S32, 1000)),
    (0x200E, Field("network_mode", U8, full_range=True)),
)


REGISTERS = Registers(
    *IDENTITY,
    *each(Tier.IDENTITY, _RATINGS),
    *each(Tier.MEASUREMENT, _ASKED_OFTEN),
    *_HISTORY,
    *each(Tier.SETTING, _ASKED_SELDOM),
    *each(Tier.UNASKED, _UNASKED),
)
