"""What the tests of the family share."""

from dataclasses import replace

import pytest

from custom_components.cellwire.devices import registers
from custom_components.cellwire.devices.hubble_am2 import pack, probe


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for real packs: those of the bench answer at once."""
    monkeypatch.setattr(registers, "LATE", 0.05)
    hasty = replace(pack.MANNERS, timeout=0.1, spacing=0.0)
    monkeypatch.setattr(pack, "MANNERS", hasty)
    monkeypatch.setattr(probe, "MANNERS", hasty)
    monkeypatch.setattr(probe, "SCAN_TIMEOUT", 0.05)
