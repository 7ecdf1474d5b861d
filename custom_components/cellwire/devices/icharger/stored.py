"""What is stored in a charger: its settings, the list of its presets, and the presets."""

from collections.abc import Callable, Sequence
import logging

from ..errors import Declined, DeviceError
from ..model import Value
from . import presets, system, words
from .channels import Channels
from .conversation import Conversation
from .patience import is_damaged
from .presets import Preset
from .writes import PRESET_LENGTHS

_LOGGER = logging.getLogger(__name__)


class Stored:
    """Reads what is stored, and keeps what was read when somebody asked for it last.

    Everything here is done with the lock held, and answers come from a copy that the charger makes
    of its flash, so that nothing changes. `changed` is called when there is something else to show.
    While the settings are due, nothing is known of them.
    """

    def __init__(
        self, conversation: Conversation, channels: Channels, changed: Callable[[], None]
    ) -> None:
        """Have read nothing yet."""
        self.settings: dict[str, Value] = {}
        self.presets: tuple[Preset, ...] = ()
        self.slots: tuple[int, ...] = ()
        self.is_due = False
        self._conversation = conversation
        self._channels = channels
        self._changed = changed

    def begin(self) -> None:
        """Begin anew with another charger."""
        self.presets = ()

    def ask_again(self) -> None:
        """Have the settings read anew: they may have changed while nobody listened."""
        self.settings, self.slots, self.is_due = {}, (), True

    async def catch_up(self) -> None:
        """Read the settings that are due; what got no answer is asked for at the next poll.

        Raises LinkError.
        """
        try:
            await self.read_settings()
        except DeviceError as err:
            _LOGGER.debug("The settings of the %s are asked for again: %s", words.NAME, err)
            return
        self._changed()

    async def read_settings(self) -> None:
        """Read the settings and the list of presets. What the charger keeps to itself is unknown.

        Raises LinkError or another DeviceError.
        """
        about = self._conversation.info
        settings: dict[str, Value] = {}
        slots: tuple[int, ...] = ()
        try:
            if block := system.block_of(self._conversation.model, about.system_length):
                settings |= block.values(await self.read_system())
            slots = await self.read_list()
        except Declined as err:
            if is_damaged(err):
                raise
            _LOGGER.info("The %s keeps its settings to itself: %s", words.NAME, err)
        else:
            settings[words.PRESETS.id] = len(slots)
        self.settings, self.slots, self.is_due = settings, slots, False

    async def read_presets(self, control: str) -> None:
        """Read settings, list and presets, which a person asked for as a `control`.

        The charger has a register for the slot to read, which is the only thing that is written.
        Raises Refused while a program runs, since starting one uses the same register.
        """
        self._conversation.require()
        await self._channels.refuse_while_running(control)
        self._conversation.talk.begin()
        await self.read_settings()
        found = [await self.preset(slot) for slot in self.slots]
        self.presets = tuple(preset for preset in found if preset)
        self._changed()

    async def read_list(self) -> tuple[int, ...]:
        """Read which slots the charger shows, in its order."""
        slots = self._conversation.model.slots
        head = await self._conversation.talk.read(presets.HEAD, presets.head_size(slots))
        return presets.to_slots(head, slots)

    async def read_system(self) -> tuple[int, ...]:
        """Read the block of settings."""
        count = (self._conversation.info.system_length + 1) // 2
        return await self._conversation.talk.read(system.ADDRESS, count)

    async def read_preset(self, slot: int) -> tuple[int, ...]:
        """Read the block of a preset, which makes the charger fetch it from its flash."""
        self._conversation.talk.begin()
        await self._conversation.writes.select(slot)
        size = presets.preset_size(self._conversation.info.memory_length)
        return await self._conversation.talk.read(presets.PRESET, size)

    async def preset(self, slot: int) -> Preset | None:
        """Read the preset in a slot; None if there is none."""
        return self.to_preset(slot, await self.read_preset(slot))

    def to_preset(self, slot: int, registers: Sequence[int]) -> Preset | None:
        """Decode a preset, whose chemistry is unknown where model and length contradict."""
        layout, length = self._conversation.model.layout, self._conversation.info.memory_length
        fits = length not in presets.LENGTHS or length in PRESET_LENGTHS[layout]
        return presets.to_preset(slot, registers, layout if fits else None)

    def take_settings(self, registers: tuple[int, ...]) -> None:
        """Keep other settings that were just read back."""
        self.settings |= system.OLD_DUO.values(registers)
        self._changed()

    def take_preset(self, slot: int, stored: Preset | None) -> None:
        """Keep another preset that was just read back."""
        others = (stored if old.slot == slot else old for old in self.presets)
        self.presets = tuple(preset for preset in others if preset)
        self._changed()
