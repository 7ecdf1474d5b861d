"""How registers are described and decoded, and the few that every product has.

Source: docs/vedirect.md, "Registers of all products".
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
import struct

from ..model import Kind, Quantity, Role, Value

# Codes of struct, and what each uses for "not available".
U8, U16, S16, U32, S32 = "B", "H", "h", "I", "i"
_NOTHING = {U8: 0xFF, U16: 0xFFFF, S16: 0x7FFF, U32: 0xFFFFFFFF, S32: 0x7FFFFFFF}


class Tier(StrEnum):
    """How often a register is asked for."""

    IDENTITY = "identity"  # once for each connection
    MEASUREMENT = "measurement"
    SETTING = "setting"
    UNASKED = "unasked"  # only taken when the device sends it by itself


@dataclass(frozen=True, slots=True)
class Field:
    """A number in a register: what it is, how it is coded, and what becomes of it.

    `target` is a quantity, a name that the reading knows, or "" for what nobody needs. The value
    is `convert(raw)`, else raw times `factor` divided by `divisor`. With `full_range` no number
    means "not available".
    """

    target: Quantity | str
    code: str
    divisor: int = 1
    factor: int = 1
    convert: Callable[[int], Value] | None = None
    full_range: bool = False

    @property
    def name(self) -> str:
        """The name of the value."""
        return self.target.id if isinstance(self.target, Quantity) else self.target

    def value(self, raw: int) -> Value:
        """Give the raw number its meaning."""
        if raw == _NOTHING[self.code] and not self.full_range:
            return None
        if self.convert:
            return self.convert(raw)
        return raw * self.factor if self.divisor == 1 else raw * self.factor / self.divisor


@dataclass(frozen=True)
class Register:
    """One register: its number, when to ask for it, and what it holds."""

    number: int
    tier: Tier
    fields: tuple[Field, ...] = ()
    # The name of a text that fills the whole register, instead of fields.
    text: str | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of its values."""
        return (self.text,) if self.text else tuple(f.name for f in self.fields if f.target)

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities among its values."""
        return tuple(f.target for f in self.fields if isinstance(f.target, Quantity))

    @cached_property
    def _layout(self) -> struct.Struct:
        return struct.Struct("<" + "".join(field.code for field in self.fields))

    def decode(self, data: bytes) -> dict[str, Value] | None:
        """Decode a value; None if it does not have the size that is known."""
        if self.text:
            return {self.text: data.split(b"\0", 1)[0].decode(errors="replace").strip() or None}
        if self._layout.size != len(data):
            return None
        return {
            field.name: field.value(raw)
            for field, raw in zip(self.fields, self._layout.unpack(data), strict=True)
            if field.target
        }


class Registers:
    """The registers of a family, by their number and by the names of what they hold."""

    def __init__(self, *registers: Register) -> None:
        """Make the table; no number comes twice."""
        self.by_number = {register.number: register for register in registers}
        self.holders: dict[str, tuple[int, ...]] = {}
        for register in registers:
            for name in register.names:
                self.holders[name] = (*self.holders.get(name, ()), register.number)
        self.quantities = tuple(each for register in registers for each in register.quantities)
        self.asked = tuple(each for each in registers if each.tier is not Tier.UNASKED)


def choice(key: str, words: dict[int, str]) -> Quantity:
    """Make a setting that is one of several words."""
    choices = tuple(dict.fromkeys(words.values()))
    return Quantity(key=key, kind=Kind.CHOICE, role=Role.SETTING, choices=choices)


def measurement(key: str, kind: Kind) -> Quantity:
    """Make a quantity that changes by itself."""
    return Quantity(key=key, kind=kind, role=Role.MEASUREMENT)


def counter(key: str, kind: Kind) -> Quantity:
    """Make a quantity that only grows."""
    return Quantity(key=key, kind=kind, role=Role.COUNTER)


def each(tier: Tier, rows: tuple[tuple[int, Field], ...]) -> tuple[Register, ...]:
    """Make registers that hold one number each."""
    return tuple(Register(number, tier, (field,)) for number, field in rows)


def version_text(number: int) -> str:
    """Write a 24-bit version as Victron does: `3.42`, with the number of a beta after it."""
    major, minor, beta = number >> 16, number >> 8 & 0xFF, number & 0xFF
    release = f"{major:X}.{minor:02X}"
    return release if beta == 0xFF else f"{release}-beta-{beta:02X}"


PRODUCT, SERIAL_NUMBER, FIRMWARE, MODEL, CAPABILITIES = 0x0100, 0x010A, 0x0102, 0x010B, 0x0140

# By these every product tells what it is.
IDENTITY: tuple[Register, ...] = (
    Register(PRODUCT, Tier.IDENTITY, (Field("", U8), Field("product", U16), Field("", U8))),
    Register(SERIAL_NUMBER, Tier.IDENTITY, text="serial"),
    Register(
        FIRMWARE,
        Tier.IDENTITY,
        (Field("firmware", U32, convert=lambda raw: version_text(raw >> 8)),),
    ),
    Register(MODEL, Tier.IDENTITY, text="model"),
    Register(CAPABILITIES, Tier.IDENTITY, (Field("capabilities", U32, full_range=True),)),
)
