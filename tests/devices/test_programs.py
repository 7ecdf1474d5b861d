"""What devices that run programs have in common: what was promised is not forgotten."""

from collections.abc import Collection, Mapping
import json
from typing import Any, override

import pytest

from custom_components.cellwire.devices.device import Device, Identity, Readings
from custom_components.cellwire.devices.errors import Refused
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.devices.programs import Programs, State, StopConditions, Trouble
from custom_components.cellwire.links.serial import SerialLink

FIRST, SECOND = "channel_1", "channel_2"
STATE = {"slot": 7, "minutes": 30.0, "ended": None}


class Memorised(Programs):
    """Programs that only remember which ones they watch."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, State] = {}

    @property
    @override
    def watched(self) -> Collection[str]:
        return [unit for unit, state in self.kept.items() if state["ended"] is None]

    @property
    @override
    def failing(self) -> dict[str, Trouble]:
        return {unit: Trouble.NOT_STOPPED for unit in self.watched if unit == SECOND}

    @override
    async def get_presets(self) -> tuple[Mapping[str, Value], ...]:
        return ()

    @override
    async def start(
        self, unit: str, preset: str | int, operation: str, stop_at: StopConditions
    ) -> None:
        self.kept[unit] = STATE

    @override
    async def stop(self, unit: str) -> None:
        self.kept[unit] = {**STATE, "ended": "stopped"}

    @override
    def state(self, unit: str) -> State | None:
        return self.kept.get(unit)

    @override
    def resume(self, unit: str, state: State) -> None:
        if "slot" not in state:
            raise Refused("program", "not_a_choice")
        self.kept[unit] = state

    @override
    async def until_end(self, unit: str) -> State:
        return self.kept[unit]


class Plain(Device):
    """A device without programs."""

    def __init__(self) -> None:
        super().__init__(SerialLink("/dev/null", 9600), Identity(variant="v", serials={}))

    @override
    async def start(self) -> None:
        """Find everything at once."""

    @override
    async def read(self) -> Readings:
        return {}

    @override
    async def close(self) -> None:
        """Hold nothing."""


class Runner(Plain):
    """A device with programs."""

    programs: Memorised

    def __init__(self) -> None:
        super().__init__()
        self.programs = Memorised()


def after_a_restart(kept: Any) -> Runner:
    device = Runner()
    device.recalled = json.loads(json.dumps(kept))
    return device


async def test_those_that_are_watched_are_kept() -> None:
    device = Runner()
    assert device.memory() == {}
    await device.programs.start(FIRST, 7, "charge", StopConditions())
    assert device.memory() == {"programs": {FIRST: STATE}}
    await device.programs.stop(FIRST)
    assert device.memory() == {}


async def test_what_was_recalled_is_kept_until_it_is_taken_over() -> None:
    kept = {"programs": {FIRST: STATE}}
    device = after_a_restart(kept)
    # As often as a set-up fails.
    for _ in range(3):
        assert device.memory() == kept
        device = after_a_restart(device.memory())
    assert device.programs.troubles == {FIRST: Trouble.NOT_READ}
    assert device.programs.watched == []
    device.resume()
    assert device.programs.watched == [FIRST]
    assert device.programs.troubles == {}
    assert device.memory() == kept
    await device.programs.stop(FIRST)
    assert device.memory() == {}
    # Once is enough.
    device.resume()
    assert device.memory() == {}


async def test_troubles_are_those_of_all() -> None:
    device = after_a_restart({"programs": {FIRST: STATE}})
    await device.programs.start(SECOND, 7, "charge", StopConditions())
    assert device.programs.troubles == {FIRST: Trouble.NOT_READ, SECOND: Trouble.NOT_STOPPED}


@pytest.mark.parametrize("kept", [{}, {"programs": None}, {"programs": [1]}])
def test_what_is_no_memory_of_programs_is_none(kept: dict[str, Any]) -> None:
    device = after_a_restart(kept)
    device.resume()
    assert device.memory() == {}


def test_a_state_that_makes_no_sense_is_given_up_and_said_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    device = after_a_restart({"programs": {FIRST: {"slots": 7}, SECOND: STATE, "third": 3}})
    device.resume()
    assert device.programs.watched == [SECOND]
    assert "The program on channel_1 is not watched any more" in caplog.text


def test_a_device_without_programs_has_none_to_keep() -> None:
    device = Plain()
    device.recalled = {"programs": {FIRST: STATE}, "count": 3}
    assert device.recalled["count"] == 3
    device.resume()
    assert device.memory() == {}
