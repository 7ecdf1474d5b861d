"""The conversation with an iCharger. It is only read, but for the choice of a preset to read."""

from collections.abc import Mapping, Sequence
import logging
import time
from typing import override

from ...links.registers import RegisterLink
from ..asked import AskedDevice
from ..attendance import Attendance
from ..device import Identity, Readings
from ..errors import Declined, DeviceError, NoAnswer, OtherDevice, Refused
from ..model import Reading, Unit, Value
from ..registers import Manners, Registers
from . import channel, info, presets, system, words
from .events import RunWatch, is_running
from .info import Info
from .models import Model, find_model
from .presets import Preset
from .talk import Talk
from .units import CellWatch, to_serials, to_units
from .writes import Writes

_LOGGER = logging.getLogger(__name__)

# On USB there is no address; on a serial line this is the one from the factory.
ADDRESS = 1
# A charger that shows an error is slow to answer.
TIMEOUT = 1.0
# Serial number, and the password of a preset.
SECRET = frozenset((*info.SERIAL_REGISTERS, *range(presets.PRESET + 23, presets.PRESET + 27)))
# How many answers are waited for at most to greet and to poll. All that is asked for a preset comes
# at once, but one answer may be lost.
TALK, PRESET_TALK = 24, 2
MANNERS = Manners(device=words.NAME, timeout=TIMEOUT, secret=SECRET)


