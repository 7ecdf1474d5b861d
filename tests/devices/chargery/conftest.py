"""What the tests of BMSes share."""

import pytest

from custom_components.cellwire.devices import streaming
from custom_components.cellwire.devices.chargery import bms, probe
from custom_components.cellwire.devices.chargery.bms import BmsDevice


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for a real BMS: the one of the bench talks faster."""
    monkeypatch.setattr(BmsDevice, "patience", 1.0)
    monkeypatch.setattr(streaming, "LOOK_UP", 0.05)
    monkeypatch.setattr(bms, "WITHOUT_CELLS", 0.5)
    monkeypatch.setattr(probe, "PATIENCE", 0.5)
