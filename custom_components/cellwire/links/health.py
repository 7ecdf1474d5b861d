"""How well a link does, and the last bytes that went over it."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
import logging
import time

_LOGGER = logging.getLogger(__name__)

# Enough for the last few polls of a bus, or a few seconds of a stream.
TRACE_ENTRIES = 64
# No frame of any family is longer; what is, is noise, and its beginning is enough.
TRACE_BYTES = 400
# More than the packs of a full bus have blocks.
TRACE_KINDS = 96
# What is older says little of how a link does now, in seconds.
RECENT = 600.0


@dataclass(slots=True)
class LinkHealth:
    """Counters since the entry was set up. Times are seconds, wall clock for `last_good`.

    `timeouts` counts what was not answered at all, or the long silences of a device that talks,
    `checksum_errors` what came damaged, `rejected` frames and fields with a right checksum that
    can't be true, `complaints` the messages of a device that it received garbage, `mistakes` the
    exceptions that nobody foresaw, which are mistakes of this project. `answer_time`
    is that of the last exchange, None while it waits and if it failed.
    """

    opened: int = 0
    lost: int = 0
    good_frames: int = 0
    checksum_errors: int = 0
    discarded_bytes: int = 0
    resyncs: int = 0
    timeouts: int = 0
    rejected: int = 0
    complaints: int = 0
    mistakes: int = 0
    last_good: float | None = None
    answer_time: float | None = None
    slowest_answer: float | None = None

    def good(self) -> None:
        """Count a frame that passed every check."""
        self.good_frames += 1
        self.last_good = time.time()

    def answered(self, seconds: float) -> None:
        """Note how long an answer took."""
        self.answer_time = seconds
        self.slowest_answer = max(seconds, self.slowest_answer or 0.0)


class Success:
    """How much came through lately: a mean, in which a silence counts as much as talk.

    Each reading is worth the share of good frames in all that came or should have come since the
    one before: good and damaged frames, and answers that did not come. One that failed although
    none of these was counted, as without a port or when a device stops talking, is worth nothing.
    """

    def __init__(self, health: LinkHealth) -> None:
        """Count from the set-up of the entry on."""
        self._health = health
        self._good = self._bad = 0
        self._shares: deque[tuple[float, float]] = deque()

    def look(self, now: float, *, failed: bool) -> float | None:
        """Take in what happened until the end of a reading, and whether that `failed`.

        `now` is the monotonic clock. Returns the percentage of the last ten minutes, None if
        nothing was to be counted in them.
        """
        health = self._health
        good, bad = health.good_frames, health.checksum_errors + health.timeouts
        came, failures = good - self._good, bad - self._bad
        self._good, self._bad = good, bad
        if came or failures or failed:
            self._shares.append((now, came / max(1, came + failures)))
        while self._shares and now - self._shares[0][0] > RECENT:
            self._shares.popleft()
        if not self._shares:
            return None
        return round(100 * sum(share for _, share in self._shares) / len(self._shares), 1)


class Direction(StrEnum):
    """Which way traced bytes went, or that they made no frame."""

    SENT = "sent"
    RECEIVED = "received"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Traced:
    """Bytes on the wire at a moment (wall clock, seconds)."""

    at: float
    direction: Direction
    data: bytes


@dataclass(slots=True)
class Trace:
    """The last bytes of a link, bounded in number and size; `name` is that of the link.

    What is asked all the time would push out what is asked once, such as who is there. So the
    last bytes of each kind are kept too, with what was sent before them.

    Whoever adds to it has taken out secrets and serial numbers before, so that none of them
    is ever kept or logged.
    """

    name: str
    _last: deque[Traced] = field(default_factory=lambda: deque(maxlen=TRACE_ENTRIES))
    _kinds: dict[Hashable, tuple[Traced, ...]] = field(default_factory=dict)
    _sent: tuple[Traced, ...] = ()

    @property
    def entries(self) -> list[Traced]:
        """All that is kept, the oldest first."""
        kept = (traced for pair in self._kinds.values() for traced in pair)
        seldom = dict.fromkeys(traced for traced in kept if traced not in self._last)
        return [*seldom, *self._last]

    def add(self, direction: Direction, data: bytes, kind: Hashable = None) -> None:
        """Keep bytes, the oldest giving way, the last ones of a kind for good."""
        traced = Traced(time.time(), direction, bytes(data[:TRACE_BYTES]))
        self._last.append(traced)
        if direction is Direction.SENT:
            self._sent = (traced,)
        if kind is not None:
            # Put in again, so that they are in the order in which they came.
            self._kinds.pop(kind, None)
            self._kinds[kind] = (*self._sent, traced)
            if len(self._kinds) > TRACE_KINDS:
                del self._kinds[next(iter(self._kinds))]
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("%s: %s %s", self.name, direction, data.hex(" ").upper())
