"""An iCharger: it is read in cycles, and does what is asked of it, and nothing else.

What it can do beyond being read is done by parts of their own: programs, changes, the panel.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, override

from ...links.registers import RegisterLink
from ..asked import AskedDevice
from ..attendance import Attendance
from ..device import Identity, Readings
from ..errors import DeviceError, NoAnswer
from ..model import Reading, Unit
from . import channel, system, words
from .changes import Changes
from .channels import Channels
from .conversation import Conversation
from .panel import Panel
from .programs import ChargerPrograms
from .stored import Stored
from .units import to_serials, to_units

# Where its memory has the resistances that are no longer those of the battery.
RESISTANCES = "resistances"
# How many answers are waited for at most to greet and to poll: a dozen, and those that may be
# missed in both (patience.py). All that is asked for a preset comes at once, but one may be lost.
TALK, PRESET_TALK = 24, 2


class ChargerDevice(AskedDevice[RegisterLink]):
    """One iCharger with its one or two channels."""

    programs: ChargerPrograms

    def __init__(self, link: RegisterLink, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self.conversation = Conversation(
            self.wires,
            self.lock,
            confirm=lambda serial: self.identity.confirm(words.CHARGER, serial),
            is_ready=lambda: self._greeted,
        )
        conversation = self.conversation
        self.channels = Channels(conversation, self.emit)
        self.stored = Stored(conversation, self.channels, self._show)
        self.programs = ChargerPrograms(self, conversation, self.channels, self.stored)
        self.changes = Changes(self, conversation, self.channels, self.stored)
        self._panel = Panel(self, conversation, self.stored, self.programs, self.changes)
        self._known: dict[str, Unit] = {}
        self._attendance = Attendance(())

    @property
    @override
    def previous(self) -> Mapping[str, str]:
        return {f"preset {slot}": block for slot, block in self.changes.previous.items()}

    @property
    @override
    def talking_time(self) -> float:
        # Somebody may have all presets read just now.
        answers = TALK + PRESET_TALK * len(self.stored.slots)
        return answers * self.conversation.answer_time

    @override
    def memory(self) -> dict[str, Any]:
        stale = self.channels.memory()
        return super().memory() | ({RESISTANCES: stale} if stale else {})

    @override
    async def start(self) -> None:
        self.channels.recall(self.recalled.get(RESISTANCES))
        await super().start()

    @override
    async def greet(self) -> None:
        """Learn which charger this is and how it is set."""
        conversation = self.conversation
        if await conversation.greet(may_be_off=bool(self._misses)):
            self.stored.begin()
            self.channels.begin()
        self.stored.ask_again()
        about, channels = conversation.info, conversation.channels
        block = system.block_of(conversation.model, about.system_length)
        units = to_units(about, conversation.model, block, len(channels))
        self._known = {unit.key: unit for unit in units}
        self.units = {}
        for key in self._known:
            self._welcome(key)
        self._attendance = Attendance(channels)
        await self.stored.catch_up()
        self._panel.renew()

    @override
    async def poll(self) -> Readings:
        """Read the state of the charger and each channel: five requests for two channels."""
        self.conversation.talk.begin(may_be_off=bool(self._misses))
        about = await self.conversation.about()
        if not self.conversation.is_same(about):
            # Another charger, or another firmware, without the link having noticed.
            await self.greet()
            about = await self.conversation.about()
        readings: Readings = {}
        problem: DeviceError = NoAnswer(words.NAME)
        for key in self._due():
            if not self._attendance.is_present(key):
                self.conversation.talk.be_brief()
            try:
                with self.wires.mistakes.as_errors():
                    block, reading = await self.channels.see(key, about)
            except DeviceError as err:
                problem = err
                self._attendance.missed(key)
                continue
            self._attendance.answered(key)
            self._welcome(words.CHARGER)
            self._welcome(key)
            readings.setdefault(words.CHARGER, self._charger_reading(block, reading.at))
            readings[key] = reading
        await self.programs.see(readings)
        if not readings:
            raise problem
        if self.stored.is_due:
            self.conversation.talk.be_brief()
            await self.stored.catch_up()
        return readings

    @override
    def forget(self, unit: str) -> None:
        super().forget(unit)
        self.programs.forget(unit)

    @override
    async def close(self) -> None:
        await self.programs.close()
        await self.changes.close()
        await super().close()

    def _due(self) -> Iterator[str]:
        """Give the channels to ask in this cycle; one that is watched is asked in each."""
        asked = set()
        for key in self._attendance.cycle():
            asked.add(key)
            yield key
        yield from (key for key in self.conversation.channels if self._is_urgent(key, asked))

    def _is_urgent(self, key: str, asked: set[str]) -> bool:
        return key in self.programs.watched and key not in asked

    def _show(self) -> None:
        """Show what is stored now, and what can be set and started by it."""
        self._panel.renew()
        self.hurry()

    def _welcome(self, key: str) -> None:
        """Take in a unit that is new, or that was forgotten and is heard of again."""
        self.units.setdefault(key, self._known[key])
        if key not in self.identity.serials:
            serials = to_serials(self.conversation.info)
            self.identity = self.identity.joined_by(key, serials[key])

    def _charger_reading(self, block: Sequence[int], now: float) -> Reading:
        """Return what the charger as a whole says; each channel reports it."""
        writes = {words.FLASH_WRITES.id: self.conversation.writes.to_flash}
        return Reading(
            at=now,
            input_voltage=channel.input_voltage(block),
            temperatures={"internal": channel.internal_temperature(block)},
            values=self.stored.settings | writes,
            raw={"device_id": self.conversation.info.device_id},
        )
