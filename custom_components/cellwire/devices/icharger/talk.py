"""Reading registers of an iCharger, however many, and again when an answer was lost."""

from collections.abc import Awaitable, Callable
from functools import partial

from ..registers import Registers
from .patience import FIRST_SILENCES, SILENCES, Patience

# From here on registers are read with function 3, below with function 4.
HOLDING_FROM = 0x8000
MOST_READ = 30

type _Read = Callable[[int, int], Awaitable[tuple[int, ...]]]


class Talk:
    """Reads blocks of registers. Raises LinkError, NoAnswer, Garbled or Declined."""

    def __init__(self, registers: Registers, patience: Patience) -> None:
        """Read with the manners that the registers have."""
        self._registers = registers
        self._patience = patience

    def begin(self, *, may_be_off: bool = False) -> None:
        """Begin something new, for which there is new patience: less if the charger may be off."""
        self._patience.begin(first=FIRST_SILENCES if may_be_off else SILENCES)

    def be_brief(self) -> None:
        """Begin something that must not hold others up: one silence is enough."""
        self._patience.begin(silences=1)

    async def read(self, address: int, count: int) -> tuple[int, ...]:
        """Read registers in pieces that the charger can send."""
        read: _Read = self._registers.holding if address >= HOLDING_FROM else self._registers.input
        values: tuple[int, ...] = ()
        for start in range(address, address + count, MOST_READ):
            size = min(MOST_READ, address + count - start)
            values += await self._patience.ask(partial(read, start, size))
        return values
