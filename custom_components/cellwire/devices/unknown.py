"""Codes that a device sends and that nobody here knows: said once, and no error."""

from collections.abc import Container
import logging

_LOGGER = logging.getLogger(__name__)


class UnknownCodes:
    """Logs each code once for as long as it lives."""

    def __init__(self, device: str, link: str) -> None:
        """Say of which device on which link they are."""
        self._device = device
        self._link = link
        self._logged: set[tuple[str, int | str]] = set()

    def look(self, what: str, code: int | str | None, known: Container[int | str]) -> None:
        """Look at the code of a state, a mode or the like; None is no code."""
        if code is None or code in known or (what, code) in self._logged:
            return
        self._logged.add((what, code))
        _LOGGER.info(
            "The %s on %s reports %s %s, which is not known", self._device, self._link, what, code
        )
