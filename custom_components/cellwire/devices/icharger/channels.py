"""The state of the channels of a charger, and what happened on them."""

from collections.abc import Callable, Mapping, Sequence
import logging
import time
from typing import Any

from ..device import Event
from ..errors import Refused
from ..model import Reading
from . import channel, info, words
from .conversation import Conversation
from .events import RunWatch, is_running
from .resistances import ResistanceWatch
from .units import CellWatch

_LOGGER = logging.getLogger(__name__)


class Channels:
    """Asks for the state of each channel. `emit` tells who listens what happened on it."""

    def __init__(self, conversation: Conversation, emit: Callable[[Event], None]) -> None:
        """Know nothing yet."""
        self._conversation = conversation
        self._emit = emit
        self._cells = {key: CellWatch() for key in words.CHANNELS}
        self._measurements = {key: ResistanceWatch() for key in words.CHANNELS}
        self._odd: set[tuple[str, int]] = set()
        self.begin()

    def begin(self) -> None:
        """Begin anew with another charger: what is seen first on it is no event."""
        self.runs = {key: RunWatch(key) for key in words.CHANNELS}

    async def look(self, key: str) -> Reading:
        """Read the state of a channel now, with the lock held.

        Raises LinkError or a DeviceError, also when another charger answers.
        """
        self._conversation.talk.begin()
        about = await self._conversation.about()
        self._conversation.refuse_other(about)
        _, reading = await self.see(key, about)
        return reading

    async def see(self, key: str, about: Sequence[int]) -> tuple[Sequence[int], Reading]:
        """Read the block of a channel and return it with its reading.

        `about` is what the charger says of itself now.
        """
        number = words.CHANNELS.index(key) + 1
        block = await self._conversation.talk.read(channel.address(number), channel.SIZE)
        model = self._conversation.model
        cells = channel.connected_cells(block, model)
        record = channel.resistances(block)
        if not self._measurements[key].is_measured(cells, channel.current(block), record):
            block = channel.without_resistances(block)
        reading = channel.to_reading(
            block,
            model,
            time.monotonic(),
            error_bit=info.has_error(about, number),
            settled=self._cells[key].is_settled(cells),
        )
        self._note_odd(channel.odd_codes(block))
        if event := self.runs[key].see(reading):
            self._emit(event)
        return block, reading

    def memory(self) -> dict[str, list[int]]:
        """Return the resistances that are no longer those of the battery, for a restart."""
        return {key: list(each.stale) for key, each in self._measurements.items() if each.stale}

    def recall(self, stale: Any) -> None:
        """Know again what `memory` returned before a restart."""
        for key, watch in self._measurements.items():
            watch.recall(stale.get(key) if isinstance(stale, Mapping) else None)

    async def refuse_while_running(self, control: str) -> None:
        """Raise Refused while a program runs on any channel."""
        for key in self._conversation.channels:
            if is_running(await self.look(key)):
                raise Refused(control, "busy")

    def _note_odd(self, codes: set[tuple[str, int]]) -> None:
        """Log each code that is not known, once."""
        for name, code in sorted(codes - self._odd):
            _LOGGER.info("An unknown %s of the %s: %d", name, words.NAME, code)
        self._odd |= codes
