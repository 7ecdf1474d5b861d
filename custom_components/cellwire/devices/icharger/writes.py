"""Everything that is ever written to an iCharger: no other register, order or size.

Source: docs/devices/icharger.md, "Control".
"""

import asyncio
from collections.abc import Container, Iterable, Sequence
from functools import partial

from ..errors import NoAnswer
from ..registers import Registers
from . import presets, system, words
from .models import LAYOUTS, Layout
from .patience import Patience

OPERATION, SLOT, CHANNEL, LOCK = 0x8000, 0x8001, 0x8002, 0x8003
STOP, RUN, SAVE_SETTINGS, SAVE_PRESET = 0, 1, 3, 5
UNLOCKED, LOCKED = 0x55AA, 0
MOST_WRITTEN = 28
# A charger that says that it is busy is asked again for a minute by the Modbus library. Nobody
# wants a program to start that late. In seconds, and longer than any answer may take.
PATIENCE = 4.0

_OPERATIONS, _SLOTS, _CHANNELS = range(5), range(64), range(2)
# The first register, and what may be written to it and those that follow.
_ORDERS: tuple[tuple[int, tuple[Container[int], ...]], ...] = (
    (SLOT, (_SLOTS,)),
    (OPERATION, (_OPERATIONS, _SLOTS, _CHANNELS, (UNLOCKED,), (RUN,))),
    (CHANNEL, (_CHANNELS, (UNLOCKED,), (STOP,))),
    (LOCK, ((UNLOCKED,), (SAVE_SETTINGS, SAVE_PRESET))),
    (LOCK, ((LOCKED,),)),
)
# Blocks that may be written as a whole, by their first register, and their sizes in registers.
# Settings of another layout have sent a charger into a loop of restarts.
BLOCKS: dict[int, frozenset[int]] = {
    system.ADDRESS: frozenset(
        (length + 1) // 2 for length, layout in LAYOUTS.items() if layout is Layout.OLD_DUO
    ),
    presets.PRESET: frozenset((length + 1) // 2 for length in presets.LENGTHS),
}
# The lengths in bytes that a preset may have to be written or started.
PRESET_LENGTHS: dict[Layout | None, tuple[int, ...]] = {
    Layout.OLD_DUO: (167, 173),
    Layout.X: (192,),
    Layout.DX: (192,),
    None: (),
}


def is_order(address: int, values: Sequence[int]) -> bool:
    """Tell whether these registers may be written beside whole blocks."""
    return any(
        address == first
        and len(values) == len(allowed)
        and all(value in each for value, each in zip(values, allowed, strict=True))
        for first, allowed in _ORDERS
    )


class Writes:
    """Writes what is in the tables, and counts what went to the flash.

    Channels count from 1. Every method raises LinkError, NoAnswer, Garbled or Declined. What may
    be written twice without harm is, when its answer was lost; a start and a save never are.
    """

    def __init__(self, registers: Registers, patience: Patience) -> None:
        """Nothing was written yet."""
        self._registers = registers
        self._patience = patience
        self.to_flash = 0

    async def select(self, slot: int) -> None:
        """Choose the preset that is read and written; nothing is stored."""
        await self._patience.ask(partial(self._order, SLOT, slot))

    async def run(self, operation: int, slot: int, channel: int) -> None:
        """Start a program."""
        await self._order(OPERATION, operation, slot, channel - 1, UNLOCKED, RUN)

    async def stop(self, channel: int) -> None:
        """Stop a program, or leave the screen behind it."""
        await self._order(CHANNEL, channel - 1, UNLOCKED, STOP)

    async def fill(self, address: int, values: Sequence[int]) -> None:
        """Write a whole block to the copy in RAM."""
        if len(values) not in BLOCKS[address]:
            raise ValueError(f"{len(values)} registers are no block at {address:#06x}")
        for piece in _pieces(values):
            await self._patience.ask(partial(self._write, address, piece))
            address += len(piece)

    async def save(self, order: int) -> None:
        """Save a block from RAM to the flash, then lock the orders again."""
        self.to_flash += 1
        try:
            await self._order(LOCK, UNLOCKED, order)
        finally:
            await self._patience.ask(partial(self._order, LOCK, LOCKED))

    async def _order(self, address: int, *values: int) -> None:
        if not is_order(address, values):
            raise ValueError(f"{values} may not be written at {address:#06x}")
        await self._write(address, values)

    async def _write(self, address: int, values: Sequence[int]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._registers.write(address, values)
        except TimeoutError as err:
            raise NoAnswer(words.NAME) from err


def _pieces(values: Sequence[int]) -> Iterable[Sequence[int]]:
    return (values[at : at + MOST_WRITTEN] for at in range(0, len(values), MOST_WRITTEN))
