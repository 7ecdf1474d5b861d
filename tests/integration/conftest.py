"""What the tests with Home Assistant share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.components import usb as usb_component
from homeassistant.components.usb import SerialDevice
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.cellwire.const import CONF_FAMILY, CONF_SERIALS, CONF_VARIANT, DOMAIN
from custom_components.cellwire.device_entry import link_sensor
from custom_components.cellwire.devices import detect, registers, streaming
from custom_components.cellwire.devices.chargery import probe as chargery_probe
from custom_components.cellwire.devices.chargery.bms import BmsDevice
from custom_components.cellwire.devices.hubble_am2 import pack, probe as hubble_probe
from custom_components.cellwire.devices.icharger import probe as icharger_probe
from custom_components.cellwire.devices.jk_bms import classic, modbus, probe
from custom_components.cellwire.devices.vedirect import device as vedirect, questions
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.kinds import KEEPERS
from tests.bench.captures import reply
from tests.bench.jk_bms import Bus, ClassicBoard, recorded_board
from tests.bench.victron_charger import SERIAL, Charger
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking

from .foreign import FOREIGN, ForeignKeeper, foreign_entry
from .repairing import Repairs

CHARGING = reply("real_16s_sw11.262H_charging_10A")

type AddEntry = Callable[..., Awaitable[MockConfigEntry]]


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture(autouse=True)
async def foreign(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> MockConfigEntry:
    """Have an entry of another kind beside the devices, as in a home that has several."""
    monkeypatch.setitem(KEEPERS, FOREIGN, ForeignKeeper())
    entry = foreign_entry()
    entry.add_to_hass(hass)
    return entry


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than for real devices: those of the bench answer at once."""
    monkeypatch.setattr(classic, "TIMEOUT", 0.2)
    monkeypatch.setattr(modbus, "PACE", 0.02)
    monkeypatch.setattr(probe, "LISTEN", 0.3)
    monkeypatch.setattr(probe, "SCAN_TIMEOUT", 0.1)
    monkeypatch.setattr(probe, "OLD_TIMEOUT", 0.2)
    monkeypatch.setattr(questions, "PACE", 0.0)
    monkeypatch.setattr(vedirect, "PACE", 0.02)
    monkeypatch.setattr(ChargerDevice, "patience", 1.5)
    monkeypatch.setattr(BmsDevice, "patience", 1.0)
    monkeypatch.setattr(streaming, "LOOK_UP", 0.05)
    monkeypatch.setattr(chargery_probe, "PATIENCE", 0.5)
    monkeypatch.setattr(detect, "LISTEN", 0.4)
    monkeypatch.setattr(detect, "STEP", 0.05)
    monkeypatch.setattr(registers, "LATE", 0.05)
    monkeypatch.setattr(pack, "MANNERS", replace(pack.MANNERS, timeout=0.2, spacing=0.0))
    monkeypatch.setattr(hubble_probe, "MANNERS", pack.MANNERS)
    monkeypatch.setattr(hubble_probe, "SCAN_TIMEOUT", 0.15)
    monkeypatch.setattr(icharger_probe, "LINE_TIMEOUT", 0.15)


@pytest.fixture
def without_link_sensors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what depends on the time of day and on the speed of this computer."""
    monkeypatch.setattr(link_sensor, "LINK_SENSORS", ())


def two_boards(wire: PtyWire) -> Bus:
    """Make a bus with two boards."""
    return Bus(
        wire,
        {
            1: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1"),
            3: recorded_board("pb_real_16s_sw15.41_addr3", "SERIAL3"),
        },
    )


@pytest.fixture
def board(pty: PtyWire) -> ClassicBoard:
    """Put a classic JK board on the wire."""
    return ClassicBoard(pty, CHARGING)


@pytest.fixture
def bus(pty: PtyWire) -> Bus:
    """Put two JK boards of the newer generation on the wire."""
    return two_boards(pty)


@pytest.fixture
async def victron(pty: PtyWire) -> AsyncIterator[Charger]:
    """Put a Victron charger on the wire."""
    async with talking(Charger(pty, [second()], period=0.1)) as simulator:
        yield simulator


ENTRIES: dict[str, dict[str, Any]] = {
    "classic": {CONF_FAMILY: "jk_bms", CONF_VARIANT: "classic", CONF_SERIALS: {"bms": None}},
    "modbus": {
        CONF_FAMILY: "jk_bms",
        CONF_VARIANT: "modbus",
        CONF_SERIALS: {"1": "SERIAL1", "3": None},
    },
    "vedirect": {
        CONF_FAMILY: "victron_charger",
        CONF_VARIANT: "vedirect",
        CONF_SERIALS: {"charger": SERIAL},
    },
    "chargery": {CONF_FAMILY: "chargery", CONF_VARIANT: "stream", CONF_SERIALS: {"bms": None}},
}
TITLES = {
    "classic": "JK_B1A24S15P",
    "modbus": "Bank",
    "vedirect": "Blue Smart",
    "chargery": "BMS16T",
}


@pytest.fixture(params=["classic", "modbus", "vedirect"])
async def variant(request: pytest.FixtureRequest, pty: PtyWire) -> AsyncIterator[str]:
    """Put each kind of device on the wire in turn."""
    match request.param:
        case "classic":
            ClassicBoard(pty, CHARGING)
        case "modbus":
            two_boards(pty)
        case _:
            async with talking(Charger(pty, [second()], period=0.1)):
                yield request.param
            return
    yield request.param


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[SerialDevice]:
    """The adapters that the computer lists: a pseudo-terminal is in no list of its own."""
    ports: list[SerialDevice] = []
    monkeypatch.setattr(usb_component, "scan_serial_ports", lambda: list(ports))
    return ports


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[PtyWire]:
    """Another socket of the computer."""
    wire = PtyWire(tmp_path / "elsewhere")
    await wire.plug()
    yield wire
    await wire.unplug()


@pytest.fixture
async def repairs(
    hass: HomeAssistant,
    socket_enabled: None,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> Repairs:
    """Open the page with the repairs."""
    for component in ("repairs", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    return Repairs(hass, await hass_client(), await hass_ws_client())


@pytest.fixture
def add_entry(hass: HomeAssistant, pty: PtyWire) -> AddEntry:
    """Set an entry up on the wire."""

    async def add(variant: str, **data: Any) -> MockConfigEntry:
        entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id=f"entry_{variant}",
            title=TITLES[variant],
            data={CONF_PORT: pty.address} | ENTRIES[variant] | data,
        )
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    return add
