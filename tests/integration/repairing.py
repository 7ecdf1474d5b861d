"""What a user sees and does under Settings, Repairs: over the API that the frontend uses."""

from http import HTTPStatus
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.components import usb
from homeassistant.components.usb import SerialDevice, USBDevice
from homeassistant.core import HomeAssistant
from homeassistant.helpers.issue_registry import EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket

from custom_components.cellwire.const import DOMAIN

FIX = "/api/repairs/issues/fix"


def adapter(address: str) -> SerialDevice:
    """Make an adapter as the computer lists it."""
    return SerialDevice(device=address, serial_number=None, manufacturer="M", description="D")


def usb_adapter(address: str) -> USBDevice:
    """Make an adapter on USB as the computer lists it."""
    return USBDevice(
        device=address,
        serial_number="1",
        manufacturer=None,
        description=None,
        vid="1A86",
        pid="7523",
    )


async def notice_adapters(hass: HomeAssistant) -> None:
    """Let Home Assistant find out what was plugged in and pulled, as it does some seconds later."""
    await hass.data[usb._USB_DATA]._async_scan_serial()
    await hass.async_block_till_done(wait_background_tasks=True)


class Repairs:
    """The page with the repairs, and the dialog of a repair."""

    def __init__(
        self, hass: HomeAssistant, client: TestClient[Any, Any], websocket: MockHAClientWebSocket
    ) -> None:
        """Look over real connections."""
        self._hass = hass
        self._client = client
        self._websocket = websocket
        self._events = async_capture_events(hass, EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED)

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Return what happened to which issue since the last look, and forget it."""
        happened = [
            (event.data["action"], event.data["issue_id"])
            for event in self._events
            if event.data["domain"] == DOMAIN
        ]
        self._events.clear()
        return happened

    async def issues(self) -> dict[str, dict[str, Any]]:
        """Return the issues of Cellwire that are shown, by their ids."""
        await self._websocket.send_json_auto_id({"type": "repairs/list_issues"})
        answer = await self._websocket.receive_json()
        return {
            issue["issue_id"]: issue
            for issue in answer["result"]["issues"]
            if issue["domain"] == DOMAIN
        }

    async def open(self, issue: str) -> dict[str, Any]:
        """Click on an issue that can be repaired."""
        return await self._post(FIX, {"handler": DOMAIN, "issue_id": issue})

    async def enter(self, form: dict[str, Any], **entered: Any) -> dict[str, Any]:
        """Fill a form in, and wait for what comes of it."""
        path = f"{FIX}/{form['flow_id']}"
        result = await self._post(path, entered)
        if result["type"] == "progress":
            await self._hass.async_block_till_done()
            answer = await self._client.get(path)
            assert answer.status == HTTPStatus.OK
            result = await answer.json()
        await self._hass.async_block_till_done()
        return result

    async def close(self, form: dict[str, Any]) -> None:
        """Close the dialog."""
        await self._client.delete(f"{FIX}/{form['flow_id']}")
        await self._hass.async_block_till_done()

    async def _post(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
        answer = await self._client.post(path, json=data)
        assert answer.status == HTTPStatus.OK, await answer.text()
        result: dict[str, Any] = await answer.json()
        return result
