"""The settings of the charger, as far as they matter to its owner.

Source: docs/devices/icharger.md, "Settings". Inside a block everything is one table; which block
a charger has follows from the length that it states.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Kind, Quantity, Role, Value
from .models import LAYOUTS, Layout, Model

ADDRESS = 0x8400

# Larger numbers come from a layout that is not the known one. Above the highest ratings and limits
# of any model (docs, "Ratings" and "Settings"), with room (our choice): what is set, not measured.
MOST: dict[Kind, float] = {
    Kind.TEMPERATURE: 150,
    Kind.TEMPERATURE_DIFFERENCE: 100,
    Kind.VOLTAGE: 100,
    Kind.CURRENT: 150,
    Kind.POWER: 6000,
    Kind.DURATION: 3600,
    Kind.COUNT: 100,
}


def _setting(
    key: str, kind: Kind, number: int | None = None, choices: tuple[str, ...] = ()
) -> Quantity:
    return Quantity(key=key, kind=kind, role=Role.SETTING, number=number, choices=choices)


@dataclass(frozen=True, slots=True)
class Field:
    """A setting in a register, in units of `scale`."""

    register: int
    quantity: Quantity
    scale: float = 1

    def value(self, raw: int) -> Value:
        """Decode a register; None for what the setting can't be."""
        match self.quantity.kind:
            case Kind.FLAG:
                return bool(raw) if raw <= 1 else None
            case Kind.CHOICE:
                choices = self.quantity.choices
                return choices[raw] if raw < len(choices) else None
            case kind:
                number = round(raw * self.scale, 1)
                return number if number <= MOST[kind] else None


@dataclass(frozen=True, slots=True)
class Sources:
    """The settings of each power source, one of which is chosen.

    `fields` are counted from the beginning of a source.
    """

    chosen: Field
    first: int
    size: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A layout of the settings."""

    fields: tuple[Field, ...]
    sources: Sources

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What a charger with such a block can say."""
        fields = (*self.fields, self.sources.chosen, *self.sources.fields)
        return tuple(field.quantity for field in fields)

    def values(self, registers: Sequence[int]) -> dict[str, Value]:
        """Decode the block: its settings, and those of the source that is chosen."""
        chosen, sources = self.sources.chosen, self.sources
        values = {
            field.quantity.id: field.value(registers[field.register]) for field in self.fields
        }
        number = registers[chosen.register]
        values[chosen.quantity.id] = chosen.value(number)
        if number < len(chosen.quantity.choices):
            first = sources.first + number * sources.size
            values |= {
                field.quantity.id: field.value(registers[first + field.register])
                for field in sources.fields
            }
        return values


CUT_OFF = _setting("cut_off_temperature", Kind.TEMPERATURE)
FAN_ON = _setting("fan_on_temperature", Kind.TEMPERATURE)
POWER_REDUCE = _setting("power_reduce_distance", Kind.TEMPERATURE_DIFFERENCE)
FAN_OFF_DELAY = _setting("fan_off_delay", Kind.DURATION)
BEEP_DONE_LENGTH = _setting(
    "beep_done_length",
    Kind.CHOICE,
    choices=("five_times", "half_a_minute", "three_minutes", "always"),
)
BEEPS = ("key", "hint", "alarm", "done")
BEEPS_ENABLED = tuple(_setting(f"beep_{beep}", Kind.FLAG) for beep in BEEPS)
BEEP_VOLUMES = tuple(_setting(f"beep_{beep}_volume", Kind.COUNT) for beep in BEEPS)

