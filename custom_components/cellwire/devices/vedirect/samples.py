"""What registers said last, and whether to believe them or the text.

Source: docs/vedirect.md, "Text against HEX".
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import override

from ..model import Value
from .register import Register, Registers, Tier

# A block repeats what a frame said up to a second before.
TEXT_LAG = 2.0
# Registers are asked for again and may miss once before they are dropped. In seconds.
AGES = {
    Tier.IDENTITY: float("inf"),
    Tier.MEASUREMENT: 60.0,
    Tier.SETTING: 700.0,
    Tier.UNASKED: 60.0,
}
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Sample:
    """A value and when it came, in monotonic seconds."""

    value: Value
    at: float

    @property
    def number(self) -> float | None:
        """The value if it is a number."""
        return self.value if isinstance(self.value, int | float) else None

    @property
    def code(self) -> int | None:
        """The value if it is a whole number."""
        return self.value if isinstance(self.value, int) else None


NO_SAMPLE = Sample(None, _NEVER)


class Said(ABC):
    """What one of the two sources said last, by name."""

    @abstractmethod
    def get(self, name: str, now: float) -> Sample:
        """Return the newest sample that is not too old at the moment `now`, else NO_SAMPLE."""

    def _last(self, name: str) -> Value:
        """Return what came last, however old: for what a device says of itself."""
        return self.get(name, _NEVER).value

    def word(self, name: str) -> str | None:
        """Return a text of the identity."""
        value = self._last(name)
        return value if isinstance(value, str) else None

    def integer(self, name: str) -> int | None:
        """Return a number of the identity."""
        value = self._last(name)
        return value if isinstance(value, int) else None

    def quantity(self, name: str) -> float | None:
        """Return a measure of the identity that is above zero."""
        return self.get(name, _NEVER).number or None


@dataclass(slots=True)
class _Heard:
    """What a register said last, as it came and as it was read."""

    data: bytes
    values: dict[str, Value]
    age: float
    at: float
    # Those of the values that are quantities.
    shown: dict[str, Value] = field(default_factory=dict)


class Samples(Said):
    """What the registers of a family said last, each for as long as its tier allows."""

    def __init__(self, registers: Registers) -> None:
        """Know nothing."""
        self._registers = registers
        self._heard: dict[int, _Heard] = {}
        self._nothing: dict[str, Value] = dict.fromkeys(each.id for each in registers.quantities)

    def repeat(self, register: int, data: bytes, at: float) -> bool:
        """Tell whether a register said the same before; it is as new as this then."""
        heard = self._heard.get(register)
        if heard is None or heard.data != data:
            return False
        heard.at = at
        return True

    def take(self, register: Register, data: bytes, at: float) -> bool:
        """Take in what a register said; False if it does not have the size that is known."""
        if (values := register.decode(data)) is None:
            return False
        shown = {each.id: values[each.id] for each in register.quantities}
        self._heard[register.number] = _Heard(data, values, AGES[register.tier], at, shown)
        return True

    def at(self, register: int) -> float:
        """Return when a register was heard last, in monotonic seconds."""
        heard = self._heard.get(register)
        return heard.at if heard else _NEVER

    def knows(self, name: str) -> bool:
        """Tell whether a value ever came, "not available" included."""
        return any(number in self._heard for number in self._registers.holders[name])

    @override
    def get(self, name: str, now: float) -> Sample:
        newest = NO_SAMPLE
        for number in self._registers.holders.get(name, ()):
            heard = self._heard.get(number)
            if heard and heard.at > newest.at and now - heard.at <= heard.age:
                newest = Sample(heard.values[name], heard.at)
        return newest

    def quantities(self, now: float) -> dict[str, Value]:
        """Return all quantities by their id, None for what is not known or too old."""
        values = self._nothing.copy()
        for heard in self._heard.values():
            if now - heard.at <= heard.age:
                values.update(heard.shown)
        return values


def measured(fine: Sample, late: Sample, step: float) -> float | None:
    """Choose between a register and a text field that hold the same quantity.

    The register is finer and the text late, so the register counts unless the text is clearly
    newer and differs by more than its own `step`.
    """
    exact, rough = fine.number, late.number
    if exact is None or rough is None:
        return rough if exact is None else exact
    return exact if late.at - fine.at < TEXT_LAG or abs(exact - rough) <= step else rough


def newer(fine: Sample, late: Sample) -> Sample:
    """Choose between a register and a text field that hold the same code.

    A text may repeat what was true a second ago, so it counts only when it is clearly newer.
    """
    if fine.value is None or (late.value is not None and late.at - fine.at >= TEXT_LAG):
        return late
    return fine
