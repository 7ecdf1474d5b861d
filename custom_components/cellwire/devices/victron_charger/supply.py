"""A switch in the mains lead: the only way to turn a charger off that has no mode of its own.

Source: docs/devices/victron_charger.md, "Switching".
"""

import asyncio
from collections.abc import Callable
import time

from ..device import Mains
from ..errors import Refused
from ..model import Value

SWITCH = "charger_switch"
# How long the switch may take to say that it has switched, in seconds.
SWITCHING = 10.0
# How long a charger may take to begin to talk once it has mains, in seconds.
WAKING = 15.0
_STEP = 0.1


class Supply:
    """What is known of the mains of a charger: nothing, unless its owner named a switch."""

    def __init__(self, mains: Callable[[], Mains | None]) -> None:
        """Ask `mains` for the switch each time: the owner may name another one."""
        self._mains = mains
        self._off_at = float("-inf")

    @property
    def has_switch(self) -> bool:
        """Whether there is a switch."""
        return self._mains() is not None

    @property
    def is_on(self) -> bool | None:
        """Whether it is on; None if that is not known, or if there is none."""
        mains = self._mains()
        return None if mains is None else mains.is_on

    def is_off(self) -> bool:
        """Tell whether the charger has no mains, and remember when that was last so."""
        if self.is_on is not False:
            return False
        self._off_at = time.monotonic()
        return True

    def excuses_silence(self) -> bool:
        """Tell whether the charger can't talk: it has no mains, or has had them too short."""
        return self.is_off() or time.monotonic() - self._off_at < WAKING

    async def turn(self, wish: Value) -> None:
        """Switch the mains on or off. Raises Refused."""
        mains = self._mains()
        if mains is None or mains.is_on is None:
            raise Refused(SWITCH, "mains_unknown")
        if mains.is_on is wish:
            return
        await mains.turn(on=bool(wish))
        end = time.monotonic() + SWITCHING
        while mains.is_on is not wish:
            if time.monotonic() > end:
                if mains.is_on is None:
                    raise Refused(SWITCH, "mains_unknown")
                raise Refused(SWITCH, "not_taken", detail="on" if mains.is_on else "off")
            await asyncio.sleep(_STEP)
