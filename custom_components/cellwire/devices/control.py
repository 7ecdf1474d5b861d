"""What can be set or started on a unit. Families declare it, platforms show it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import override

from .errors import Refused
from .model import Kind, Reading, Value


def unknown(_reading: Reading) -> Value:
    """Say nothing of what a control is set to."""
    return None


def at_once() -> AbstractAsyncContextManager[bool]:
    """Let a wish be carried out without waiting."""
    return nullcontext(enter_result=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control(ABC):
    """Something that a person may ask of a unit; `key` names it in the translations.

    `number` tells equal ones apart (power limit 1, power limit 2), as in a quantity.
    `carry_out` writes a wish to the device, reads it back, and raises Refused if the device did
    not take it. Only `Device.apply` calls it. `value` finds in a reading what the control is set
    to now; None if that is not known.

    A `risky` control is hidden until it is asked for: it can leave a house without power. A
    `setting` is something that is set once rather than used. A `wish` writes nothing by itself: it
    is kept until another control needs it. `turn` waits until a wish may be carried out, and gives
    False when a newer one took its place. One that `waits` does so between two things that it does,
    and takes the lock of the device itself, so that others come in.
    """

    key: str
    number: int | None = None
    carry_out: Callable[[Value], Awaitable[None]]
    value: Callable[[Reading], Value] = unknown
    risky: bool = False
    setting: bool = False
    wish: bool = False
    turn: Callable[[], AbstractAsyncContextManager[bool]] = at_once
    waits: bool = False

    @property
    def id(self) -> str:
        """By what it is asked for."""
        return self.key if self.number is None else f"{self.key}_{self.number}"

    @property
    def extent(self) -> tuple[object, ...]:
        """What may be wished for: limits, or choices."""
        return ()

    @abstractmethod
    def check(self, wish: Value) -> None:
        """Raise Refused if the wish is outside what the device allows."""

    def refuse(self, reason: str) -> Refused:
        """Make the error that says why this control was not carried out."""
        return Refused(self.key, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberControl(Control):
    """A number between limits that came from the device, in the unit of its kind."""

    kind: Kind
    minimum: float
    maximum: float
    step: float

    @property
    @override
    def extent(self) -> tuple[object, ...]:
        return self.minimum, self.maximum, self.step

    @override
    def check(self, wish: Value) -> None:
        if isinstance(wish, bool) or not isinstance(wish, int | float):
            raise self.refuse("not_a_number")
        if not self.minimum <= wish <= self.maximum:
            raise self.refuse("out_of_range")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceControl(Control):
    """One of several words."""

    choices: tuple[str, ...]

    @property
    @override
    def extent(self) -> tuple[object, ...]:
        return self.choices

    @override
    def check(self, wish: Value) -> None:
        if wish not in self.choices:
            raise self.refuse("not_a_choice")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToggleControl(Control):
    """On or off."""

    @override
    def check(self, wish: Value) -> None:
        if not isinstance(wish, bool):
            raise self.refuse("not_a_choice")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandControl(Control):
    """Something to start, without a value."""

    @override
    def check(self, wish: Value) -> None:
        if wish is not None:
            raise self.refuse("not_a_choice")
