"""The settings of old DUOs that may be changed, with their limits.

Source: docs/devices/icharger.md, "Settings that can be changed".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import Refused
from ..model import Quantity, Value
from . import system
from .info import Info
from .models import Layout, Model, Ratings
from .system import OLD_DUO

LENGTHS = (118, 120)
# What is on or off.
TOGGLES = system.BEEPS_ENABLED


@dataclass(frozen=True, slots=True)
class Limits:
    """A setting that is a number: from, to, and in which steps, in the unit of its kind."""

    quantity: Quantity
    minimum: float
    maximum: float
    step: float


def may_adjust(model: Model, about: Info) -> bool:
    """Tell whether the settings of a charger may be written: a known model and layout."""
    is_known = model.layout is Layout.OLD_DUO and model.ratings is not None
    return is_known and about.system_length in LENGTHS


def numbers(ratings: Ratings) -> tuple[Limits, ...]:
    """List the settings that are numbers, with the limits of a model."""
    return (
        *(Limits(each, 5, ratings.charge_power, 1) for each in system.CHARGE_POWER),
        Limits(system.INPUT_CURRENT, 1, ratings.input_current, 0.1),
        Limits(system.FAN_ON, 30, 50, 0.1),
        *(Limits(each, 0, 10, 1) for each in system.BEEP_VOLUMES),
    )


def adjusted(
    registers: Sequence[int], wishes: Mapping[str, Value], control: str
) -> tuple[int, ...]:
    """Return the block with other settings, and every other register as it was.

    Raises Refused where the block has no place for a wish.
    """
    places = {key: (register, scale) for key, register, scale in _places(registers)}
    block = list(registers)
    for key, wish in wishes.items():
        if key not in places:
            raise Refused(control, "not_offered")
        register, scale = places[key]
        block[register] = round(float(wish or 0) / scale)
    return tuple(block)


def _places(registers: Sequence[int]) -> Iterator[tuple[str, int, float]]:
    """Name the register of each setting; the limits of the input are those of its source."""
    for field in OLD_DUO.fields:
        yield field.quantity.id, field.register, field.scale
    sources = OLD_DUO.sources
    number = registers[sources.chosen.register]
    if number < len(sources.chosen.quantity.choices):
        first = sources.first + number * sources.size
        for field in sources.fields:
            yield field.quantity.id, first + field.register, field.scale
