"""Changing what the charger keeps in its flash: a block as a whole, saved, and read back.

Source: docs/devices/icharger.md, "Changing what is stored". The charger answers a reading from a
copy that it makes of its flash at that moment, so nothing is read between writing and saving.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
import struct

from ...links.errors import CellwireError
from ..errors import DeviceError, Refused
from . import presets, system
from .info import Info
from .models import Layout, Model, Ratings
from .presets import Preset
from .writes import PRESET_LENGTHS, SAVE_PRESET, SAVE_SETTINGS, Writes

# The controls that change a preset: where the number is, in 0.01 A.
CURRENTS = {"charge_current": 98, "discharge_current": 100}
LEAST_CURRENT, CURRENT_STEP, CURRENT_SCALE = 0.05, 0.05, 0.01
# Slots below belong to the programs from the factory, which allow little to be changed.
FIRST_OWN_SLOT = {Layout.OLD_DUO: 7, Layout.X: 10, Layout.DX: 10}
# Before these versions of the firmware presets are not changed.
FIRST_SOFTWARE = {Layout.OLD_DUO: 2109, Layout.X: 2008, Layout.DX: 1000}

ORDERS = {system.ADDRESS: SAVE_SETTINGS, presets.PRESET: SAVE_PRESET}

type Read = Callable[[], Awaitable[tuple[int, ...]]]


def is_editable(preset: Preset, model: Model, about: Info) -> bool:
    """Tell whether a preset is its owner's, and of a kind that may be written."""
    layout = model.layout
    return (
        layout is not None
        and about.memory_length in PRESET_LENGTHS[layout]
        and about.software >= FIRST_SOFTWARE[layout]
        and preset.slot >= FIRST_OWN_SLOT[layout]
        and not preset.built_in
    )


def most_current(preset: Preset | None, ratings: Ratings, watts: float) -> float:
    """Return the highest current in A that a preset may have: of the model, or of a power in W.

    The power is what the charger allows at the lowest voltage of the smallest pack that the
    preset is for. Without a preset only the model limits.
    """
    most = ratings.current
    if preset and preset.discharge_voltage:
        # The discharge voltage of nickel is that of the pack.
        cells = 1 if preset.chemistry in presets.NICKEL else preset.cells or 1
        most = min(most, watts / (preset.discharge_voltage * cells))
    return round(int(most / CURRENT_STEP) * CURRENT_STEP, 2)


def with_currents(registers: Sequence[int], wishes: Mapping[str, float]) -> tuple[int, ...]:
    """Return a preset with other currents in A, and every other byte as it was."""
    data = bytearray(presets.to_bytes(registers))
    for control, wish in wishes.items():
        struct.pack_into("<H", data, CURRENTS[control], round(wish / CURRENT_SCALE))
    return tuple(int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2))


def without_lock(registers: Sequence[int]) -> str:
    """Write a preset down in hexadecimal, but for its lock and password."""
    data = bytearray(presets.to_bytes(registers))
    data[presets.LOCK_AT : presets.LOCK_END] = b"\xff" * (presets.LOCK_END - presets.LOCK_AT)
    return data.hex()


async def replace(
    writes: Writes, address: int, block: Sequence[int], read: Read, unknown: Refused
) -> tuple[int, ...]:
    """Write a whole block and save it; return what is stored then.

    `read` makes the charger fetch it from flash anew. Raises `unknown` if the link is lost after
    the order to save, and LinkError or another DeviceError as long as nothing was saved.
    """
    await writes.fill(address, block)
    try:
        # Whether it was saved is seen now, whatever became of the answer.
        with suppress(DeviceError):
            await writes.save(ORDERS[address])
        return await read()
    except CellwireError as err:
        raise unknown from err
