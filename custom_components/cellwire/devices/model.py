"""The words that every family speaks: what a unit is, and what it said at one moment.

Signs: current and power are positive into the battery. Units: V, A, W, Ah, Wh, °C, mΩ, %, s.
A field that was not reported is None (or an empty tuple), never an older value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

# Below this a current is noise of the shunt, and the battery rests.
RESTING_CURRENT = 0.05


class Status(StrEnum):
    """What a unit is doing. Chargers name their stage, batteries the way the current flows.

    The stages carry the names that Home Assistant's own `victron_ble` uses for them.
    """

    IDLE = "idle"
    CHARGING = "charging"
    DISCHARGING = "discharging"
    OFF = "off"
    LOW_POWER = "low_power"
    FAULT = "fault"
    BULK = "bulk"
    ABSORPTION = "absorption"
    FLOAT = "float"
    STORAGE = "storage"
    EQUALIZE_MANUAL = "equalize_manual"
    INVERTING = "inverting"
    POWER_SUPPLY = "power_supply"
    SUSTAIN = "sustain"
    STARTING_UP = "starting_up"
    REPEATED_ABSORPTION = "repeated_absorption"
    RECONDITION = "recondition"
    BATTERY_SAFE = "battery_safe"
    ACTIVE = "active"
    BLOCKED = "blocked"
    PREPARING = "preparing"
    BALANCING = "balancing"
    STOPPED = "stopped"
    DONE = "done"
    EXTERNAL_CONTROL = "external_control"


BATTERY_STATUSES = (Status.IDLE, Status.CHARGING, Status.DISCHARGING)

NO_ERROR = "no_error"
NO_ALARM = "no_alarm"


class Severity(StrEnum):
    """How much an alarm matters. Only warnings and faults make a unit a problem."""

    INFO = "info"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One condition that a unit can report; `key` names it in the translations."""

    key: str
    severity: Severity = Severity.FAULT


class Kind(StrEnum):
    """What sort of number or word a quantity is. It decides unit, precision and display."""

    VOLTAGE = "voltage"  # V
    CURRENT = "current"  # A
    POWER = "power"  # W
    TEMPERATURE = "temperature"  # °C
    TEMPERATURE_DIFFERENCE = "temperature_difference"  # K
    DURATION = "duration"  # s
    CHARGE = "charge"  # Ah
    STORED_ENERGY = "stored_energy"  # Wh, what is left in a battery
    RESISTANCE = "resistance"  # mΩ
    COMPENSATION = "compensation"  # mV per K
    PERCENTAGE = "percentage"  # %
    COUNT = "count"
    FLAG = "flag"
    CHOICE = "choice"
    TEXT = "text"


class Role(StrEnum):
    """What a quantity is for."""

    MEASUREMENT = "measurement"  # changes by itself, worth a graph
    COUNTER = "counter"  # only grows, but for a reset
    SETTING = "setting"  # changes when somebody changes it


