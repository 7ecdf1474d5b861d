"""An iCharger that does what is asked of it, and nothing else."""

import asyncio
from collections.abc import Mapping
from functools import partial
import logging
from typing import override

from ...links.errors import CellwireError
from ...links.registers import RegisterLink
from ..control import Control
from ..device import Event, Identity, Readings, StopConditions
from ..errors import DeviceError, Refused
from ..model import Value
from . import adjusting, presets, program, words
from .changing import ChangeableCharger, find_preset
from .commands import Commands
from .controls import (
    ChannelActions,
    Wish,
    channel_controls,
    charge_limits,
    names_of,
    refresh_control,
    settings_controls,
)
from .events import DONE, ERROR, STOPPED, run_status
from .operations import check_start, operations_of
from .presets import Preset
from .program import Program, Supervisor

_LOGGER = logging.getLogger(__name__)

# How long closing may take to stop programs, in seconds.
STOP_TIMEOUT = 5.0


class ControlledCharger(ChangeableCharger):
    """The charger with its controls, and with the programs that are watched."""

    def __init__(self, link: RegisterLink, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._commands = Commands(self.lock, self._look, self._writes)
        self._supervisor = Supervisor()

    @override
    async def greet(self) -> None:
        await super().greet()
        self._offer()

    @override
    async def poll(self) -> Readings:
        readings = await super().poll()
        for key in readings.keys() & self._channels:
            if reason := self._supervisor.see(key, readings[key]):
                await self._stop_in_time(key, reason)
            elif ended := self._supervisor.unseen.pop(key, None):
                # As after a restart: no change of the run status tells of it.
                kind = ended if ended in (DONE, ERROR) else STOPPED
                self.emit(Event(unit=key, kind=kind, data={"reason": ended}))
        return readings

    @override
    async def close(self) -> None:
        settings = self.settings
        if settings.stop_on_unload and settings.allow_control and not self.wires.closed:
            await self._stop_all()
        await super().close()

    @override
    async def get_presets(self) -> tuple[Mapping[str, Value], ...]:
        # Even to read them, the number of each has to be written.
        if not self.settings.allow_control:
            raise Refused("presets", "not_allowed")
        return await super().get_presets()

    @override
    async def start_program(
        self, unit: str, preset: str | int, operation: str, stop_at: StopConditions
    ) -> None:
        self._require_leave(unit)
        program.check(stop_at, operation)
        chosen = await self._find(preset)
        await self._start(
            program.CONTROL,
            unit,
            chosen,
            operation,
            Program(slot=chosen.slot, preset=chosen.name, operation=operation, stop_at=stop_at),
        )

    @override
    async def stop_program(self, unit: str) -> None:
        self._require_leave(unit)
        async with self.lock:
            self._require_link()
            await self._commands.stop(program.CONTROL, unit)

    @override
    def program_state(self, unit: str) -> Mapping[str, Value] | None:
        return self._supervisor.state(unit)

    @override
    def resume_program(self, unit: str, state: Mapping[str, Value]) -> None:
        self._require_leave(unit)
        try:
            self._supervisor.watch(unit, Program.from_state(state))
        except (KeyError, TypeError, ValueError) as err:
            raise Refused(program.CONTROL, "not_a_choice") from err

    @override
    async def read_presets(self, control: str) -> None:
        await super().read_presets(control)
        self._offer()

    def _require_leave(self, unit: str) -> None:
        if unit not in (self._channels or words.CHANNELS):
            raise Refused(program.CONTROL, "not_offered")
        if not self.settings.allow_control:
            raise Refused(program.CONTROL, "not_allowed")

    @override
    def _offer(self) -> None:
        """Offer what can be set and started now."""
        ratings = self.model.ratings
        offered: dict[str, tuple[Control, ...]] = {words.CHARGER: (refresh_control(self._refresh),)}
        if ratings and adjusting.may_adjust(self.model, self.info):
            offered[words.CHARGER] += settings_controls(
                ratings, self._settings, self._wish_for_setting
            )
        for key in self._channels:
            wish = self._wishes[key]
            wish.renew(self.presets)
            offered[key] = channel_controls(
                wish,
                self.presets,
                ratings,
                charge_limits(ratings, self._settings, key),
                ChannelActions(
                    choose_preset=partial(self._choose_preset, wish),
                    choose_operation=partial(self._choose_operation, wish),
                    start=partial(self._start_wish, key),
                    stop=partial(self._stop, key),
                    edit=partial(self._wish_for_current, wish),
                ),
            )
        for unit, controls in offered.items():
            self.offer(unit, controls)

    async def _refresh(self, _wish: Value) -> None:
        await self.read_presets("refresh_presets")
        self.hurry()

    async def _choose_preset(self, wish: Wish, name: Value) -> None:
        preset = names_of(self.presets).get(str(name))
        if preset is None:
            raise Refused("preset", "not_a_choice")
        wish.preset = preset
        self._offer()
        self.hurry()

    async def _choose_operation(self, wish: Wish, operation: Value) -> None:
        wish.operation = str(operation)
        self.hurry()

    async def _start_wish(self, key: str, _wish: Value) -> None:
        wish = self._wishes[key]
        if wish.preset is None:
            raise Refused("start", "no_preset")
        if wish.operation is None:
            raise Refused("start", "no_operation")
        await self._start("start", key, wish.preset, wish.operation, None)

    async def _start(
        self,
        control: str,
        key: str,
        preset: Preset,
        operation: str,
        watched: Program | None,
    ) -> None:
        """Start a preset as it was shown, and follow it through its checks."""
        async with self.lock:
            self._require_link()
            await self._check_channels(control, key, watched)
            await self._check_preset(control, preset, operation)
            self._supervisor.watch(key, watched)
            watch = self._runs[key]
            watch.origin = {"preset": preset.name, "operation": operation}
            try:
                await self._commands.run(
                    control, key, operations_of(preset)[operation], preset.slot
                )
            except Refused as err:
                # If it is not known whether it runs, what runs is watched.
                if err.key != "refused_unknown_state":
                    self._supervisor.watch(key, None)
                    watch.origin = {}
                raise
            if watched:
                watched.was_seen = True
        self.hurry()
        await self._commands.settle(control, key)

    async def _check_channels(self, control: str, key: str, watched: Program | None) -> None:
        """Refuse a start unless the channel is idle and the other one shows no error."""
        for each in self._channels:
            reading = await self._look(each)
            run = run_status(reading)
            if each != key:
                if run == words.FAILED:
                    raise Refused(control, "other_channel_error")
            elif run in words.AT_REST and run != words.IDLE:
                raise Refused(control, "needs_stop")
            elif run != words.IDLE:
                raise Refused(control, "busy")
            elif watched and watched.stop_at.cell_voltage and not reading.cell_voltages:
                raise Refused(control, "no_cells")

    async def _check_preset(self, control: str, preset: Preset, operation: str) -> None:
        """Refuse a preset that is not as it was shown, or that must not be started."""
        head = await self._talk.read(presets.HEAD, presets.head_size(self.model.slots))
        stored = await self._stored(preset.slot)
        if stored is None:
            raise Refused(control, "preset_empty")
        listed = presets.to_slots(head, self.model.slots)
        if stored.digest != preset.digest or preset.slot not in listed:
            raise Refused(control, "preset_changed")
        check_start(control, stored, operation, self.model, self.info.memory_length)

    async def _stored(self, slot: int) -> Preset | None:
        return presets.to_preset(slot, await self._read_preset(slot), self.model.layout)

    async def _find(self, preset: str | int) -> Preset:
        """Find a preset by its name, or by its slot, as it was shown or as it is now."""
        found = find_preset(preset, self.presets)
        if found:
            return found
        async with self.lock:
            self._require_link()
            if isinstance(preset, str):
                await self.read_presets(program.CONTROL)
                found = find_preset(preset, self.presets)
            elif preset in range(self.model.slots):
                found = await self._stored(preset)
        if found is None:
            raise Refused(program.CONTROL, "no_such_preset")
        return found

    async def _stop(self, key: str, _wish: Value) -> None:
        self._require_link()
        await self._commands.stop("stop", key)
        self.hurry()

    async def _stop_in_time(self, key: str, reason: str) -> None:
        """Stop a program whose limit is reached. What fails is tried again at the next poll."""
        watch = self._runs[key]
        watch.cause = reason
        try:
            await self._commands.stop(program.CONTROL, key)
        except DeviceError as err:
            _LOGGER.warning("The program on %s could not be stopped (%s): %s", key, reason, err)
            return
        self._supervisor.end(key, reason)
        self.hurry()

    async def _stop_all(self) -> None:
        """Stop what is supervised, in no more than some seconds."""
        if not self._supervisor.running:
            return
        try:
            async with asyncio.timeout(STOP_TIMEOUT), self.lock:
                for key in self._supervisor.running:
                    await self._commands.stop(program.CONTROL, key)
                    self._supervisor.end(key, program.STOPPED)
        except (CellwireError, TimeoutError) as err:
            _LOGGER.warning("A program could not be stopped before closing: %r", err)
