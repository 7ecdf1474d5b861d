"""What may be switched on a board, and when a switch counts as switched.

Nothing that is not in SWITCHES is ever written (docs/devices/jk_bms.md, "Switching").
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
import time

from ...links.errors import LinkError
from ..control import Control, ToggleControl
from ..errors import DeviceError, Refused
from ..model import Quantity, Reading, Value
from .words import BALANCER_ENABLED, CHARGE_ENABLED, DISCHARGE_ENABLED

# So long after a write a board may still say what it said before.
SETTLE = 1.0


@dataclass(frozen=True, slots=True)
class Switch:
    """Something to switch: `identifier` is its place in a classic board, `register` in a newer one.

    `state` is what the board says of it. Classic boards take it from software `since` on.
    """

    key: str
    state: Quantity
    identifier: int
    register: int
    since: tuple[int, int] = (0, 0)
    risky: bool = False
    setting: bool = False

    def value(self, reading: Reading) -> Value:
        """Return what it is set to, None if the board did not say."""
        return reading.values.get(self.state.id)


SWITCHES = (
    Switch("charge_mosfet_switch", CHARGE_ENABLED, 0xAB, 0x1070),
    # Without it nothing that hangs on the battery has power, this computer perhaps included.
    Switch("discharge_mosfet_switch", DISCHARGE_ENABLED, 0xAC, 0x1074, risky=True),
    # Boards of generation 11 ignore it, those of generation 15 take it.
    Switch("balancer_switch", BALANCER_ENABLED, 0x9D, 0x1078, since=(15, 0), setting=True),
)
REGISTERS = frozenset(switch.register for switch in SWITCHES)


def to_controls(
    switches: Iterable[Switch], carry_out: Callable[[Switch, Value], Awaitable[None]]
) -> tuple[Control, ...]:
    """Offer switches as controls."""
    return tuple(
        ToggleControl(
            key=switch.key,
            carry_out=partial(carry_out, switch),
            value=switch.value,
            risky=switch.risky,
            setting=switch.setting,
        )
        for switch in switches
    )


async def turn[Way](
    switch: Switch,
    wish: Value,
    ways: Iterable[Way],
    write: Callable[[Way], Awaitable[None]],
    look: Callable[[], Awaitable[Value]],
) -> Way | None:
    """Try one way of writing after the other until the board itself says what is wished.

    An acknowledgement proves nothing; `look` returns what the board says when it is asked anew,
    None if it does not say it. Returns the way that worked, None if the board was so already:
    then nothing is written. Raises Refused, and before anything is written also LinkError or
    another DeviceError.
    """

    async def state() -> bool:
        value = await look()
        if not isinstance(value, bool):
            raise Refused(switch.key, "not_offered")
        return value

    before = now = await state()
    if before == wish:
        return None
    try:
        for way in ways:
            await write(way)
            if (now := await _settled(wish, state)) == wish:
                return way
    except (LinkError, DeviceError) as err:
        raise Refused(switch.key, "unknown_state", detail=f"{_word(before)} before") from err
    raise Refused(switch.key, "not_taken", detail=_word(now))


async def _settled(wish: Value, state: Callable[[], Awaitable[bool]]) -> bool:
    end = time.monotonic() + SETTLE
    while (now := await state()) != wish and time.monotonic() < end:
        continue
    return now


def _word(state: bool) -> str:  # noqa: FBT001
    return "on" if state else "off"
