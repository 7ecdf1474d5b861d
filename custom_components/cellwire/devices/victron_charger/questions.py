"""What to ask a charger, and when: one question at a time, in between its flood of frames."""

import time

from ...links.health import LinkHealth
from .hex import Answer, HexFrame, get
from .register import Register, Tier
from .registers import REGISTERS
from .samples import Samples

# Slow enough that no charger falls into answering only and stops its text.
PACE = 0.25
ANSWER_TIMEOUT = 1.5
TRIES = 3
# After so many registers without any answer nobody listens: the TX wire is missing.
DEAF_AFTER = 3
DEAF_PAUSE = 60.0
INTERVALS = {Tier.IDENTITY: float("inf"), Tier.MEASUREMENT: 10.0, Tier.SETTING: 300.0}

_ASKED = tuple(register for register in REGISTERS.values() if register.tier in INTERVALS)
_NEVER = float("-inf")


class Questions:
    """Chooses the next register and matches the answers.

    What the charger sends by itself often enough is not asked for, nor what it does not know.
    """

    def __init__(self, health: LinkHealth) -> None:
        """Begin with a new connection: everything is to be asked."""
        self._health = health
        self._open: Register | None = None
        self._sent_at = _NEVER
        self._tries = 0
        self._unanswered = 0
        self._quiet_until = _NEVER
        self._refused: set[int] = set()
        self._done: dict[int, float] = {}

    def due(self, samples: Samples, now: float) -> bytes | None:
        """Return the question to send at the moment `now` (monotonic seconds), if there is one."""
        if self._open:
            if now - self._sent_at < ANSWER_TIMEOUT:
                return None
            self._health.timeouts += 1
            if self._tries < TRIES:
                return self._ask(self._open, now)
            self._give_up(self._open, now)
        if now < self._quiet_until or now - self._sent_at < PACE:
            return None
        for register in _ASKED:
            if self._is_due(register, samples, now):
                self._tries = 0
                return self._ask(register, now)
        return None

    def take(self, frame: HexFrame) -> None:
        """Look whether a frame answers the open question."""
        if frame.command == Answer.ERROR:
            self._health.complaints += 1
        if self._open is None:
            return
        if frame.command == Answer.UNKNOWN:
            # It does not know the command itself.
            self._open = None
            self._quiet_until = float("inf")
        elif (
            frame.command == Answer.GET
            and frame.names_register
            and frame.register == self._open.number
        ):
            now = time.monotonic()
            self._health.answered(now - self._sent_at)
            self._done[self._open.number] = now
            self._unanswered = 0
            if frame.flags:
                self._refused.add(self._open.number)
            self._open = None

    def is_settled(self, register: int) -> bool:
        """Tell whether asking for a register came to an end, with or without an answer."""
        return register in self._done

    def _ask(self, register: Register, now: float) -> bytes:
        # A line feed ends whatever the charger may have taken for the beginning of a frame.
        start = b"\n" if self._sent_at == _NEVER else b""
        self._open = register
        self._sent_at = now
        self._tries += 1
        return start + get(register.number)

    def _give_up(self, register: Register, now: float) -> None:
        self._open = None
        self._done[register.number] = now
        self._unanswered += 1
        if self._unanswered >= DEAF_AFTER:
            self._quiet_until = now + DEAF_PAUSE

    def _is_due(self, register: Register, samples: Samples, now: float) -> bool:
        if register.number in self._refused:
            return False
        name = register.text or next(field.name for field in register.fields if field.target)
        last = max(self._done.get(register.number, _NEVER), samples.at(name))
        return now - last >= INTERVALS[register.tier]
