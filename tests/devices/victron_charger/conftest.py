"""What the tests of chargers share."""

import pytest

from custom_components.cellwire.devices.vedirect import device, questions
from custom_components.cellwire.devices.victron_charger import charger
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.devices.victron_charger.registers import REGISTERS

# What is asked for controls.
NEEDED = (0x0100, 0x010A, 0x0102, 0x0140, 0xEDDF, 0xEDC8, 0x2015, 0xEDF0, 0x0200)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask faster than a real charger is asked: the one of the bench answers at once."""
    monkeypatch.setattr(questions, "PACE", 0.0)
    monkeypatch.setattr(device, "PACE", 0.02)
    monkeypatch.setattr(questions, "ANSWER_TIMEOUT", 0.2)
    monkeypatch.setattr(ChargerDevice, "patience", 2.0)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for what controls need only, and pause less."""
    needed = tuple(REGISTERS.by_number[number] for number in NEEDED)
    monkeypatch.setattr(REGISTERS, "asked", needed)
    monkeypatch.setattr(questions, "WANTED_PACE", 0.02)
    monkeypatch.setattr(charger, "PAUSE", 0.4)
