"""Which operations a preset can be started with, and what speaks against a start.

Source: docs/devices/icharger.md, "Starting".
"""

from ..errors import Refused
from .models import Model
from .presets import LITHIUM, OPERATIONS, Preset
from .writes import PRESET_LENGTHS

CHARGE, STORAGE, DISCHARGE, CYCLE, BALANCE = OPERATIONS
# The number of an operation depends on the chemistry: 2 is discharge here and cycle there.
_LITHIUM = {CHARGE: 0, STORAGE: 1, DISCHARGE: 2, CYCLE: 3, BALANCE: 4}
_OTHERS = {CHARGE: 0, DISCHARGE: 1, CYCLE: 2}
# Of these it is not certain which number does what.
UNCERTAIN = ("user", "power")
_NUMBERS = {"user": {CHARGE: 0}, "power": {}} | {
    chemistry: _LITHIUM for chemistry in LITHIUM if chemistry not in UNCERTAIN
}


def operations_of(preset: Preset) -> dict[str, int]:
    """Return the operations that a preset offers, with their numbers."""
    if preset.chemistry is None:
        return {}
    numbers = _NUMBERS.get(preset.chemistry, _OTHERS)
    return {name: number for name, number in numbers.items() if preset.offers(name)}


def check_start(control: str, preset: Preset, operation: str, model: Model, length: int) -> None:
    """Raise Refused for a preset that must not be started.

    `length` is that of a preset in bytes, as the charger states it.
    """
    if preset.chemistry is None or length not in PRESET_LENGTHS[model.layout]:
        raise Refused(control, "preset_unknown")
    if preset.chemistry in UNCERTAIN:
        raise Refused(control, "preset_uncertain")
    if preset.synchronous:
        raise Refused(control, "preset_synchronous")
    if operation not in operations_of(preset):
        raise Refused(control, "operation_not_offered")
    if _is_beyond(preset, model):
        raise Refused(control, "preset_beyond_model")


def _is_beyond(preset: Preset, model: Model) -> bool:
    """Tell whether a preset wants more than its model can do, as far as that is known."""
    ratings = model.ratings
    current = max(preset.charge_current, preset.discharge_current)
    if ratings and current > ratings.current:
        return True
    cells = preset.cells or 0
    return preset.chemistry in LITHIUM and model.cells is not None and cells > model.cells
