"""Reading registers of an iCharger, however many, and once more when an answer was lost."""

from collections.abc import Awaitable, Callable

from ..errors import Garbled, NoAnswer
from ..registers import Registers

# From here on registers are read with function 3, below with function 4.
HOLDING_FROM = 0x8000
MOST_READ = 30

type _Read = Callable[[int, int], Awaitable[tuple[int, ...]]]


class Talk:
    """Reads blocks of registers. Raises LinkError, NoAnswer, Garbled or Declined."""

    def __init__(self, registers: Registers) -> None:
        """Read with the manners that the registers have."""
        self._registers = registers
        self._retried = False

    def begin(self) -> None:
        """Begin something new: one more lost answer is asked for again."""
        self._retried = False

    async def read(self, address: int, count: int) -> tuple[int, ...]:
        """Read registers in pieces that the charger can send."""
        read: _Read = self._registers.holding if address >= HOLDING_FROM else self._registers.input
        values: tuple[int, ...] = ()
        for start in range(address, address + count, MOST_READ):
            values += await self._patiently(read, start, min(MOST_READ, address + count - start))
        return values

    async def _patiently(self, read: _Read, address: int, count: int) -> tuple[int, ...]:
        """Ask a second time, but once in a poll: one that is off should not take long."""
        try:
            return await read(address, count)
        except NoAnswer, Garbled:
            if self._retried:
                raise
            self._retried = True
        return await read(address, count)
