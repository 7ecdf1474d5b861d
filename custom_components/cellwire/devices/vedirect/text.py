"""What the labels of text blocks mean, and what they said last.

Source: docs/vedirect.md, "Text blocks".
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import override

from ..model import Quantity, Value
from .register import version_text
from .samples import NO_SAMPLE, Said, Sample

# Text comes every second or two; what is older is of a device that fell silent. In seconds.
TEXT_AGE = 10.0


def number(text: str | None) -> int | None:
    """Read a decimal or 0x number of a text field; None for `---` and anything else."""
    text = text or ""
    try:
        return int(text, 16 if text[:2].lower() == "0x" else 10)
    except ValueError:
        return None


def thousandths(text: str) -> float | None:
    """Read mV or mA as V or A."""
    raw = number(text)
    return None if raw is None else raw / 1000


def switch(text: str) -> bool | None:
    """Read ON or OFF, whose case does not matter."""
    return {"ON": True, "OFF": False}.get(text.upper())


def long_version(text: str) -> str | None:
    """Read a firmware version of 24 bits."""
    try:
        return version_text(int(text, 16))
    except ValueError:
        return None


def short_version(text: str) -> str | None:
    """Read a firmware version of 16 bits; a letter in front marks a release candidate."""
    try:
        return version_text(int(text.lstrip("ABCDEFabcdef"), 16) << 8 | 0xFF)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class TextField:
    """What a label stands for, a quantity or a name that the reading knows, and how it is read."""

    target: Quantity | str
    read: Callable[[str], Value]

    @property
    def name(self) -> str:
        """The name of the value."""
        return self.target.id if isinstance(self.target, Quantity) else self.target


# By these every product tells what it is.
IDENTITY: dict[str, TextField] = {
    "PID": TextField("product", number),
    "SER#": TextField("serial", lambda text: text or None),
    "FW": TextField("firmware", short_version),
    "FWE": TextField("firmware", long_version),
}


class Text(Said):
    """What text blocks said last, by the names of the table, each for as long as text lives.

    Products that tell much do so in several blocks by turns, so a value ages by itself and not
    with the block that came last.
    """

    def __init__(self, fields: Mapping[str, TextField]) -> None:
        """Know nothing; `fields` says what the labels mean."""
        self._fields = fields
        self._labels: dict[str, tuple[str, ...]] = {}
        for label, field in fields.items():
            self._labels[field.name] = (*self._labels.get(field.name, ()), label)
        targets = [field.target for field in fields.values()]
        self._quantities = tuple(each.id for each in targets if isinstance(each, Quantity))
        self._raw: dict[str, str] = {}
        self._values: dict[str, Value] = {}
        self._at: dict[str, float] = {}

    @property
    def labels(self) -> Collection[str]:
        """All labels that ever came."""
        return self._raw.keys()

    def take(self, fields: Mapping[str, str], at: float) -> None:
        """Take in a block that came at `at` (monotonic seconds). What is repeated is read once."""
        for label, raw in fields.items():
            if self._raw.get(label) != raw:
                self._raw[label] = raw
                if field := self._fields.get(label):
                    self._values[label] = field.read(raw)
            self._at[label] = at

    @override
    def get(self, name: str, now: float) -> Sample:
        newest = NO_SAMPLE
        for label in self._labels.get(name, ()):
            at = self._at.get(label, newest.at)
            if at > newest.at and now - at <= TEXT_AGE:
                newest = Sample(self._values[label], at)
        return newest

    def quantities(self, now: float) -> dict[str, Sample]:
        """Return the samples of all quantities, by their id."""
        return {name: self.get(name, now) for name in self._quantities}

    def unknown(self, now: float) -> dict[str, str]:
        """Return the fields that are in no table, as they came."""
        return {
            label: raw
            for label, raw in self._raw.items()
            if label not in self._fields and now - self._at[label] <= TEXT_AGE
        }
