"""Programs that are watched: they are stopped when somebody's own limit is reached.

Source: docs/devices/icharger.md, "Programs with limits of your own".
"""

import asyncio
from dataclasses import asdict, dataclass, field
import logging
import time

from ..errors import Refused
from ..model import Reading, Value
from ..programs import State, StopConditions, Trouble
from . import words
from .events import is_running, run_status
from .operations import CHARGE, DISCHARGE

_LOGGER = logging.getLogger(__name__)

CONTROL = "program"
ENDS = {words.DONE: "done", words.FAILED: "error", words.STOPPED: "stopped"}
STOPPED, LOST = "stopped", "lost"
# How far the time of a program may be from what it should be by now: seconds, and a part of the
# time that has passed (our choice).
SLACK, DRIFT = 30.0, 0.02
# A program that was not looked at for so long, in seconds, is not watched (our choice).
UNWATCHED = 30.0
# What a limit may be: minutes, mAh, V of a cell.
RANGES = {"minutes": (0.1, 9999.0), "mah": (1.0, 999900.0), "cell_voltage": (0.5, 5.0)}


@dataclass(slots=True, kw_only=True)
class Program:
    """A program that was started from here.

    `program_time` is how long it had run in s when it was seen last, which was `at` (monotonic
    seconds). `ended` says how it ended; `stopping` why it is being stopped, and `resists` that it
    could not be. `looked_at` is when anything was known of it last, `over` when it is not watched
    any more.
    """

    slot: int
    preset: str
    operation: str
    stop_at: StopConditions = field(default_factory=StopConditions)
    program_time: float = 0.0
    at: float = field(default_factory=time.monotonic)
    was_seen: bool = False
    stopping: str | None = None
    ended: str | None = None
    resists: bool = False
    looked_at: float = field(default_factory=time.monotonic, compare=False)
    over: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)

    @classmethod
    def from_state(cls, state: State) -> Program:
        """Make a program of what `state` returned, perhaps before a restart.

        Raises KeyError, TypeError or ValueError for anything else.
        """
        ended = state["ended"]
        return cls(
            slot=int(_number(state["slot"])),
            preset=str(state["preset"]),
            operation=str(state["operation"]),
            stop_at=StopConditions(
                **{
                    key: None if state[key] is None else _number(state[key])
                    for key in asdict(StopConditions())
                }
            ),
            program_time=_number(state["program_time"]),
            at=time.monotonic() - time.time() + _number(state["seen_at"]),
            ended=None if ended is None else str(ended),
        )

    def state(self) -> dict[str, Value]:
        """Return what is to be kept of it over a restart."""
        return {
            "slot": self.slot,
            "preset": self.preset,
            "operation": self.operation,
            **asdict(self.stop_at),
            "program_time": self.program_time,
            "seen_at": time.time() - time.monotonic() + self.at,
            "ended": self.ended,
        }

    def is_same(self, reading: Reading) -> bool:
        """Tell whether it can be this one that runs: its time must have gone on."""
        passed = reading.at - self.at
        expected = self.program_time + passed
        return abs((reading.program_time or 0.0) - expected) <= SLACK + DRIFT * abs(passed)

    def reached(self, reading: Reading) -> str | None:
        """Name the limit that is reached, None if there is none."""
        stop_at = self.stop_at
        seconds, charge = reading.program_time, reading.values[words.PROGRAM_CHARGE.id]
        if stop_at.minutes is not None and (seconds or 0.0) >= 60 * stop_at.minutes:
            return "limit_time"
        if stop_at.mah is not None and abs(float(charge or 0)) * 1000 >= stop_at.mah:
            return "limit_capacity"
        if stop_at.cell_voltage is not None and self._cell_reached(reading, stop_at.cell_voltage):
            return "limit_cell_voltage"
        return None

    def _cell_reached(self, reading: Reading, limit: float) -> bool:
        if self.operation == CHARGE:
            return (reading.cell_voltage_max or 0.0) >= limit
        lowest = reading.cell_voltage_min
        return lowest is not None and lowest <= limit


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def check(stop_at: StopConditions, operation: str) -> None:
    """Raise Refused for limits that make no sense, or that an operation does not reach."""
    for key, (lowest, highest) in RANGES.items():
        limit = getattr(stop_at, key)
        if limit is not None and not lowest <= limit <= highest:
            raise Refused(CONTROL, "out_of_range")
    if stop_at.cell_voltage is not None and operation not in (CHARGE, DISCHARGE):
        raise Refused(CONTROL, "cell_limit_unclear")


class Supervisor:
    """Watches one program a channel."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._programs: dict[str, Program] = {}
        # How programs ended whose end nobody saw, until it is told.
        self.unseen: dict[str, str] = {}

    def watch(self, unit: str, program: Program | None) -> None:
        """Watch a program from now on, and no other one on this channel."""
        if before := self._programs.pop(unit, None):
            before.over.set()
        if program:
            self._programs[unit] = program

    def program(self, unit: str) -> Program | None:
        """Return the program that was watched last."""
        return self._programs.get(unit)

    @property
    def watched(self) -> dict[str, Program]:
        """The programs that have not ended, as far as is known."""
        return {unit: each for unit, each in self._programs.items() if each.ended is None}

    @property
    def running(self) -> tuple[str, ...]:
        """The channels on which a program was seen that is watched."""
        return tuple(unit for unit, program in self.watched.items() if program.was_seen)

    @property
    def troubles(self) -> dict[str, Trouble]:
        """Why programs that are watched can't be kept to their limits, by channel."""
        since = time.monotonic() - UNWATCHED
        return {
            unit: Trouble.NOT_READ if program.looked_at < since else Trouble.NOT_STOPPED
            for unit, program in self.watched.items()
            if program.looked_at < since or program.resists
        }

    def see(self, unit: str, reading: Reading) -> str | None:
        """Take in a reading of a channel; return why its program is to be stopped now, if so."""
        program = self.watched.get(unit)
        if program is None:
            return None
        program.looked_at = reading.at
        if not is_running(reading):
            unseen = STOPPED if program.was_seen else LOST
            self.end(unit, program.stopping or ENDS.get(run_status(reading), unseen))
        elif not program.is_same(reading):
            self.end(unit, LOST)
        else:
            program.was_seen = True
            program.program_time, program.at = reading.program_time or 0.0, reading.at
            # A limit that was reached once is reached, whatever a cell says after that.
            program.stopping = program.stopping or program.reached(reading)
            return program.stopping
        return None

    def end(self, unit: str, reason: str) -> None:
        """Note how a program ended."""
        program = self._programs[unit]
        program.ended = reason
        program.over.set()
        if reason == LOST or not program.was_seen:
            self.unseen[unit] = reason
        level = logging.WARNING if reason == LOST else logging.INFO
        _LOGGER.log(level, "The program of preset %s on %s ended: %s", program.preset, unit, reason)

    def leave(self, unit: str) -> None:
        """Stop watching a channel, and say so if its program goes on without that."""
        if program := self.watched.get(unit):
            _LOGGER.warning(
                "Nobody watches the program of preset %s on %s any more", program.preset, unit
            )
            program.over.set()
