"""The programs of an iCharger: started, stopped, and watched until they end.

Source: docs/devices/icharger.md, "Starting", "Stopping" and "Programs with limits of your own".
"""

import asyncio
from collections.abc import Collection, Mapping
import logging
from typing import Any, override

from ...links.errors import CellwireError
from ..clock import Clock
from ..device import Device, Event, Readings
from ..errors import DeviceError, Refused
from ..model import Value
from ..programs import WATCH_INTERVAL, Programs, State, StopConditions, Trouble
from . import supervisor, words
from .channels import Channels
from .commands import Commands
from .controls import Wish
from .conversation import Conversation
from .events import DONE, ERROR, STOPPED, SUPERVISION_FAILED, run_status
from .operations import check_start, operations_of
from .presets import Preset, find_preset
from .stored import Stored
from .supervisor import CONTROL, Program, Supervisor

_LOGGER = logging.getLogger(__name__)

# In seconds: how long a reading may take for which a program is watched, and how long closing may
# take to stop programs.
WATCH_LIMIT = 20.0
STOP_TIMEOUT = 5.0
# What a person reads in the log.
TROUBLES = {
    Trouble.NOT_STOPPED: "The program on %s has reached its limit and can't be stopped",
    Trouble.NOT_READ: "The program on %s can't be looked at: its limits are not watched",
}


