"""What to send to a device, and when: one command at a time, between its flood of frames.

Source: docs/vedirect.md, "Questions and their timing".
"""

import asyncio
from collections import deque
from dataclasses import dataclass
import time

from ...links.errors import CellwireError
from ...links.health import LinkHealth
from .hex import Answer, Command, HexFrame, get
from .register import FIRMWARE, PRODUCT, SERIAL_NUMBER, Register, Registers, Tier
from .samples import Samples

# Slow enough that no device falls into answering only and stops its text.
PACE = 0.25
# A person waits for the few commands of a control, which therefore go faster.
WANTED_PACE = 0.1
ANSWER_TIMEOUT = 1.5
TRIES = 3
# After so many registers without any answer nobody listens: the TX wire is missing.
DEAF_AFTER = 3
DEAF_PAUSE = 60.0
INTERVALS = {Tier.IDENTITY: float("inf"), Tier.MEASUREMENT: 10.0, Tier.SETTING: 300.0}
# Answers come in the order of the commands. What answers one of these shows that nothing older
# is still on its way.
FENCES = (PRODUCT, FIRMWARE, SERIAL_NUMBER)

_NEVER = float("-inf")


@dataclass(eq=False, slots=True)
class Question:
    """A command, how often it is sent at most, and how often it was; perhaps somebody waits."""

    command: Command
    register: int
    frame: bytes
    tries: int = TRIES
    sent: int = 0
    answer: asyncio.Future[HexFrame] | None = None

    @property
    def key(self) -> tuple[int, int]:
        """What its answer can be told by."""
        return self.command, self.register

    def settle(self, result: HexFrame | CellwireError | TimeoutError) -> None:
        """Tell who waits for it, if still anybody does."""
        if self.answer is None or self.answer.done():
            return
        if isinstance(result, HexFrame):
            self.answer.set_result(result)
        else:
            self.answer.set_exception(result)


def asking(register: int) -> Question:
    """Make the question for a register."""
    return Question(Command.GET, register, get(register))


class Questions:
    """Chooses the next command and matches the answers.

    What somebody waits for goes first. What the device sends by itself often enough is not asked
    for, nor what it does not know.
    """

    def __init__(self, health: LinkHealth, registers: Registers) -> None:
        """Begin with a new connection: everything is to be asked."""
        self._health = health
        self._asked = registers.asked
        # Nothing is due before, in monotonic seconds.
        self._idle_until = _NEVER
        self._open: Question | None = None
        self._wanted: deque[Question] = deque()
        self._sent_at = _NEVER
        self._unanswered = 0
        self._quiet_until = _NEVER
        self._refused: set[int] = set()
        self._done: dict[int, float] = {}
        # What was given up, and may still be answered.
        self._late: set[tuple[int, int]] = set()

    def want(self, question: Question) -> None:
        """Send a command for somebody who waits for its answer."""
        self._wanted.append(question)

    def fail(self, error: CellwireError) -> None:
        """Tell all who wait that the connection is gone."""
        for question in filter(None, (self._open, *self._wanted)):
            question.settle(error)
        self._wanted.clear()

    def due(self, samples: Samples, now: float) -> bytes | None:
        """Return the command to send at the moment `now` (monotonic seconds), if there is one."""
        if self._open:
            if now - self._sent_at < ANSWER_TIMEOUT:
                return None
            self._health.timeouts += 1
            self._health.answer_time = None
            overtaken = bool(self._wanted) and self._open.answer is None
            if self._open.sent < self._open.tries and not overtaken:
                return self._send(self._open, now)
            self._give_up(self._open, now)
        if wanted := self._next_wanted():
            return self._send(wanted, now) if now - self._sent_at >= WANTED_PACE else None
        if now < self._quiet_until or now - self._sent_at < PACE or now < self._idle_until:
            return None
        register = self._next_due(samples, now)
        return None if register is None else self._send(asking(register), now)

    def take(self, frame: HexFrame) -> None:
        """Look whether a frame answers the open command."""
        if frame.command == Answer.ERROR:
            self._health.complaints += 1
        question = self._open
        if question is None:
            return
        if frame.command == Answer.UNKNOWN and frame.data[:1] == bytes((question.command,)):
            # It does not know the command itself.
            self._open = None
            question.settle(frame)
            if question.answer is None:
                self._quiet_until = float("inf")
        elif frame.names_register and (frame.command, frame.register) == question.key:
            self._open = None
            self._answered(question, frame)

    def is_settled(self, register: int) -> bool:
        """Tell whether asking for a register came to an end, with or without an answer."""
        return register in self._done

    def _next_wanted(self) -> Question | None:
        """Return what to send for those who wait.

        Where a late answer could be taken for the one that they wait for, something else is asked
        first, until that is out of the way.
        """
        while self._wanted:
            question = self._wanted[0]
            if question.answer and question.answer.done():
                # Whoever wanted it has gone: it must not be sent any more.
                self._wanted.popleft()
            elif question.key not in self._late:
                return question
            elif fence := next((f for f in FENCES if (Command.GET, f) not in self._late), None):
                return Question(Command.GET, fence, get(fence), tries=1)
            else:
                self._wanted.popleft().settle(TimeoutError())
        return None

    def _send(self, question: Question, now: float) -> bytes:
        # A line feed ends whatever the device may have taken for the beginning of a frame.
        start = b"\n" if self._sent_at == _NEVER else b""
        if self._wanted and self._wanted[0] is question:
            self._wanted.popleft()
        self._open = question
        self._sent_at = now
        question.sent += 1
        return start + question.frame

    def _answered(self, question: Question, frame: HexFrame) -> None:
        now = time.monotonic()
        self._health.answered(now - self._sent_at)
        self._unanswered = 0
        # The echo of a set looks like its answer, so only a get proves that nothing is late.
        if question.command is Command.GET and question.key not in self._late:
            self._late.clear()
        question.settle(frame)
        if question.command is Command.GET:
            self._done[question.register] = now
            if frame.flags:
                self._refused.add(question.register)

    def _give_up(self, question: Question, now: float) -> None:
        self._open = None
        self._late.add(question.key)
        question.settle(TimeoutError())
        if question.answer or question.sent < TRIES:
            return
        self._done[question.register] = now
        self._unanswered += 1
        if self._unanswered >= DEAF_AFTER:
            self._quiet_until = now + DEAF_PAUSE

    def _next_due(self, samples: Samples, now: float) -> int | None:
        """Return the register to ask for, None if none is due, and not before the next one is."""
        idle_until = float("inf")
        for register in self._asked:
            due_at = self._due_at(register, samples)
            if due_at <= now:
                return register.number
            idle_until = min(idle_until, due_at)
        self._idle_until = idle_until
        return None

    def _due_at(self, register: Register, samples: Samples) -> float:
        """Return when to ask for a register, in monotonic seconds."""
        if register.number in self._refused:
            return float("inf")
        last = max(self._done.get(register.number, _NEVER), samples.at(register.number))
        if last == _NEVER:
            return _NEVER
        return last + INTERVALS[register.tier]
