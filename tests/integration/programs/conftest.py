"""A charger that does in a second what takes others minutes, set up in Home Assistant."""

from collections.abc import AsyncIterator
from pathlib import Path
import time

from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import CONF_FAMILY, CONF_SERIALS, CONF_VARIANT, DOMAIN
from custom_components.cellwire.devices.icharger import commands, gather
from tests.bench.hid_port import HidPort
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack

from .steps import SERIAL


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "STARTED_AFTER", 0.02)
    monkeypatch.setattr(commands, "CHECK_PAUSE", 0.02)
    monkeypatch.setattr(commands, "STOPPED_WITHIN", 0.05)
    monkeypatch.setattr(gather, "GATHER", 0.05)


@pytest.fixture
def charger() -> SimulatedCharger:
    """A charger that does in a second what takes others minutes."""
    each = SimulatedCharger("4010 DUO 2.19", SERIAL, clock=time.monotonic, speed=100.0)
    for channel in (1, 2):
        each.plug(channel, Pack([0.5] * 4, capacity=50.0))
    return each


@pytest.fixture
async def port(usb: Path, charger: SimulatedCharger) -> AsyncIterator[HidPort]:
    each = HidPort(usb, charger.product, charger.serial, charger)
    await each.plug()
    yield each
    await each.unplug()


@pytest.fixture
async def entry(hass: HomeAssistant, port: HidPort) -> AsyncIterator[MockConfigEntry]:
    each = MockConfigEntry(
        domain=DOMAIN,
        entry_id="entry_icharger",
        title="iCharger",
        data={
            CONF_FAMILY: "icharger",
            CONF_VARIANT: "modbus",
            CONF_SERIALS: {
                "charger": SERIAL,
                "channel_1": f"{SERIAL}_1",
                "channel_2": f"{SERIAL}_2",
            },
            CONF_PORT: f"hid://{SERIAL}",
        },
    )
    each.add_to_hass(hass)
    await hass.config_entries.async_setup(each.entry_id)
    await hass.async_block_till_done()
    yield each
    await hass.config_entries.async_unload(each.entry_id)


@pytest.fixture
def channel(entry: MockConfigEntry, device_registry: dr.DeviceRegistry) -> str:
    """The id of the first channel in the device registry."""
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, f"icharger_{SERIAL}_1"), entry.entry_id
    )
    assert device
    return device.id
