"""Changing presets and settings in a charger, because somebody asks for it."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ..device import Device
from ..errors import Refused
from ..model import Value
from . import adjusting, editing, presets, system, words
from .channels import Channels
from .controls import Wish, current_ranges
from .conversation import Conversation
from .gather import Gatherer
from .presets import Preset, find_preset
from .stored import Stored


class _Current(NamedTuple):
    """A wish for a current in A, and the channel that it was wished for on."""

    unit: str
    amperes: float


class Changes:
    """Writes what is asked for, a block as a whole, and reads it back.

    `previous` has what was stored before the last change, in hexadecimal, by the slot of a preset.
    `wishes` are what is to be started, by the key of the channel: a preset that was changed from
    here is still wished for.
    """

    def __init__(
        self,
        device: Device[Any],
        conversation: Conversation,
        channels: Channels,
        stored: Stored,
    ) -> None:
        """Have changed nothing yet."""
        self.previous: dict[int, str] = {}
        self.wishes = {key: Wish() for key in words.CHANNELS}
        self._device = device
        self._conversation = conversation
        self._channels = channels
        self._stored = stored
        self._edits = Gatherer(self._edit)
        self._adjustments = Gatherer(self._adjust)

    async def close(self) -> None:
        """Give up what was not begun."""
        for gatherer in (self._edits, self._adjustments):
            await gatherer.close()

    async def set_current(self, unit: str, key: str, current: Value) -> None:
        """Change a current in A of the preset that is chosen on a channel."""
        preset = self.wishes[unit].preset
        if preset is None:
            raise Refused(key, "no_preset")
        if not editing.is_editable(preset, self._conversation.model, self._conversation.info):
            raise Refused(key, "preset_fixed")
        await self._edits.add(preset.slot, key, _Current(unit, float(current or 0)))

    async def set_setting(self, key: str, wish: Value) -> None:
        """Change a setting of the charger."""
        await self._adjustments.add(words.CHARGER, key, wish)

    async def _edit(self, slot: int, wished: dict[str, _Current]) -> None:
        """Change the currents of a preset, all at once, within the limits that hold by now."""
        wishes = {key: wish.amperes for key, wish in wished.items()}
        control = ", ".join(wishes)
        conversation, stored = self._conversation, self._stored
        async with self._device.lock:
            conversation.require()
            await self._channels.refuse_while_running(control)
            shown = find_preset(slot, stored.presets)
            before = await stored.read_preset(slot)
            preset = stored.to_preset(slot, before)
            if preset is None or shown is None or preset.digest != shown.digest:
                raise Refused(control, "preset_changed")
            if before[0] != presets.USED:
                raise Refused(control, "preset_fixed")
            self._check(preset, wished)
            after = editing.with_currents(before, wishes)
            if after == before:
                return
            self.previous[slot] = editing.without_lock(before)
            now = await editing.replace(
                conversation.writes,
                presets.PRESET,
                after,
                partial(stored.read_preset, slot),
                Refused(control, "unknown_state", detail=_told(preset, wishes)),
            )
            found = stored.to_preset(slot, now)
            self._take_in(slot, found)
            if now != after:
                raise Refused(control, "not_taken", detail=_told(found, wishes))

    def _check(self, preset: Preset, wished: dict[str, _Current]) -> None:
        """Raise Refused for a current that the preset may not have, where it was wished for."""
        ratings, settings = self._conversation.model.ratings, self._stored.settings
        for key, wish in wished.items():
            lowest, highest = current_ranges(preset, ratings, settings, wish.unit)[key]
            if not lowest <= wish.amperes <= highest:
                raise Refused(key, "out_of_range")

    def _take_in(self, slot: int, stored: Preset | None) -> None:
        """Show a preset as it is stored now, also where it is wished for."""
        for wish in self.wishes.values():
            if wish.preset and wish.preset.slot == slot:
                wish.preset = stored
        self._stored.take_preset(slot, stored)

    async def _adjust(self, unit: str, wishes: dict[str, Value]) -> None:
        """Change settings, all at once, within the limits that hold by now."""
        control = ", ".join(wishes)
        stored = self._stored
        async with self._device.lock:
            self._conversation.require()
            await self._channels.refuse_while_running(control)
            self._conversation.talk.begin()
            before = await stored.read_system()
            for key, wish in wishes.items():
                self._device.checked(unit, key, wish)
            after = adjusting.adjusted(before, wishes, control)
            now = before
            if after != before:
                now = await editing.replace(
                    self._conversation.writes,
                    system.ADDRESS,
                    after,
                    self._read_system_again,
                    Refused(control, "unknown_state", detail=_set(before, wishes)),
                )
            stored.take_settings(now)
            if now != after:
                raise Refused(control, "not_taken", detail=_set(now, wishes))

    async def _read_system_again(self) -> tuple[int, ...]:
        self._conversation.talk.begin()
        return await self._stored.read_system()


def _told(preset: Preset | None, wishes: Iterable[str]) -> str:
    """Tell the currents of a preset to a person."""
    return ", ".join(f"{getattr(preset, key)} A" for key in wishes) if preset else "an empty preset"


def _set(registers: Sequence[int], wishes: Iterable[str]) -> str:
    """Tell what settings are to a person."""
    values = system.OLD_DUO.values(registers)
    words_of = {True: "on", False: "off"}
    return ", ".join(
        words_of[value] if isinstance(value, bool) else str(value)
        for value in (values[key] for key in wishes)
    )
