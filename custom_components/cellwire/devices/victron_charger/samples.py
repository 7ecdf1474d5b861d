"""What text and registers said last, and which of them to believe.

Source: docs/devices/victron_charger.md, "Text fields" and "Text against HEX".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Value
from .register import Tier
from .registers import REGISTERS, version_text

# A block repeats what a frame said up to a second before.
TEXT_LAG = 2.0
# Registers are asked for again and may miss once before they are dropped. In seconds.
AGES = {
    Tier.IDENTITY: float("inf"),
    Tier.MEASUREMENT: 60.0,
    Tier.SETTING: 700.0,
    Tier.UNASKED: 60.0,
}
_TIERS = {field.name: register.tier for register in REGISTERS.values() for field in register.fields}
_NEVER = float("-inf")


def number(text: str | None) -> int | None:
    """Read a decimal or 0x number of a text field; None for `---` and anything else."""
    text = text or ""
    try:
        return int(text, 16 if text[:2].lower() == "0x" else 10)
    except ValueError:
        return None


class Text:
    """A text block, and when it came."""

    def __init__(self, fields: Mapping[str, str], at: float) -> None:
        """Keep the fields of a block; `at` is in monotonic seconds."""
        self.fields = fields
        self.at = at

    def number(self, label: str) -> int | None:
        """Return a field as a number."""
        return number(self.fields.get(label))

    def thousandths(self, label: str) -> float | None:
        """Return a field in mV or mA as V or A."""
        raw = self.number(label)
        return None if raw is None else raw / 1000

    def switch(self, label: str) -> bool | None:
        """Return an ON/OFF field, whose case does not matter."""
        return {"ON": True, "OFF": False}.get(self.fields.get(label, "").upper())

    @property
    def version(self) -> str | None:
        """The firmware: FWE with 24 bits, or FW with 16."""
        try:
            if extended := self.fields.get("FWE"):
                return version_text(int(extended, 16))
            # A letter in front marks a release candidate.
            digits = self.fields["FW"].lstrip("ABCDEFabcdef")
            return version_text(int(digits, 16) << 8 | 0xFF)
        except KeyError, ValueError:
            return None


NO_TEXT = Text({}, _NEVER)


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a register and when it came, in monotonic seconds."""

    value: Value
    at: float

    @property
    def number(self) -> float | None:
        """The value if it is a number."""
        return self.value if isinstance(self.value, int | float) else None


NO_SAMPLE = Sample(None, _NEVER)


class Samples:
    """What the registers said last, each value for as long as its tier allows."""

    def __init__(self) -> None:
        """Know nothing."""
        self._samples: dict[str, Sample] = {}

    def add(self, values: Mapping[str, Value], at: float) -> None:
        """Take in the values of a register."""
        self._samples.update((name, Sample(value, at)) for name, value in values.items())

    def at(self, name: str) -> float:
        """Return when a value came last, in monotonic seconds."""
        return self._samples.get(name, NO_SAMPLE).at

    def knows(self, name: str) -> bool:
        """Tell whether a value ever came, "not available" included."""
        return name in self._samples

    def get(self, name: str, now: float) -> Sample:
        """Return a sample that is not too old at the moment `now`, else NO_SAMPLE."""
        sample = self._samples.get(name, NO_SAMPLE)
        return sample if now - sample.at <= AGES[_TIERS.get(name, Tier.IDENTITY)] else NO_SAMPLE

    def has(self, values: Mapping[str, Value]) -> bool:
        """Tell whether these values are the ones that came last."""
        return all(
            name in self._samples and self._samples[name].value == value
            for name, value in values.items()
        )

    def text(self, name: str) -> str | None:
        """Return a text of the identity."""
        value = self._samples.get(name, NO_SAMPLE).value
        return value if isinstance(value, str) else None

    def quantity(self, name: str) -> float | None:
        """Return a measure of the identity that is above zero."""
        return self._samples.get(name, NO_SAMPLE).number or None

    def integer(self, name: str) -> int | None:
        """Return a number of the identity."""
        value = self._samples.get(name, NO_SAMPLE).value
        return value if isinstance(value, int) else None


def measured(sample: Sample, late: float | None, late_at: float, step: float) -> float | None:
    """Choose between a register and a text field that hold the same quantity.

    The register is finer and the text late, so the register counts unless the text is clearly
    newer and differs by more than its own `step`.
    """
    fine = sample.number
    if fine is None:
        return late
    if late is None or late_at - sample.at < TEXT_LAG or abs(fine - late) <= step:
        return fine
    return late


def code(sample: Sample, late: int | None, late_at: float) -> int | None:
    """Choose between a register and a text field that hold the same code."""
    if not isinstance(sample.value, int):
        return late
    return sample.value if late is None or late_at - sample.at < TEXT_LAG else late
