"""What is remembered of one board of the newer generation."""

from math import inf

from ..model import Value
from .plausible import Judge

# Settings change when somebody changes them; they are forgotten if they can't be read again.
SETTINGS_INTERVAL = 60.0
SETTINGS_AGE = 180.0
# Software from 15.36 on may leave the question for the about frame unanswered.
ABOUT_INTERVAL = 300.0
# A lost answer is asked for again in the next poll, but not for ever.
TRIES = 3
# A board that left its status unanswered so often when it was asked for alone needs company.
SHY = 3


class Seldom:
    """When to ask for something that changes seldom. Times are monotonic seconds."""

    def __init__(self, interval: float, pause: float) -> None:
        """Ask at once, then `interval` after an answer, and `pause` after TRIES without one."""
        self._interval = interval
        self._pause = pause
        self._due = 0.0
        self._misses = 0

    def is_due(self, now: float) -> bool:
        """Tell whether to ask."""
        return now >= self._due

    def answered(self, now: float) -> None:
        """Note an answer."""
        self._misses = 0
        self._due = now + self._interval

    def missed(self, now: float) -> None:
        """Note that there was no good answer."""
        self._misses += 1
        if self._misses >= TRIES:
            self._misses = 0
            self._due = now + self._pause

    def now(self) -> None:
        """Ask at once."""
        self._misses = 0
        self._due = 0.0


class Board:
    """One board on the bus."""

    def __init__(self, judge: Judge) -> None:
        """Know nothing yet."""
        self.judge = judge
        # Whether its settings are asked for before its status, and how often that stayed unanswered
        # in a row without them.
        self.in_company = False
        self._silences = 0
        self.about = Seldom(inf, ABOUT_INTERVAL)
        self.asking = Seldom(SETTINGS_INTERVAL, SETTINGS_INTERVAL)
        self._settings: dict[str, Value] = {}
        self._settings_at = -inf

    def answered(self) -> None:
        """Note an answer about the status."""
        if self.in_company:
            # One lost answer is no habit.
            self.in_company = self._silences >= SHY
        else:
            self._silences = 0

    def missed(self) -> None:
        """Note that the status stayed unanswered: the other way is next."""
        self._silences += not self.in_company
        self.in_company = not self.in_company

    def take_settings(self, settings: dict[str, Value], now: float) -> None:
        """Remember settings that were just read."""
        self._settings = settings
        self._settings_at = now
        self.asking.answered(now)

    def settings(self, now: float) -> dict[str, Value]:
        """Return the settings as they are known; empty if that is too long ago."""
        return self._settings if now - self._settings_at < SETTINGS_AGE else {}

    def doubt(self) -> None:
        """Take nothing for granted that was known of its settings."""
        self._settings_at = -inf
        self.asking.now()

    def forget(self) -> None:
        """Ask again who this is and how it is set."""
        self.asking.now()
        self.about.now()
