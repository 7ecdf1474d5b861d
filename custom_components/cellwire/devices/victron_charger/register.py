"""How a register is described and decoded. The table itself is in registers.py."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import struct

from ..model import Quantity, Value

# Codes of struct, and what each uses for "not available".
U8, U16, S16, U32, S32 = "B", "H", "h", "I", "i"
_NOTHING = {U8: 0xFF, U16: 0xFFFF, S16: 0x7FFF, U32: 0xFFFFFFFF, S32: 0x7FFFFFFF}


class Tier(StrEnum):
    """How often a register is asked for."""

    IDENTITY = "identity"  # once for each connection
    MEASUREMENT = "measurement"
    SETTING = "setting"
    UNASKED = "unasked"  # only taken when the charger sends it by itself


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


@dataclass(frozen=True, slots=True)
class Register:
    """One register: its number, when to ask for it, and what it holds."""

    number: int
    tier: Tier
    fields: tuple[Field, ...] = ()
    # The name of a text that fills the whole register, instead of fields.
    text: str | None = None

    def decode(self, data: bytes) -> dict[str, Value] | None:
        """Decode a value; None if it does not have the size that is known."""
        if self.text:
            return {self.text: data.split(b"\0", 1)[0].decode(errors="replace").strip() or None}
        layout = "<" + "".join(field.code for field in self.fields)
        if struct.calcsize(layout) != len(data):
            return None
        return {
            field.name: field.value(raw)
            for field, raw in zip(self.fields, struct.unpack(layout, data), strict=True)
            if field.target
        }
