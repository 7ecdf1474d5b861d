"""What a user may post in public."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.cellwire.devices.jk_bms.frame import FrameScanner
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from tests.bench import faults
from tests.bench.jk_bms import Bus, ClassicBoard, edit
from tests.bench.victron_charger import SERIAL, Charger
from tests.bench.wire import PtyWire

from .conftest import CHARGING, AddEntry

VOLATILE = ("age", "at", "last_good", "answer_time", "slowest_answer", "port")
SECRET = "S3cret#pw!"  # noqa: S105


def steady(data: Any) -> Any:
    """Replace what differs from run to run."""
    if isinstance(data, dict):
        return {
            k: "<ANY>" if k in VOLATILE and v is not None else steady(v) for k, v in data.items()
        }
    return [steady(each) for each in data] if isinstance(data, list) else data


async def download(hass: HomeAssistant, entry: Any) -> dict[str, Any]:
    data: dict[str, Any] = await async_get_config_entry_diagnostics(hass, entry)
    # It must survive as JSON.
    return json.loads(json.dumps(data))  # type: ignore[no-any-return]


async def test_a_jk_board(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry, snapshot: SnapshotAssertion
) -> None:
    board.reply = edit(CHARGING, {0xB2: SECRET.encode().hex()})
    entry = await add_entry("classic")
    data = await download(hass, entry)
    assert steady(data) == snapshot
    text = json.dumps(data)
    assert SECRET not in text
    assert SECRET.encode().hex().upper() not in text
    assert "beki" not in json.dumps(data["readings"])
    # What is left of the bytes still decodes.
    received = [b["hex"] for b in data["link"]["last_bytes"] if b["direction"] == "received"]
    assert all(FrameScanner().feed(bytes.fromhex(each)) for each in received)


async def test_a_charger(hass: HomeAssistant, victron: Charger, add_entry: AddEntry) -> None:
    entry = await add_entry("vedirect")
    data = await download(hass, entry)
    assert data["units"]["charger"]["serial"] == "**REDACTED**"
    assert data["entry"]["serials"] == {"charger": "**REDACTED**"}
    assert data["readings"]["charger"]["voltage"] == 28.68
    assert data["readings"]["charger"]["age"] < 10
    assert data["link"]["last_bytes"]
    text = json.dumps(data)
    assert SERIAL not in text
    assert SERIAL.encode().hex().upper() not in text
    assert SERIAL.encode().hex().upper().encode().hex().upper() not in text


async def test_a_bus(hass: HomeAssistant, bus: Bus, add_entry: AddEntry) -> None:
    entry = await add_entry("modbus")
    text = json.dumps(await download(hass, entry))
    for secret in ("SERIAL1", "SERIAL3", "123456"):
        assert secret not in text
        assert secret.encode().hex().upper() not in text
    assert "JK_PB2A16S15P" in text


async def test_when_the_device_is_away(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    board.fault = faults.silent
    await entry.runtime_data.async_refresh()
    data = await download(hass, entry)
    assert (data["available"], data["problem"]) == (False, "no_answer")
    assert data["link"]["timeouts"] == 2


async def test_the_serial_number_of_an_adapter(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire, add_entry: AddEntry
) -> None:
    port = Path(pty.address).with_name("usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0")
    port.symlink_to(pty.address)
    entry = await add_entry("classic", port=str(port))
    shown = Path((await download(hass, entry))["entry"]["port"])
    assert shown.name == "usb-FTDI_FT232R_USB_UART_**REDACTED**-if00-port0"


async def test_the_download_of_the_user_interface(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    entry = await add_entry("classic")
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert answer.status == 200
    assert (await answer.json())["data"]["available"] is True
