"""What happens on a channel, by the changes of its run status.

Source: docs/devices/icharger.md, "Events".
"""

from collections.abc import Mapping

from ..device import Event
from ..model import Reading, Value
from . import words

STARTED, DONE, STOPPED, ERROR = "started", "done", "stopped", "error"
SUPERVISED_STOP, SUPERVISION_FAILED = "supervised_stop", "supervision_failed"
EVENTS = (STARTED, DONE, STOPPED, ERROR, SUPERVISED_STOP, SUPERVISION_FAILED)


def run_status(reading: Reading) -> int:
    """Return the run status as it came."""
    return int(reading.raw["run_status"])


def is_running(reading: Reading) -> bool:
    """Tell whether a program is under way."""
    return run_status(reading) not in words.AT_REST


class RunWatch:
    """Compares the state of a channel with the last one that was seen, and tells what happened.

    `origin` is what is known of a program that was started from here, `cause` why it is being
    stopped from here.
    """

    def __init__(self, unit: str) -> None:
        """Know nothing yet: what is seen first is no event."""
        self.origin: Mapping[str, Value] = {}
        self.cause: str | None = None
        self._unit = unit
        self._before: int | None = None

    def see(self, reading: Reading) -> Event | None:
        """Take in a reading; return what happened since the last one."""
        before, self._before = self._before, run_status(reading)
        if before is None or before == self._before:
            return None
        kind = _kind(before, self._before)
        if kind is None:
            return None
        data = dict(self.origin)
        if kind is not STARTED:
            if kind is STOPPED and self.cause:
                kind, data["reason"] = SUPERVISED_STOP, self.cause
            data |= _outcome(reading)
            self.origin, self.cause = {}, None
        return Event(unit=self._unit, kind=kind, data=data)


def _kind(before: int, now: int) -> str | None:
    """Name a change of the run status, None for one inside a program or from screen to screen."""
    was_at_rest = before in words.AT_REST
    match now:
        case words.DONE:
            return DONE
        case words.FAILED:
            return ERROR
        case words.STOPPED | words.IDLE:
            return None if was_at_rest else STOPPED
        case _:
            return STARTED if was_at_rest else None


def _outcome(reading: Reading) -> dict[str, Value]:
    data: dict[str, Value] = {"charge": reading.values[words.PROGRAM_CHARGE.id]}
    if reading.program_time is not None:
        data["minutes"] = round(reading.program_time / 60, 1)
    if run_status(reading) == words.FAILED:
        data |= {"error": reading.error, "code": reading.values[words.ERROR_CODE.id]}
    return data
