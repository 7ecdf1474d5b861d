"""Who a charger is, and the ways to ask it and to write to it, for all that has to."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from ...links.registers import RegisterLink
from ..errors import Declined, NoAnswer, OtherDevice
from ..registers import Manners, Registers
from ..wires import Wires
from . import channel, info, presets, words
from .info import Info
from .models import Model, find_model
from .patience import Patience, is_damaged
from .talk import Talk
from .writes import Writes

# On USB there is no address; on a serial line this is the one from the factory.
ADDRESS = 1
# A charger that shows an error is slow to answer.
TIMEOUT = 1.0
# Serial number, and the password of a preset.
SECRET = frozenset((*info.SERIAL_REGISTERS, *range(presets.PRESET + 23, presets.PRESET + 27)))
MANNERS = Manners(device=words.NAME, timeout=TIMEOUT, secret=SECRET)


class Conversation:
    """One charger: `info` is what it says of itself, `channels` are the keys of those it has.

    Whoever asks or writes holds the `lock`, and calls `require` before.
    """

    info: Info
    model: Model

    def __init__(
        self,
        wires: Wires[RegisterLink],
        lock: asyncio.Lock,
        *,
        confirm: Callable[[str | None], None],
        is_ready: Callable[[], bool],
    ) -> None:
        """Ask over a link; nothing is asked yet.

        `confirm` raises WrongIdentity for the serial number of another charger; `is_ready` tells
        whether the link is open and this one was greeted.
        """
        self._registers = registers = Registers(wires, ADDRESS, MANNERS)
        self.lock = lock
        patience = Patience()
        self.talk = Talk(registers, patience)
        self.writes = Writes(registers, patience)
        self.channels: tuple[str, ...] = ()
        self._wires: Wires[Any] = wires
        self._confirm = confirm
        self._is_ready = is_ready

    @property
    def answer_time(self) -> float:
        """How long one answer may take at most, in seconds."""
        return self._registers.answer_time

    def require(self) -> None:
        """Raise NoAnswer unless the charger can be spoken to."""
        if not self._is_ready() or not self._wires.link.is_open:
            raise NoAnswer(words.NAME)

    async def greet(self, *, may_be_off: bool) -> bool:
        """Learn which charger this is; tell whether it is another one than before.

        Another firmware makes it another one: its presets are others, and its programs too.
        """
        self.talk.begin(may_be_off=may_be_off)
        about = info.to_info(await self.talk.read(info.ADDRESS, info.size(1)))
        if not about.is_plausible:
            raise OtherDevice(words.NAME, f"Modbus {about.device_id:#06x}")
        self._confirm(about.serial)
        is_new = about != getattr(self, "info", None)
        self.info = about
        self.model = find_model(about.device_id, self._wires.link.product, about.system_length)
        count = self.model.channels or await self._count_channels()
        self.channels = words.CHANNELS[:count]
        return is_new

    async def about(self) -> Sequence[int]:
        """Read the block that says which charger this is, with a status word for each channel."""
        return await self.talk.read(info.ADDRESS, info.size(len(self.channels)))

    def is_same(self, about: Sequence[int]) -> bool:
        """Tell whether a block is still that of the charger that was greeted."""
        return info.to_info(about) == self.info

    def refuse_other(self, about: Sequence[int]) -> None:
        """Raise WrongIdentity or OtherDevice unless it is still the charger that was greeted."""
        if self.is_same(about):
            return
        found = info.to_info(about)
        self._confirm(found.serial)
        raise OtherDevice(self.model.text, f"{words.NAME} {found.software}")

    async def _count_channels(self) -> int:
        """Find out how many channels a model has that is not known: as many as it shows."""
        try:
            block = await self.talk.read(channel.address(2), channel.SIZE)
        except Declined as err:
            if is_damaged(err):
                raise
            return 1
        # Each channel reports the supply.
        return 2 if channel.input_voltage(block) else 1
