"""The controls of a charger as they are now, and what carries them out."""

from functools import partial
from typing import Any

from ..control import Control
from ..device import Device
from ..errors import Refused
from ..model import Value
from . import adjusting, words
from .changes import Changes
from .controls import (
    ChannelActions,
    Wish,
    channel_controls,
    current_ranges,
    refresh_control,
    settings_controls,
)
from .conversation import Conversation
from .presets import names_of
from .programs import ChargerPrograms
from .stored import Stored


class Panel:
    """Offers what can be set and started."""

    def __init__(
        self,
        device: Device[Any],
        conversation: Conversation,
        stored: Stored,
        programs: ChargerPrograms,
        changes: Changes,
    ) -> None:
        """Offer nothing yet."""
        self._device = device
        self._conversation = conversation
        self._stored = stored
        self._programs = programs
        self._changes = changes
        self._wishes = changes.wishes

    def renew(self) -> None:
        """Offer what can be set and started now."""
        self._device.offer(words.CHARGER, self._of_charger())
        for key in self._conversation.channels:
            self._wishes[key].renew(self._stored.presets)
            self._device.offer(key, self._of_channel(key))

    def _of_charger(self) -> tuple[Control, ...]:
        controls = (refresh_control(self._refresh),)
        model, about = self._conversation.model, self._conversation.info
        if model.ratings is None or not adjusting.may_adjust(model, about):
            return controls
        adjust = self._changes.set_setting
        return controls + settings_controls(model.ratings, self._stored.settings, adjust)

    def _of_channel(self, key: str) -> tuple[Control, ...]:
        wish, stored = self._wishes[key], self._stored
        return channel_controls(
            wish,
            stored.presets,
            current_ranges(wish.preset, self._conversation.model.ratings, stored.settings, key),
            ChannelActions(
                choose_preset=partial(self._choose_preset, wish),
                choose_operation=partial(self._choose_operation, wish),
                start=partial(self._start, key),
                stop=partial(self._stop, key),
                edit=partial(self._changes.set_current, key),
            ),
        )

    async def _refresh(self, _wish: Value) -> None:
        await self._stored.read_presets("refresh_presets")

    async def _choose_preset(self, wish: Wish, name: Value) -> None:
        preset = names_of(self._stored.presets).get(str(name))
        if preset is None:
            raise Refused("preset", "not_a_choice")
        wish.preset = preset
        self.renew()
        self._device.hurry()

    async def _choose_operation(self, wish: Wish, operation: Value) -> None:
        wish.operation = str(operation)
        self._device.hurry()

    async def _start(self, key: str, _wish: Value) -> None:
        await self._programs.start_wish(key, self._wishes[key])

    async def _stop(self, key: str, _wish: Value) -> None:
        await self._programs.stop_now("stop", key)
