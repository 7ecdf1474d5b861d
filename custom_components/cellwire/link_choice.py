"""Which link leads to an address: the flow and the coordinator make it in one place."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .devices.device import Family
from .links import websocket
from .links.link import Link, LinkKind
from .links.serial import SerialLink
from .links.websocket import WebSocketLink

# An address tells its kind by its scheme; what has none of these is of the family's usual kind.
SCHEMES = {f"{websocket.SCHEME}://": LinkKind.WEBSOCKET}


def link_kind(family: Family, port: str) -> LinkKind:
    """Tell over which kind of link a family's device is reached at an address."""
    for scheme, kind in SCHEMES.items():
        if kind in family.links and port.startswith(scheme):
            return kind
    return family.links[0]


def make_link(hass: HomeAssistant, kind: LinkKind, port: str, baudrate: int) -> Link:
    """Make a link of a kind to an address; nothing is opened yet.

    `baudrate` is in bits a second, where the link has one. A wrong address shows at opening.
    """
    if kind is LinkKind.WEBSOCKET:
        return WebSocketLink(port, async_get_clientsession(hass))
    # ESPHome's proxies are not ready until ESPHome is.
    return SerialLink(port, baudrate, not_ready=(ConfigEntryNotReady,))
