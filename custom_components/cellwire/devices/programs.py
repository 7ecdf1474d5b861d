"""The capability of devices that keep programs, called presets, and run them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
import logging
from typing import Any

from .errors import Refused
from .model import Value

_LOGGER = logging.getLogger(__name__)

# How often a device is read while a program on it is watched, at least, in seconds.
WATCH_INTERVAL = 5.0

# What a person, an automation or a restart wants to know of a program, as JSON has it.
type State = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopConditions:
    """When a program is to be stopped, whichever comes first; None is never.

    After so many `minutes`, after so many `mah` in or out, or when a cell reaches a voltage in V:
    the highest one when charging, the lowest one when discharging.
    """

    minutes: float | None = None
    mah: float | None = None
    cell_voltage: float | None = None


class Trouble(StrEnum):
    """Why a program that is watched can't be kept to its limits."""

    NOT_STOPPED = "not_stopped"  # a limit is reached, and the program goes on
    NOT_READ = "not_read"  # nobody knows what it does


class Programs(ABC):
    """The presets of a device, and the programs that run on its units.

    What `start` began is watched until it ends, whoever reads the device and however often: it is
    stopped when a limit is reached, or it shows in `troubles` that it can't be.
    """

    def __init__(self) -> None:
        """Know of no program."""
        # States from before a restart that nobody took over yet.
        self._recalled: dict[str, dict[str, Value]] = {}

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """What keeps watched programs from being stopped in time, by the key of the unit."""
        return dict.fromkeys(self._recalled, Trouble.NOT_READ) | self.failing

    @property
    @abstractmethod
    def watched(self) -> Collection[str]:
        """The keys of the units on which a program is watched now."""

    @property
    @abstractmethod
    def failing(self) -> dict[str, Trouble]:
        """What keeps those from being stopped in time, by the key of the unit."""

    @abstractmethod
    async def get_presets(self) -> tuple[Mapping[str, Value], ...]:
        """Read the programs that are stored in the device, because a person asks for them.

        Raises Refused, LinkError or another DeviceError.
        """

    @abstractmethod
    async def start(
        self, unit: str, preset: str | int, operation: str, stop_at: StopConditions
    ) -> None:
        """Start a stored program by the name or number of its preset, and stop it in time.

        Raises Refused, LinkError or another DeviceError.
        """

    @abstractmethod
    async def stop(self, unit: str) -> None:
        """Stop a program, whoever started it. Raises as `start`."""

    @abstractmethod
    def state(self, unit: str) -> State | None:
        """Tell of the program that was started last: what `resume` wants to know.

        `ended` says how it ended, None while it is watched. None if there was none.
        """

    @abstractmethod
    def resume(self, unit: str, state: State) -> None:
        """Watch a program again that was started before, if it still goes on.

        Nothing is written until a limit is reached. Raises Refused for what is no state.
        """

    @abstractmethod
    async def until_end(self, unit: str) -> State:
        """Wait until the program that was started last has ended, or nobody watches it any more.

        Returns what is known of it; nothing if there was none.
        """

    def recall(self, states: Any) -> None:
        """Keep what `memory` returned before a restart until it is taken over.

        What is no state is of no use, and left out.
        """
        kept = states.items() if isinstance(states, Mapping) else ()
        self._recalled = {unit: dict(each) for unit, each in kept if isinstance(each, Mapping)}

    def take_over(self) -> None:
        """Watch the programs again that were watched before a restart."""
        recalled, self._recalled = self._recalled, {}
        for unit, state in recalled.items():
            try:
                self.resume(unit, state)
            except Refused as err:
                _LOGGER.warning("The program on %s is not watched any more: %s", unit, err)

    def memory(self) -> dict[str, dict[str, Value]]:
        """Return the states of the programs that are watched, by the key of the unit.

        Also of those that nobody could take over yet: a device may be off for one try.
        """
        states = {unit: self.state(unit) for unit in self.watched}
        return self._recalled | {unit: dict(state) for unit, state in states.items() if state}
