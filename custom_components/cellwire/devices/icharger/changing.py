"""An iCharger whose presets and settings can be changed, because somebody asks for it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import override

from ...links.registers import RegisterLink
from ..device import Identity
from ..errors import Refused
from ..model import Value
from . import adjusting, editing, presets, system, words
from .charger import ChargerDevice
from .controls import Wish, names_of
from .gather import Gatherer
from .presets import Preset

# There is one block of settings.
SETTINGS = 0


class ChangeableCharger(ChargerDevice):
    """The charger with what is stored in it.

    `previous_presets` has, by slot, what was stored before the last change, in hexadecimal.
    """

    def __init__(self, link: RegisterLink, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self.previous_presets: dict[int, str] = {}
        self._wishes = {key: Wish() for key in words.CHANNELS}
        self._edits = Gatherer(self._edit)
        self._adjustments = Gatherer(self._adjust)

    @property
    @override
    def previous(self) -> Mapping[str, str]:
        return {f"preset {slot}": block for slot, block in self.previous_presets.items()}

    @override
    async def close(self) -> None:
        for gatherer in (self._edits, self._adjustments):
            await gatherer.close()
        await super().close()

    @abstractmethod
    def _offer(self) -> None:
        """Offer what can be set and started now."""

    async def _wish_for_current(self, wish: Wish, key: str, current: Value) -> None:
        if wish.preset is None:
            raise Refused(key, "no_preset")
        if not editing.is_editable(wish.preset, self.model, self.info):
            raise Refused(key, "preset_fixed")
        await self._edits.add(wish.preset.slot, key, float(current or 0))

    async def _wish_for_setting(self, key: str, wish: Value) -> None:
        await self._adjustments.add(SETTINGS, key, float(wish or 0))

    async def _edit(self, slot: int, wishes: dict[str, float]) -> None:
        """Change the currents of a preset, all at once."""
        control = ", ".join(wishes)
        async with self.lock:
            self._require_link()
            await self._refuse_while_running(control)
            shown = find_preset(slot, self.presets)
            before = await self._read_preset(slot)
            preset = presets.to_preset(slot, before, self.model.layout)
            if preset is None or shown is None or preset.digest != shown.digest:
                raise Refused(control, "preset_changed")
            if before[0] != presets.USED:
                raise Refused(control, "preset_fixed")
            after = editing.with_currents(before, wishes)
            if after == before:
                return
            self.previous_presets[slot] = editing.without_lock(before)
            now = await editing.replace(
                self._writes,
                presets.PRESET,
                after,
                partial(self._read_preset, slot),
                Refused(control, "unknown_state", detail=_told(preset, wishes)),
            )
            stored = presets.to_preset(slot, now, self.model.layout)
            self._take_in(slot, stored)
            if now != after:
                raise Refused(control, "not_taken", detail=_told(stored, wishes))

    def _take_in(self, slot: int, stored: Preset | None) -> None:
        """Show a preset as it is stored now, also where it is wished for."""
        others = (stored if old.slot == slot else old for old in self.presets)
        self.presets = tuple(preset for preset in others if preset)
        for wish in self._wishes.values():
            if wish.preset and wish.preset.slot == slot:
                wish.preset = stored
        self._offer()
        self.hurry()

    async def _adjust(self, _place: int, wishes: dict[str, float]) -> None:
        """Change settings, all at once."""
        control = ", ".join(wishes)
        async with self.lock:
            self._require_link()
            await self._refuse_while_running(control)
            before = await self._read_system()
            after = adjusting.adjusted(before, wishes, control)
            now = before
            if after != before:
                now = await editing.replace(
                    self._writes,
                    system.ADDRESS,
                    after,
                    self._read_system,
                    Refused(control, "unknown_state", detail=_set(before, wishes)),
                )
            self._settings |= system.OLD_DUO.values(now)
            self._offer()
            self.hurry()
            if now != after:
                raise Refused(control, "not_taken", detail=_set(now, wishes))

    async def _read_system(self) -> tuple[int, ...]:
        self._talk.begin()
        return await self._talk.read(system.ADDRESS, (self.info.system_length + 1) // 2)


def find_preset(preset: str | int, known: Sequence[Preset]) -> Preset | None:
    """Find a preset by its name or its slot."""
    if isinstance(preset, str):
        return names_of(known).get(preset)
    return next((each for each in known if each.slot == preset), None)


def _told(preset: Preset | None, wishes: Mapping[str, float]) -> str:
    """Tell the currents of a preset to a person."""
    return ", ".join(f"{getattr(preset, key)} A" for key in wishes) if preset else "an empty preset"


def _set(registers: Sequence[int], wishes: Mapping[str, float]) -> str:
    """Tell what settings are to a person."""
    values = system.OLD_DUO.values(registers)
    words_of = {True: "on", False: "off"}
    return ", ".join(
        words_of[value] if isinstance(value, bool) else str(value)
        for value in (values[key] for key in wishes)
    )
