"""What the tests of chargers share."""

import pytest

from custom_components.cellwire.devices.victron_charger import charger, questions
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask faster than a real charger is asked: the one of the bench answers at once."""
    monkeypatch.setattr(questions, "PACE", 0.0)
    monkeypatch.setattr(charger, "PACE", 0.02)
    monkeypatch.setattr(questions, "ANSWER_TIMEOUT", 0.2)
    monkeypatch.setattr(ChargerDevice, "patience", 2.0)
