"""Exceptions that nobody foresaw: logged once, counted, and made into an error like others.

A mistake in a decoder must cost a reading, and neither the device nor whoever reads it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import traceback

from ..links.errors import CellwireError
from ..links.health import LinkHealth
from .errors import Unforeseen

_LOGGER = logging.getLogger(__name__)

# What was logged, by the link and the place in the code. Kept as long as Home Assistant runs: a
# device whose set-up fails is made anew each time.
_logged: set[tuple[str, str]] = set()


class Mistakes:
    """Takes in what nobody foresaw on one link."""

    def __init__(self, name: str, health: LinkHealth) -> None:
        """Count into `health` what happens on the link of this name."""
        self._name = name
        self._health = health

    def note(self, error: Exception) -> Unforeseen:
        """Count an exception, log where it comes from once, and return it as an error."""
        self._health.mistakes += 1
        place = (self._name, _place(error))
        if place not in _logged:
            _logged.add(place)
            _LOGGER.error("A mistake in Cellwire, met on %s", self._name, exc_info=error)
        return Unforeseen(self._name, error)

    @contextmanager
    def as_errors(self) -> Iterator[None]:
        """Raise Unforeseen instead of whatever else is no CellwireError."""
        try:
            yield
        except CellwireError:
            raise
        except Exception as err:
            raise self.note(err) from err


def _place(error: BaseException) -> str:
    """Tell where an exception was raised first, and of what kind it is."""
    while error.__cause__:
        error = error.__cause__
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return f"{type(error).__name__} {[(frame.filename, frame.lineno) for frame in last]}"