SUPPLY = _setting("input_source", Kind.CHOICE, choices=("dc_supply", "battery"))
PROFILE = _setting(
    "input_source", Kind.CHOICE, choices=("profile_1", "profile_2", "profile_3", "profile_4")
)
INPUT_LOW = _setting("input_voltage_low_limit", Kind.VOLTAGE)
INPUT_HIGH = _setting("input_voltage_high_limit", Kind.VOLTAGE)
INPUT_CURRENT = _setting("input_current_limit", Kind.CURRENT)
REGENERATION = _setting("regeneration", Kind.FLAG)
REGENERATION_VOLTAGE = _setting("regeneration_voltage_limit", Kind.VOLTAGE)
REGENERATION_CURRENT = _setting("regeneration_current_limit", Kind.CURRENT)
REGENERATION_POWER = _setting("regeneration_power_limit", Kind.POWER)
CHARGE_POWER = tuple(_setting("charge_power_limit", Kind.POWER, number) for number in (1, 2))
DISCHARGE_POWER = tuple(_setting("discharge_power_limit", Kind.POWER, number) for number in (1, 2))
PRIORITY = _setting("power_priority", Kind.CHOICE, choices=("shared", "channel_1", "channel_2"))

_TEMPERATURES = (Field(1, CUT_OFF, 0.1), Field(2, FAN_ON, 0.1), Field(3, POWER_REDUCE, 0.1))


def _beeper(first: int) -> tuple[Field, ...]:
    """Return the fields of the beeper: four kinds, four switches, four volumes, from `first` on."""
    return (
        Field(first + 3, BEEP_DONE_LENGTH),
        *(Field(at, quantity) for at, quantity in enumerate(BEEPS_ENABLED, first + 4)),
        *(Field(at, quantity) for at, quantity in enumerate(BEEP_VOLUMES, first + 8)),
    )


def _profiles(chosen: int, *more: Field) -> Sources:
    """Return the four power sources of the newer layouts, behind the number of the chosen one."""
    return Sources(
        chosen=Field(chosen, PROFILE),
        first=chosen + 1,
        size=9,
        fields=(
            Field(0, INPUT_LOW, 0.1),
            Field(1, INPUT_CURRENT, 0.1),
            Field(3, REGENERATION),
            Field(4, REGENERATION_VOLTAGE, 0.1),
            Field(5, REGENERATION_CURRENT, 0.1),
            Field(6, REGENERATION_POWER),
            *more,
        ),
    )


OLD_DUO = Block(
    fields=(
        *_TEMPERATURES,
        Field(5, FAN_OFF_DELAY, 60),
        *_beeper(9),
        Field(31, REGENERATION),
        Field(32, REGENERATION_VOLTAGE, 0.1),
        Field(33, REGENERATION_CURRENT, 0.1),
        Field(34, CHARGE_POWER[0]),
        Field(35, CHARGE_POWER[1]),
        Field(36, DISCHARGE_POWER[0]),
        Field(37, DISCHARGE_POWER[1]),
        Field(38, PRIORITY),
    ),
    sources=Sources(
        chosen=Field(24, SUPPLY),
        first=25,
        size=3,
        fields=(
            Field(0, INPUT_LOW, 0.1),
            Field(1, INPUT_HIGH, 0.1),
            Field(2, INPUT_CURRENT, 0.1),
        ),
    ),
)
X = Block(
    fields=(
        *_TEMPERATURES,
        Field(4, FAN_OFF_DELAY, 60),
        *_beeper(7),
        Field(59, DISCHARGE_POWER[0]),
    ),
    sources=_profiles(22, Field(2, CHARGE_POWER[0])),
)
DX = Block(
    fields=(
        *_TEMPERATURES,
        Field(5, FAN_OFF_DELAY, 60),
        *_beeper(8),
        Field(60, CHARGE_POWER[0]),
        Field(61, CHARGE_POWER[1]),
        Field(62, DISCHARGE_POWER[0]),
        Field(63, DISCHARGE_POWER[1]),
        Field(64, PRIORITY),
    ),
    sources=_profiles(23),
)
_BLOCKS = {Layout.OLD_DUO: OLD_DUO, Layout.X: X, Layout.DX: DX}


def block_of(model: Model, length: int) -> Block | None:
    """Return the layout of settings of so many bytes.

    None if the length is not known, and where it is that of another layout than the model has: an
    S6 was seen to state the length of an old DUO.
    """
    layout = LAYOUTS.get(length)
    return _BLOCKS[layout] if layout and layout is model.layout else None