type Value = float | int | bool | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A value that a family has beyond the common fields of a reading.

    `key` names it in the translations; `number` tells equal ones apart (output 2, output 3).
    `choices` are the words of a Kind.CHOICE. What is not `common` is hidden until asked for.
    """

    key: str
    kind: Kind
    role: Role
    number: int | None = None
    choices: tuple[str, ...] = ()
    common: bool = False

    @property
    def id(self) -> str:
        """The name of its value in `Reading.values`."""
        return self.key if self.number is None else f"{self.key}_{self.number}"


def _output(key: str, kind: Kind, number: int) -> Quantity:
    return Quantity(key=key, kind=kind, role=Role.MEASUREMENT, number=number, common=True)


# Voltage and current of further outputs of a charger. The first ones are those of the reading.
OUTPUTS = {
    number: (
        _output("output_voltage", Kind.VOLTAGE, number),
        _output("output_current", Kind.CURRENT, number),
    )
    for number in (2, 3)
}
_FURTHER_OUTPUTS = tuple((volts.id, amperes.id) for volts, amperes in OUTPUTS.values())
# The current without its direction, of a battery that does not always tell that.
CURRENT_MAGNITUDE = Quantity(key="current_magnitude", kind=Kind.CURRENT, role=Role.MEASUREMENT)


class UnitKind(StrEnum):
    """What a unit is to its owner."""

    BATTERY = "battery"
    CHARGER = "charger"
    CHANNEL = "channel"  # an output of a charger that has several
    BANK = "bank"  # packs side by side, taken as one battery


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A part of a device with readings of its own, and all that it can say.

    `key` is stable for the life of an entry; `label` tells it from its siblings on one bus, and
    `via` is the key of the unit that it is a part of. `events` are the kinds of what may happen
    to it. `lasting_errors` are those of its errors that stay until a person does something.
    """

    key: str
    kind: UnitKind
    manufacturer: str
    model: str | None = None
    label: str | None = None
    via: str | None = None
    serial: str | None = None
    firmware: str | None = None
    hardware: str | None = None
    statuses: tuple[Status, ...] = ()
    errors: tuple[str, ...] = ()
    lasting_errors: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    events: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one unit measured at one moment, and what follows from that.

    Per-cell tuples begin with cell 1; None stands for a cell that is not connected or whose
    value was refused. `at` is the monotonic clock in seconds and takes no part in comparisons.
    What follows from them is worked out once.
    """

    at: float = field(compare=False)
    status: Status | None = None

    voltage: float | None = None
    current: float | None = None
    input_voltage: float | None = None

    soc: float | None = None
    soh: float | None = None
    remaining_capacity: float | None = None
    full_capacity: float | None = None
    design_capacity: float | None = None
    # Counted here (watching/energy.py) for a battery that does not tell them.
    cycles: int | None = None

    cell_voltages: tuple[float | None, ...] = ()
    cell_resistances: tuple[float | None, ...] = ()
    wire_resistances: tuple[float | None, ...] = ()
    cells_balancing: tuple[bool | None, ...] = ()
    balancing: bool | None = None
    balance_current: float | None = None

    # By place ("mosfet", "battery", "internal" ...) or by the number of the probe ("1", "2" ...).
    temperatures: Mapping[str, float | None] = field(default_factory=dict)

    charge_mosfet: bool | None = None
    discharge_mosfet: bool | None = None

    # Keys of the active alarms; None when this unit did not say. One error code at a time.
    alarms: frozenset[str] | None = None
    error: str | None = None

    # Counters of the device and the time that its program has run.
    charged: float | None = None
    discharged: float | None = None
    energy_charged: float | None = None
    energy_discharged: float | None = None
    program_time: float | None = None

    # Counted here (watching/energy.py) for each unit that has power or current, and foretold
    # from that.
    energy_in: float | None = None
    energy_out: float | None = None
    charge_in: float | None = None
    charge_out: float | None = None
    time_to_full: float | None = None
    time_to_empty: float | None = None

    # What the unit declared as its quantities, by their id.
    values: Mapping[str, Value] = field(default_factory=dict)
    # Codes as they came, for diagnostics.
    raw: Mapping[str, int | str] = field(default_factory=dict)

    def but(self, **changes: Any) -> Self:
        """Return this with some fields changed, and nothing kept that was worked out before.

        `dataclasses.replace` sets each field by a call of its own, which takes longer than all
        that watchers do with a reading.
        """
        mine = self.__dict__
        copy = object.__new__(type(self))
        copy.__dict__.update({name: mine[name] for name in self.__dataclass_fields__}, **changes)
        return copy

    def joined(self, parts: Mapping[str, Reading]) -> Reading:  # noqa: ARG002
        """Return this as it follows from other readings of the units that it is made of.

        `parts` are by the key of the unit. Most readings are made of nothing else.
        """
        return self

    @cached_property
    def power(self) -> float | None:
        """Power into the battery in W: voltage times current, further outputs included."""
        if self.voltage is None or self.current is None:
            return None
        power = self.voltage * self.current
        for volts, amperes in _FURTHER_OUTPUTS:
            voltage, current = self.values.get(volts), self.values.get(amperes)
            if isinstance(voltage, int | float) and isinstance(current, int | float):
                power += voltage * current
        return round(power, 2)

    @property
    def charging(self) -> bool | None:
        """Whether current flows into the battery."""
        return None if self.current is None else self.current >= RESTING_CURRENT

    @cached_property
    def cell_voltage_min(self) -> float | None:
        """Voltage of the lowest cell in V."""
        return min((v for v in self.cell_voltages if v is not None), default=None)

    @cached_property
    def cell_voltage_max(self) -> float | None:
        """Voltage of the highest cell in V."""
        return max((v for v in self.cell_voltages if v is not None), default=None)

    @cached_property
    def cell_min_number(self) -> int | None:
        """Number of the lowest cell, the first of equals, counted from 1."""
        lowest = self.cell_voltage_min
        return None if lowest is None else self.cell_voltages.index(lowest) + 1

    @cached_property
    def cell_max_number(self) -> int | None:
        """Number of the highest cell, the first of equals, counted from 1."""
        highest = self.cell_voltage_max
        return None if highest is None else self.cell_voltages.index(highest) + 1

    @cached_property
    def cell_min_pack(self) -> str | None:
        """Label of the pack with the lowest cell, where there are several packs."""
        return None

    @cached_property
    def cell_max_pack(self) -> str | None:
        """Label of the pack with the highest cell, where there are several packs."""
        return None

    @cached_property
    def cell_voltage_delta(self) -> float | None:
        """Difference of the highest and the lowest cell in V."""
        lowest, highest = self.cell_voltage_min, self.cell_voltage_max
        return None if lowest is None or highest is None else round(highest - lowest, 6)

    @cached_property
    def cell_voltage_average(self) -> float | None:
        """Mean voltage of the connected cells in V."""
        present = [v for v in self.cell_voltages if v is not None]
        return round(sum(present) / len(present), 3) if present else None


def total_voltage(cells: Iterable[float | None]) -> float | None:
    """Add up the connected cells in V, for a battery that does not measure its voltage."""
    present = [v for v in cells if v is not None]
    return round(sum(present), 3) if present else None


def activity(current: float | None) -> Status | None:
    """Name what a battery does by its current in A."""
    if current is None:
        return None
    if abs(current) < RESTING_CURRENT:
        return Status.IDLE
    return Status.CHARGING if current > 0 else Status.DISCHARGING


def worst_alarm(unit: Unit, active: frozenset[str] | None) -> str | None:
    """Return the key of the active alarm that matters most, in the unit's own order.

    NO_ALARM when none is active; None when the unit did not say.
    """
    if active is None:
        return None
    for severity in (Severity.FAULT, Severity.WARNING, Severity.INFO):
        for alarm in unit.alarms:
            if alarm.severity is severity and alarm.key in active:
                return alarm.key
    return NO_ALARM


def has_problem(unit: Unit, reading: Reading) -> bool | None:
    """Tell whether a person should look after this unit; None when it did not say."""
    if reading.alarms is None and reading.error is None:
        return None
    return (reading.error or NO_ERROR) != NO_ERROR or any(
        alarm.key in (reading.alarms or ()) and alarm.severity is not Severity.INFO
        for alarm in unit.alarms
    )
