"""What can be set and started, as controls, with the limits that hold now."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..control import ChoiceControl, CommandControl, Control, NumberControl, ToggleControl
from ..model import Kind, Reading, Value
from . import adjusting, editing, system, words
from .adjusting import Limits
from .models import Ratings
from .operations import operations_of
from .presets import Preset, name_of, names_of

type Ask = Callable[[str, Value], Awaitable[None]]


@dataclass(slots=True)
class Wish:
    """What is to be started on a channel, once somebody starts it."""

    preset: Preset | None = None
    operation: str | None = None

    def renew(self, presets: Sequence[Preset]) -> None:
        """Give up what is no longer as it was when it was chosen."""
        self.preset = next((each for each in presets if _is_same(each, self.preset)), None)
        if self.preset is None or self.operation not in operations_of(self.preset):
            self.operation = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelActions:
    """What carries out the controls of a channel; `edit` changes a current of the preset."""

    choose_preset: Callable[[Value], Awaitable[None]]
    choose_operation: Callable[[Value], Awaitable[None]]
    start: Callable[[Value], Awaitable[None]]
    stop: Callable[[Value], Awaitable[None]]
    edit: Ask


def channel_controls(
    wish: Wish,
    presets: Sequence[Preset],
    currents: Mapping[str, tuple[float, float]],
    actions: ChannelActions,
) -> tuple[Control, ...]:
    """Offer what a channel can do; `currents` are the ranges in A in which they can be set."""
    return (
        ChoiceControl(
            key="preset",
            choices=tuple(names_of(presets)),
            carry_out=actions.choose_preset,
            value=lambda _: name_of(wish.preset, presets),
            wish=True,
        ),
        ChoiceControl(
            key="operation",
            choices=tuple(operations_of(wish.preset)) if wish.preset else (),
            carry_out=actions.choose_operation,
            value=lambda _: wish.operation,
            wish=True,
        ),
        CommandControl(key="start", carry_out=actions.start, waits=True),
        CommandControl(key="stop", carry_out=actions.stop),
        *(
            NumberControl(
                key=key,
                kind=Kind.CURRENT,
                minimum=lowest,
                maximum=highest,
                step=editing.CURRENT_STEP,
                carry_out=partial(actions.edit, key),
                value=partial(_current, wish, key),
                setting=True,
                waits=True,
            )
            for key, (lowest, highest) in currents.items()
        ),
    )


def settings_controls(
    ratings: Ratings, settings: Mapping[str, Value], adjust: Ask
) -> tuple[Control, ...]:
    """Offer the settings of a charger that may be written, where they were read."""
    numbers = (_number(limits, settings, adjust) for limits in adjusting.numbers(ratings))
    toggles = (
        ToggleControl(
            key=quantity.key,
            number=quantity.number,
            carry_out=partial(adjust, quantity.id),
            value=partial(_setting, quantity.id),
            setting=True,
            waits=True,
        )
        for quantity in adjusting.TOGGLES
    )
    return tuple(
        control for control in (*numbers, *toggles) if settings.get(control.id) is not None
    )


def refresh_control(refresh: Callable[[Value], Awaitable[None]]) -> Control:
    """Offer to read the presets, which nothing else does by itself."""
    return CommandControl(key="refresh_presets", carry_out=refresh, setting=True)


def current_ranges(
    preset: Preset | None, ratings: Ratings | None, settings: Mapping[str, Value], channel: str
) -> dict[str, tuple[float, float]]:
    """Return from where to where in A the currents of a preset can be set, by their controls.

    What a channel may charge and discharge with, in W, is as set, else by its model. Of a model
    that is not known, no limits are.
    """
    if ratings is None:
        return {}
    at = words.CHANNELS.index(channel)
    by_model = {
        "charge_current": (ratings.charge_power, system.CHARGE_POWER[at]),
        "discharge_current": (ratings.discharge_power, system.DISCHARGE_POWER[at]),
    }
    ranges = {}
    for key, (watts, quantity) in by_model.items():
        allowed = min(watts, float(settings.get(quantity.id) or watts))
        most = editing.most_current(preset, ratings, allowed)
        ranges[key] = _reaching(editing.LEAST_CURRENT, most, getattr(preset, key, None))
    return ranges


def _reaching(lowest: float, highest: float, value: Value) -> tuple[float, float]:
    """Return a range in which is what is set already: at the panel, other limits may hold."""
    now = lowest if value is None else float(value)
    return min(lowest, now), max(highest, now)


def _number(limits: Limits, settings: Mapping[str, Value], adjust: Ask) -> Control:
    quantity = limits.quantity
    lowest, highest = _reaching(limits.minimum, limits.maximum, settings.get(quantity.id))
    return NumberControl(
        key=quantity.key,
        number=quantity.number,
        kind=quantity.kind,
        minimum=lowest,
        maximum=highest,
        step=limits.step,
        carry_out=partial(adjust, quantity.id),
        value=partial(_setting, quantity.id),
        setting=True,
        waits=True,
    )


def _current(wish: Wish, key: str, _reading: Reading) -> Value:
    return getattr(wish.preset, key) if wish.preset else None


def _setting(key: str, reading: Reading) -> Value:
    return reading.values.get(key)


def _is_same(preset: Preset, other: Preset | None) -> bool:
    return other is not None and (preset.slot, preset.digest) == (other.slot, other.digest)
