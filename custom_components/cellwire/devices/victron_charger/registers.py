"""The registers of the chargers.

Source: docs/devices/victron_charger.md, "Registers".
"""

from ..model import Kind, Quantity, Role
from .codes import OFF_REASON_KEYS, off_reason
from .register import S16, S32, U8, U16, U32, Field, Register, Tier

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


def _setting(key: str, kind: Kind, *, common: bool = False) -> Quantity:
    return Quantity(key=key, kind=kind, role=Role.SETTING, common=common)


def _choice(key: str, words: dict[int, str]) -> Quantity:
    choices = tuple(dict.fromkeys(words.values()))
    return Quantity(key=key, kind=Kind.CHOICE, role=Role.SETTING, choices=choices)


def _measured(key: str, kind: Kind) -> Quantity:
    return Quantity(key=key, kind=kind, role=Role.MEASUREMENT)


def _counter(key: str, kind: Kind) -> Quantity:
    return Quantity(key=key, kind=kind, role=Role.COUNTER)


MODE = _choice("device_mode", MODES)
RELAY = _setting("relay", Kind.FLAG)
OFF_REASON = Quantity(
    key="off_reason",
    kind=Kind.CHOICE,
    role=Role.MEASUREMENT,
    choices=OFF_REASON_KEYS,
    common=True,
)

_ASKED_OFTEN: tuple[tuple[int, Field], ...] = (
    (0x0201, Field("state", U8, full_range=True)),
    (0x0207, Field(OFF_REASON, U32, convert=off_reason)),
    (0xEDDA, Field("error", U8)),
    (0xEDD5, Field("charger_voltage", U16, 100)),
    (0xED8C, Field("current_fine", S32, 1000)),
    (0xEDDB, Field("internal_temperature", S16, 100)),
    (0xEDEC, Field("battery_temperature", U16, convert=lambda raw: round(raw / 100 - 273.15, 2))),
    (0xEDD4, Field("state_bits", U8, full_range=True)),
    (0x0120, Field(_counter("uptime", Kind.DURATION), U32)),
    (0xEE16, Field(_measured("sense_voltage", Kind.VOLTAGE), U16, 100)),
    # The charger forgets it after a minute, which must not go unnoticed.
    (0x2015, Field(_setting("volatile_current_limit", Kind.CURRENT), U16, 10)),
)

