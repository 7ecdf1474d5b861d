"""What can be set on a charger, and within which limits.

Source: docs/devices/victron_charger.md, "Current limit" and "Switching".
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging
import math

from ...links.errors import CellwireError
from ..clock import Clock
from ..control import Control, NumberControl, ToggleControl, at_once
from ..device import Settings
from ..model import Kind, Reading, Value
from ..thrift import Thrift
from ..vedirect.products import rated_current
from ..vedirect.samples import Samples
from ..vedirect.writing import VOLATILE_LIMIT, Exchange, Writer
from .registers import CURRENT_LIMIT, DEVICE_MODE, MODE
from .supply import SWITCH, Supply
from .writing import OFF, ON, TENTHS, WRITABLE

_LOGGER = logging.getLogger(__name__)

LIMIT = "charge_current_limit"
STEP = 1 / TENTHS

# Bit of the capabilities (0140).
_EXTERNAL_CONTROL = 1 << 15
# A charger goes no lower than this part of its rated current, unless it says otherwise.
_LOWEST_PART = 0.25
# One write of the stored limit in so many seconds.
PAUSE = 10.0
# The charger forgets a volatile limit after some 50 s.
REFRESH = 25.0
# How long that may take at most, in seconds: four commands, each answered at the last moment.
RENEWAL_LIMIT = 15.0


@dataclass(frozen=True, slots=True)
class Limit:
    """By which register the current is limited, and from where to where in A."""

    register: int
    lowest: float
    highest: float

    @property
    def is_volatile(self) -> bool:
        """Whether the charger forgets it by itself, and nothing wears."""
        return self.register == VOLATILE_LIMIT


def find_limit(product: int, samples: Samples) -> Limit | None:
    """Find out how the current can be limited; None as long as that is not known.

    Nothing is offered that the charger did not answer for.
    """
    volatile = (samples.integer("capabilities") or 0) & _EXTERNAL_CONTROL
    if volatile and samples.knows("volatile_current_limit"):
        register = VOLATILE_LIMIT
    elif samples.knows(LIMIT):
        register = CURRENT_LIMIT
    else:
        return None
    rated = samples.quantity("rated_current") or rated_current(product)
    if not rated:
        return None
    lowest = samples.quantity("lowest_charge_current")
    if lowest is None or lowest > rated:
        # Rounded up to a step that the register can hold.
        lowest = math.ceil(rated * _LOWEST_PART * TENTHS) / TENTHS
    return Limit(register, lowest, rated)


def to_raw(wish: Value) -> int:
    """Return what a register holds for a number of A, to the nearest step."""
    return round(float(wish or 0) * TENTHS)


def limit_now(reading: Reading) -> Value:
    """Return the limit that holds: of two, the lower one."""
    limits = [reading.values.get(key) for key in (LIMIT, "volatile_current_limit")]
    return min((limit for limit in limits if isinstance(limit, float)), default=None)


def mode_now(reading: Reading) -> Value:
    """Tell whether the charger says that it is on."""
    return {"on": True, "off": False}.get(str(reading.values.get(MODE.id)))


class Panel:
    """The controls of one charger. What it has once offered, it offers until it is closed."""

    def __init__(
        self,
        exchange: Exchange,
        lock: asyncio.Lock,
        settings: Callable[[], Settings],
        supply: Supply,
        thrift: Thrift,
    ) -> None:
        """Talk to the charger through `exchange`, holding `lock`."""
        self._lock = lock
        self._settings = settings
        self._supply = supply
        self._thrift = thrift
        self._writer = Writer(WRITABLE, exchange, thrift)
        self._limit: Limit | None = None
        self._has_mode = False
        self._made_for: tuple[object, ...] = ()
        self._made: tuple[Control, ...] = ()
        # The volatile limit that somebody wished for, and what repeats it.
        self._wish = 0
        self._keeper = Clock(
            "repetition of a current limit",
            REFRESH,
            RENEWAL_LIMIT,
            self._renew,
            lambda: self._settings().allow_control,
        )

    @property
    def wears(self) -> bool:
        """Whether anything here may wear the memory of the charger."""
        return self._has_mode or (self._limit is not None and not self._limit.is_volatile)

    def learn(self, limit: Limit | None, *, has_mode: bool | None) -> None:
        """Take in what the charger can do, as far as that is known by now."""
        self._limit = limit or self._limit
        if has_mode is not None:
            self._has_mode = has_mode

    def controls(self) -> tuple[Control, ...]:
        """Return what can be set, the same objects as long as nothing changed."""
        wanted = (self._limit, self._has_mode, self._supply.has_switch)
        if wanted != self._made_for:
            self._made_for = wanted
            self._made = (*self._limits(), *self._switches())
        return self._made

    async def close(self) -> None:
        """End the wish for a volatile limit; the charger forgets it within a minute."""
        await self._keeper.close()

    def _limits(self) -> tuple[Control, ...]:
        if (limit := self._limit) is None:
            return ()
        return (
            NumberControl(
                key=LIMIT,
                carry_out=self._hold if limit.is_volatile else self._store,
                turn=at_once if limit.is_volatile else self._thrift.turn,
                value=limit_now,
                kind=Kind.CURRENT,
                minimum=limit.lowest,
                maximum=limit.highest,
                step=STEP,
            ),
        )

    def _switches(self) -> tuple[Control, ...]:
        if self._has_mode:
            return (ToggleControl(key=SWITCH, carry_out=self._switch, value=mode_now),)
        if self._supply.has_switch:
            return (
                ToggleControl(
                    key=SWITCH,
                    carry_out=self._supply.turn,
                    value=lambda _: self._supply.is_on,
                ),
            )
        return ()

    async def _store(self, wish: Value) -> None:
        budget = self._settings().daily_writes
        await self._writer.change(LIMIT, CURRENT_LIMIT, to_raw(wish), budget=budget)

    async def _hold(self, wish: Value) -> None:
        await self._writer.renew(LIMIT, to_raw(wish))
        self._wish = to_raw(wish)
        self._keeper.note()
        self._keeper.wind_up()

    async def _switch(self, wish: Value) -> None:
        await self._writer.change(SWITCH, DEVICE_MODE, ON if wish else OFF)

    async def _renew(self) -> None:
        """Repeat the volatile limit if that is still allowed."""
        if not self._settings().allow_control:
            return
        try:
            async with self._lock:
                await self._writer.renew(LIMIT, self._wish)
        except CellwireError as err:
            # Without it the charger goes on by its own settings, which the reading shows.
            _LOGGER.debug("The current limit could not be repeated: %s", err)