class ChargerDevice(AskedDevice[RegisterLink]):
    """One iCharger with its one or two channels."""

    info: Info
    model: Model

    def __init__(self, link: RegisterLink, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        # Those that were read when somebody asked for them last.
        self.presets: tuple[Preset, ...] = ()
        self._registers = Registers(self.wires, ADDRESS, MANNERS)
        self._talk = Talk(self._registers)
        self._writes = Writes(self._registers)
        self._known: dict[str, Unit] = {}
        self._channels: tuple[str, ...] = ()
        self._attendance = Attendance(())
        self._watches = {key: CellWatch() for key in words.CHANNELS}
        self._runs = {key: RunWatch(key) for key in words.CHANNELS}
        self._settings: dict[str, Value] = {}
        self._slots: tuple[int, ...] = ()
        self._odd: set[tuple[str, int]] = set()

    @property
    @override
    def talking_time(self) -> float:
        # Somebody may have all presets read just now.
        return (TALK + PRESET_TALK * len(self._slots)) * self._registers.answer_time

    @override
    async def greet(self) -> None:
        """Learn which charger this is and how it is set."""
        self._talk.begin()
        about = info.to_info(await self._talk.read(info.ADDRESS, info.size(1)))
        if not about.is_plausible:
            raise OtherDevice(words.NAME, f"Modbus {about.device_id:#06x}")
        self.identity.confirm(words.CHARGER, about.serial)
        if about != getattr(self, "info", None):
            # Another charger or another firmware: its presets are others, and its programs too.
            self.presets = ()
            self._runs = {key: RunWatch(key) for key in words.CHANNELS}
        self.info = about
        self.model = find_model(about.device_id, self.wires.link.product, about.system_length)
        channels = self.model.channels or await self._count_channels()
        await self._read_settings()
        block = system.BLOCKS.get(about.system_length)
        self._known = {unit.key: unit for unit in to_units(about, self.model, block, channels)}
        self.units = {}
        for key in self._known:
            self._welcome(key)
        self._channels = words.CHANNELS[:channels]
        self._attendance = Attendance(self._channels)

    @override
    async def poll(self) -> Readings:
        """Read the state of the charger and each channel: five requests for two channels."""
        self._talk.begin()
        about = await self._talk.read(info.ADDRESS, info.size(len(self._channels)))
        if info.to_info(about) != self.info:
            # Another charger, or another firmware, without the link having noticed.
            await self.greet()
            about = await self._talk.read(info.ADDRESS, info.size(len(self._channels)))
        readings: Readings = {}
        problem: DeviceError = NoAnswer(words.NAME)
        for key in self._attendance.cycle():
            try:
                with self.wires.mistakes.as_errors():
                    block, reading = await self._see(key, about)
            except DeviceError as err:
                problem = err
                self._attendance.missed(key)
                continue
            self._attendance.answered(key)
            self._welcome(words.CHARGER)
            self._welcome(key)
            readings.setdefault(words.CHARGER, self._charger_reading(block, reading.at))
            readings[key] = reading
        if not readings:
            raise problem
        return readings

    @override
    async def get_presets(self) -> tuple[Mapping[str, Value], ...]:
        """Read the presets that the list of the charger shows, in its order.

        The charger has a register for the slot to read, which is the only thing that is written.
        Raises Refused while a program runs, since starting one uses the same register.
        """
        async with self.lock:
            await self._read_presets("presets")
        return tuple(preset.to_dict() for preset in self.presets)

    def _require_link(self) -> None:
        """Raise NoAnswer unless the charger was greeted and can be spoken to."""
        if not self._greeted or not self.wires.link.is_open:
            raise NoAnswer(words.NAME)

    async def _look(self, key: str) -> Reading:
        """Read the state of a channel now, with the lock held."""
        self._talk.begin()
        about = await self._talk.read(info.ADDRESS, info.size(len(self._channels)))
        found = info.to_info(about)
        if found != self.info:
            self.identity.confirm(words.CHARGER, found.serial)
            raise OtherDevice(self.model.text, f"{words.NAME} {found.software}")
        _, reading = await self._see(key, about)
        return reading

    async def _see(self, key: str, about: Sequence[int]) -> tuple[Sequence[int], Reading]:
        """Read the block of a channel; what happened on it is told to who listens."""
        number = words.CHANNELS.index(key) + 1
        block = await self._talk.read(channel.address(number), channel.SIZE)
        reading = self._channel_reading(key, block, time.monotonic(), about)
        if event := self._runs[key].see(reading):
            self.emit(event)
        return block, reading

    async def _count_channels(self) -> int:
        """Find out how many channels an unknown model has."""
        try:
            await self._talk.read(channel.address(2), 1)
        except Declined:
            return 1
        return 2

    async def _read_settings(self) -> None:
        """Read the settings and the list of presets. What the charger keeps to itself is unknown.

        The charger answers from a copy that it makes of its flash, so that nothing changes.
        """
        settings: dict[str, Value] = {}
        slots: tuple[int, ...] = ()
        try:
            if block := system.BLOCKS.get(self.info.system_length):
                count = (self.info.system_length + 1) // 2
                settings |= block.values(await self._talk.read(system.ADDRESS, count))
            head = await self._talk.read(presets.HEAD, presets.head_size(self.model.slots))
        except Declined as err:
            _LOGGER.info("The %s keeps its settings to itself: %s", words.NAME, err)
        else:
            slots = presets.to_slots(head, self.model.slots)
            settings[words.PRESETS.id] = len(slots)
        self._settings, self._slots = settings, slots

    async def _read_presets(self, control: str) -> None:
        """Read settings, list and presets, with the lock held."""
        self._require_link()
        await self._refuse_while_running(control)
        self._talk.begin()
        await self._read_settings()
        found = [
            presets.to_preset(slot, await self._read_preset(slot), self.model.layout)
            for slot in self._slots
        ]
        self.presets = tuple(preset for preset in found if preset)

    async def _read_preset(self, slot: int) -> tuple[int, ...]:
        self._talk.begin()
        await self._writes.select(slot)
        return await self._talk.read(presets.PRESET, presets.preset_size(self.info.memory_length))

    async def _refuse_while_running(self, control: str) -> None:
        for key in self._channels:
            if is_running(await self._look(key)):
                raise Refused(control, "busy")

    def _welcome(self, key: str) -> None:
        """Take in a unit that is new, or that was forgotten and is heard of again."""
        self.units.setdefault(key, self._known[key])
        if key not in self.identity.serials:
            serials = to_serials(self.info)
            self.identity = self.identity.joined_by(key, serials[key])

    def _charger_reading(self, block: Sequence[int], now: float) -> Reading:
        """Return what the charger as a whole says; each channel reports it."""
        return Reading(
            at=now,
            input_voltage=channel.input_voltage(block),
            temperatures={"internal": channel.internal_temperature(block)},
            values=self._settings | {words.FLASH_WRITES.id: self._writes.to_flash},
            raw={"device_id": self.info.device_id},
        )

    def _channel_reading(
        self, key: str, block: Sequence[int], now: float, about: Sequence[int]
    ) -> Reading:
        cells = channel.connected_cells(block, self.model)
        reading = channel.to_reading(
            block,
            self.model,
            now,
            error_bit=info.has_error(about, words.CHANNELS.index(key) + 1),
            settled=self._watches[key].is_settled(cells),
        )
        self._note_odd(channel.odd_codes(block))
        return reading

    def _note_odd(self, codes: set[tuple[str, int]]) -> None:
        """Log each code that is not known, once."""
        for name, code in sorted(codes - self._odd):
            _LOGGER.info("An unknown %s of the %s: %d", name, words.NAME, code)
        self._odd |= codes