_ASKED_SELDOM: tuple[tuple[int, Field], ...] = (
    (0xEDF0, Field(_setting("charge_current_limit", Kind.CURRENT, common=True), U16, 10)),
    (
        0xEDF1,
        Field(
            _choice("battery_type", BATTERY_TYPES), U8, convert=BATTERY_TYPES.get, full_range=True
        ),
    ),
    (0xEDF2, Field(_setting("temperature_compensation", Kind.COMPENSATION), S16, 100)),
    (0xEDF4, Field(_setting("recondition_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF5, Field(_setting("storage_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF6, Field(_setting("float_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF7, Field(_setting("absorption_voltage", Kind.VOLTAGE), U16, 100)),
    (0xEDF8, Field(_setting("repeated_absorption_interval", Kind.DURATION), U16, 100, DAY)),
    (0xEDF9, Field(_setting("repeated_absorption_duration", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFA, Field(_setting("float_time_limit", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFB, Field(_setting("absorption_time_limit", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFC, Field(_setting("bulk_time_limit", Kind.DURATION), U16, 100, HOUR)),
    (0xEDFD, Field(_setting("automatic_recondition", Kind.FLAG), U8, convert=bool)),
    (0xEDFE, Field(_setting("adaptive_mode", Kind.FLAG), U8, convert=bool)),
    (0xEDFF, Field(_setting("battery_safe_mode", Kind.FLAG), U8, convert=bool)),
    (0xED2E, Field(_setting("rebulk_voltage_offset", Kind.VOLTAGE), U16, 100)),
    (0xEDE0, Field(_setting("low_temperature_level", Kind.TEMPERATURE), S16, 100)),
    (0xEDE1, Field(_setting("rebulk_current", Kind.CURRENT), U16, 10)),
    (0xEDE6, Field(_setting("low_temperature_current", Kind.CURRENT), U16, 10)),
    (0xEDE7, Field(_setting("tail_current", Kind.CURRENT), U16, 10)),
    (0xEE17, Field(_choice("rebulk_method", REBULK_METHODS), U8, convert=REBULK_METHODS.get)),
    (0xEDE9, Field(_setting("power_supply_voltage", Kind.VOLTAGE), U16, 100)),
    (0x0200, Field(MODE, U8, convert=MODES.get)),
    (0x0206, Field(_choice("device_function", FUNCTIONS), U8, convert=FUNCTIONS.get)),
    (
        0xE001,
        Field(_choice("low_current_mode", LOW_CURRENT_MODES), U8, convert=LOW_CURRENT_MODES.get),
    ),
    (0xE002, Field(_measured("night_mode_time_left", Kind.DURATION), U32)),
    (0xEDCB, Field(_setting("low_current_limit", Kind.CURRENT), U16, 10)),
    (0x2001, Field(_measured("voltage_setpoint", Kind.VOLTAGE), U16, 100)),
    (0x2007, Field(_measured("time_in_state", Kind.DURATION), U32, 1000)),
)

_IDENTITY: tuple[Register, ...] = (
    Register(0x0100, Tier.IDENTITY, (Field("", U8), Field("product", U16), Field("", U8))),
    Register(0x010A, Tier.IDENTITY, text="serial"),
    Register(
        0x0102, Tier.IDENTITY, (Field("firmware", U32, convert=lambda raw: version_text(raw >> 8)),)
    ),
    Register(0x010B, Tier.IDENTITY, text="model"),
    Register(0x0140, Tier.IDENTITY, (Field("capabilities", U32, full_range=True),)),
    Register(0x0143, Tier.IDENTITY, (Field("capabilities_4", U32, full_range=True),)),
    Register(0xEDDE, Tier.IDENTITY, (Field("outputs", U8),)),
    Register(0xEDDF, Tier.IDENTITY, (Field(_setting("rated_current", Kind.CURRENT), U16, 10),)),
    Register(
        0xEDC8, Tier.IDENTITY, (Field(_setting("lowest_charge_current", Kind.CURRENT), U16, 10),)
    ),
    Register(0x2211, Tier.IDENTITY, (Field(_setting("lowest_voltage", Kind.VOLTAGE), U16, 100),)),
    Register(0x2212, Tier.IDENTITY, (Field(_setting("highest_voltage", Kind.VOLTAGE), U16, 100),)),
)


def version_text(number: int) -> str:
    """Write a 24-bit version as Victron does: `3.42`, with the number of a beta behind it."""
    major, minor, beta = number >> 16, number >> 8 & 0xFF, number & 0xFF
    release = f"{major:X}.{minor:02X}"
    return release if beta == 0xFF else f"{release}-beta-{beta:02X}"


def _totals(ending: str) -> tuple[Field, ...]:
    """Return the fields of a record of totals: since ever, or since the user cleared them."""
    charged = "charged" if not ending else _counter(f"charged{ending}", Kind.CHARGE)
    return (
        Field("", U8),
        Field(_counter(f"operation_time{ending}", Kind.DURATION), U32),
        Field(charged, U32, 10),
        Field(_counter(f"cycles_started{ending}", Kind.COUNT), U32),
        Field(_counter(f"cycles_completed{ending}", Kind.COUNT), U32),
        Field(_counter(f"power_ups{ending}", Kind.COUNT), U32),
        Field(_counter(f"deep_discharges{ending}", Kind.COUNT), U32),
    )


_STAGES = ("bulk", "absorption", "recondition", "float", "storage")
_CYCLE = (
    Field("", U8),
    Field("", U32),
    *(Field(_measured(f"cycle_{stage}_time", Kind.DURATION), U32) for stage in _STAGES),
    *(Field(_measured(f"cycle_{stage}_charge", Kind.CHARGE), U32, 10) for stage in _STAGES),
    Field(_measured("cycle_start_voltage", Kind.VOLTAGE), U16, 100),
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
    (0xED8D, Field("output_voltage", S16, 100)),
    (0xED8F, Field("current", S16, 10)),
    (0xEDD7, Field("current", S16, 10)),
    (0x2009, Field("network_error", U8)),
    (0x200A, Field(_measured("network_battery_current", Kind.CURRENT), S32, 1000)),
    (0x200E, Field("network_mode", U8, full_range=True)),
)


def _each(tier: Tier, rows: tuple[tuple[int, Field], ...]) -> tuple[Register, ...]:
    return tuple(Register(number, tier, (field,)) for number, field in rows)


REGISTERS: dict[int, Register] = {
    register.number: register
    for register in (
        *_IDENTITY,
        *_each(Tier.MEASUREMENT, _ASKED_OFTEN),
        *_HISTORY,
        *_each(Tier.SETTING, _ASKED_SELDOM),
        *_each(Tier.UNASKED, _UNASKED),
    )
}

QUANTITIES: tuple[Quantity, ...] = tuple(
    field.target
    for register in REGISTERS.values()
    for field in register.fields
    if isinstance(field.target, Quantity)
)