class ChargerPrograms(Programs):
    """Starts and stops programs on the channels, and watches those that were started here."""

    def __init__(
        self, device: Device[Any], conversation: Conversation, channels: Channels, stored: Stored
    ) -> None:
        """Watch nothing yet."""
        super().__init__()
        self._device = device
        self._conversation = conversation
        self._channels = channels
        self._stored = stored
        self._commands = Commands(device.lock, channels.look, conversation.writes)
        self._supervisor = Supervisor()
        self._clock = Clock(
            f"watch over {device.wires.link.name}",
            WATCH_INTERVAL,
            WATCH_LIMIT,
            self._look,
            lambda: bool(self._supervisor.watched),
        )
        self._told: Mapping[str, Trouble] = {}
        self._has_news = False
        device.on_event(self._hear)

    @property
    @override
    def watched(self) -> Collection[str]:
        return self._supervisor.watched.keys()

    @property
    @override
    def failing(self) -> dict[str, Trouble]:
        return self._supervisor.troubles

    @override
    async def get_presets(self) -> tuple[Mapping[str, Value], ...]:
        # Even to read them, the number of each has to be written.
        if not self._device.settings.allow_control:
            raise Refused("presets", "not_allowed")
        async with self._device.lock:
            await self._stored.read_presets("presets")
        return tuple(preset.to_dict() for preset in self._stored.presets)

    @override
    async def start(
        self, unit: str, preset: str | int, operation: str, stop_at: StopConditions
    ) -> None:
        self._require_leave(unit)
        supervisor.check(stop_at, operation)
        async with self._device.lock:
            self._conversation.require()
            chosen = await self._find(preset)
            program = Program(
                slot=chosen.slot, preset=chosen.name, operation=operation, stop_at=stop_at
            )
            await self._begin(CONTROL, unit, chosen, operation, program)
        await self._follow(CONTROL, unit)

    async def start_wish(self, unit: str, wish: Wish) -> None:
        """Start what was chosen on a channel, which nobody watches. Raises as `start`."""
        async with self._device.lock:
            self._conversation.require()
            if wish.preset is None:
                raise Refused("start", "no_preset")
            if wish.operation is None:
                raise Refused("start", "no_operation")
            await self._begin("start", unit, wish.preset, wish.operation, None)
        await self._follow("start", unit)

    @override
    async def stop(self, unit: str) -> None:
        self._require_leave(unit)
        async with self._device.lock:
            await self.stop_now(CONTROL, unit)

    async def stop_now(self, control: str, unit: str) -> None:
        """Stop what runs on a channel, with the lock held. Raises as `start`."""
        self._conversation.require()
        await self._commands.stop(control, unit)
        self._device.hurry()

    @override
    def state(self, unit: str) -> State | None:
        program = self._supervisor.program(unit)
        return program.state() if program else None

    @override
    def resume(self, unit: str, state: State) -> None:
        self._require_channel(unit)
        try:
            self._watch(unit, Program.from_state(state))
        except (KeyError, TypeError, ValueError) as err:
            raise Refused(CONTROL, "not_a_choice") from err

    @override
    async def until_end(self, unit: str) -> State:
        program = self._supervisor.program(unit)
        if program is None:
            return {}
        await program.over.wait()
        return program.state()

    async def see(self, readings: Readings) -> None:
        """Take in readings, with the lock held, and stop what has reached a limit."""
        self._clock.note()
        try:
            for key in readings.keys() & self._conversation.channels:
                if reason := self._supervisor.see(key, readings[key]):
                    await self._stop_in_time(key, reason)
                elif ended := self._supervisor.unseen.pop(key, None):
                    # As after a restart: no change of the run status tells of it.
                    kind = ended if ended in (DONE, ERROR) else STOPPED
                    self._device.emit(Event(unit=key, kind=kind, data={"reason": ended}))
        finally:
            self._tell()

    def forget(self, unit: str) -> None:
        """Watch a channel no more, which is gone."""
        self._supervisor.leave(unit)
        self._supervisor.watch(unit, None)

    async def close(self) -> None:
        """Watch nothing any more; stop what is watched, if that is wanted."""
        await self._clock.close()
        settings = self._device.settings
        if settings.stop_on_unload and settings.allow_control and not self._device.wires.closed:
            await self._stop_all()
        for unit in self._supervisor.watched:
            self._supervisor.leave(unit)

    def _require_channel(self, unit: str) -> None:
        if unit not in (self._conversation.channels or words.CHANNELS):
            raise Refused(CONTROL, "not_offered")

    def _require_leave(self, unit: str) -> None:
        self._require_channel(unit)
        if not self._device.settings.allow_control:
            raise Refused(CONTROL, "not_allowed")

    def _watch(self, unit: str, program: Program | None) -> None:
        self._supervisor.watch(unit, program)
        self._clock.wind_up()

    async def _find(self, preset: str | int) -> Preset:
        """Find a preset by its name, or by its slot, as it was shown or as it is now."""
        if found := find_preset(preset, self._stored.presets):
            return found
        if isinstance(preset, str):
            await self._stored.read_presets(CONTROL)
            found = find_preset(preset, self._stored.presets)
        elif preset in range(self._conversation.model.slots):
            found = await self._stored.preset(preset)
        if found is None:
            raise Refused(CONTROL, "no_such_preset")
        return found

    async def _begin(
        self, control: str, key: str, preset: Preset, operation: str, program: Program | None
    ) -> None:
        """Start a preset as it was shown."""
        await self._check_channels(control, key, program)
        await self._check_preset(control, preset, operation)
        self._watch(key, program)
        run = self._channels.runs[key]
        run.origin = {"preset": preset.name, "operation": operation}
        try:
            await self._commands.run(control, key, operations_of(preset)[operation], preset.slot)
        except Refused as err:
            # If it is not known whether it runs, what runs is watched.
            if err.key != "refused_unknown_state":
                self._watch(key, None)
                run.origin = {}
            raise
        if program:
            program.was_seen = True

    async def _follow(self, control: str, key: str) -> None:
        """Follow what was started through its checks, which can end it."""
        self._device.hurry()
        await self._commands.settle(control, key)

    async def _check_channels(self, control: str, key: str, program: Program | None) -> None:
        """Refuse a start unless the channel is idle and the other one shows no error."""
        for each in self._conversation.channels:
            reading = await self._channels.look(each)
            run = run_status(reading)
            if each != key:
                if run == words.FAILED:
                    raise Refused(control, "other_channel_error")
            elif run in words.AT_REST and run != words.IDLE:
                raise Refused(control, "needs_stop")
            elif run != words.IDLE:
                raise Refused(control, "busy")
            elif program and program.stop_at.cell_voltage and not reading.cell_voltages:
                raise Refused(control, "no_cells")

    async def _check_preset(self, control: str, preset: Preset, operation: str) -> None:
        """Refuse a preset that is not as it was shown, or that must not be started."""
        listed = await self._stored.read_list()
        stored = await self._stored.preset(preset.slot)
        if stored is None:
            raise Refused(control, "preset_empty")
        if stored.digest != preset.digest or preset.slot not in listed:
            raise Refused(control, "preset_changed")
        conversation = self._conversation
        check_start(control, stored, operation, conversation.model, conversation.info.memory_length)

    async def _look(self) -> None:
        """Read the charger because a program is watched, whoever else reads it."""
        self._has_news = False
        try:
            await self._device.read()
        except CellwireError as err:
            _LOGGER.debug("A watched program could not be looked at: %s", err)
        finally:
            self._tell()
            if self._has_news:
                self._device.hurry()

    def _hear(self, _event: Event) -> None:
        self._has_news = True

    async def _stop_in_time(self, key: str, reason: str) -> None:
        """Stop a program whose limit is reached. What fails is tried again at the next reading."""
        program = self._supervisor.watched[key]
        if not self._device.settings.allow_control:
            program.resists = True
            return
        self._channels.runs[key].cause = reason
        try:
            await self._commands.stop(CONTROL, key)
        except DeviceError as err:
            program.resists = True
            _LOGGER.debug("The program on %s could not be stopped (%s): %s", key, reason, err)
            return
        except BaseException:
            # The link was lost, or it took too long.
            program.resists = True
            raise
        self._supervisor.end(key, reason)
        self._device.hurry()

    def _tell(self) -> None:
        """Tell once of each program that can't be kept to its limits."""
        told, self._told = self._told, self._supervisor.troubles
        for key, trouble in self._told.items():
            if told.get(key) is not trouble:
                _LOGGER.error(TROUBLES[trouble], key)
                data = {"reason": trouble.value}
                self._device.emit(Event(unit=key, kind=SUPERVISION_FAILED, data=data))
        if told != self._told:
            self._device.hurry()

    async def _stop_all(self) -> None:
        """Stop what is watched, in no more than some seconds."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT), self._device.lock:
                for key in self._supervisor.running:
                    await self._stop_before_closing(key)
        except TimeoutError:
            _LOGGER.warning("The programs could not be stopped before closing: no answer in time")

    async def _stop_before_closing(self, key: str) -> None:
        try:
            await self._commands.stop(CONTROL, key)
        except CellwireError as err:
            _LOGGER.warning("The program on %s could not be stopped before closing: %r", key, err)
        else:
            self._supervisor.end(key, supervisor.STOPPED)
