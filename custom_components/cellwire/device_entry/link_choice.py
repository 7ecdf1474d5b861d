"""Which link leads to an address: the flow and the coordinator make it in one place."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from homeassistant.components import usb
from homeassistant.components.modbus import async_get_temporary_unit, async_get_unit
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SerialPortSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from yarl import URL

from ..devices.device import AnyFamily, Line
from ..links import hid, websocket
from ..links.errors import LinkError, LinkFault
from ..links.hid import HidLink
from ..links.link import Link, LinkKind
from ..links.registers import Lease, ModbusLink, RegisterLink
from ..links.serial import SerialLink
from ..links.websocket import WebSocketLink

# People enter the host of a gateway; this scheme is put in front of it.
MODBUS = "modbus"
MODBUS_PORT = 502
# What a gateway or a network may need beyond the time of the device, in seconds.
GATEWAY_SLACK = 1.0
NETWORK_SLACK = 0.5
# An address tells its kind by its scheme; what has none of these is of the family's usual kind.
SCHEMES = {
    f"{websocket.SCHEME}://": LinkKind.WEBSOCKET,
    f"{MODBUS}://": LinkKind.MODBUS_TCP,
    f"{hid.SCHEME}://": LinkKind.HID,
}
# Where the bytes of a line can be heard.
AUDIBLE = (LinkKind.SERIAL, LinkKind.WEBSOCKET, LinkKind.MODBUS_RTU)
_SELECTORS: dict[LinkKind, Selector[Any]] = {
    LinkKind.SERIAL: SerialPortSelector(),
    LinkKind.WEBSOCKET: TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
    LinkKind.MODBUS_RTU: SerialPortSelector(),
    LinkKind.MODBUS_TCP: TextSelector(),
}
# The far end of these has a line of its own, whose settings can't be made from here.
WITHOUT_LINE = ("socket://", "tcp://")


def link_kind(family: AnyFamily, port: str) -> LinkKind:
    """Tell over which kind of link a family's device is reached at an address."""
    for scheme, kind in SCHEMES.items():
        if kind in family.links and port.startswith(scheme):
            return kind
    return next(kind for kind in family.links if kind not in SCHEMES.values())


def has_line(kind: LinkKind, port: str) -> bool:
    """Tell whether the settings of a line can be made at an address."""
    return kind in (LinkKind.SERIAL, LinkKind.MODBUS_RTU) and not port.startswith(WITHOUT_LINE)


async def to_address(hass: HomeAssistant, kind: LinkKind, entered: str) -> str:
    """Return what was entered as an address that stays: of a port that is plugged elsewhere too."""
    entered = entered.strip()
    if kind is LinkKind.MODBUS_TCP and "://" not in entered:
        return f"{MODBUS}://{entered}"
    if entered.startswith("/dev/"):
        return await hass.async_add_executor_job(usb.get_serial_by_id, entered)
    return entered


async def port_selector(hass: HomeAssistant, kind: LinkKind) -> Selector[Any] | None:
    """Return what lets a person choose an address, None while there is nothing to choose from."""
    if kind is LinkKind.HID:
        chargers = await hass.async_add_executor_job(hid.find_chargers)
        options = [
            SelectOptionDict(
                value=each.address, label=f"{each.product} {each.serial or ''}".strip()
            )
            for each in chargers
        ]
        return SelectSelector(SelectSelectorConfig(options=options)) if options else None
    return _SELECTORS[kind]


def make_byte_link(hass: HomeAssistant, kind: LinkKind, port: str, line: Line) -> Link:
    """Make a link that carries the bytes of a line; nothing is opened yet.

    A wrong address shows at opening.
    """
    if kind is LinkKind.WEBSOCKET:
        return WebSocketLink(port, async_get_clientsession(hass))
    # ESPHome's proxies are not ready until ESPHome is.
    return SerialLink(port, line.baudrate, not_ready=(ConfigEntryNotReady,))


def make_register_link(
    hass: HomeAssistant,
    kind: LinkKind,
    port: str,
    line: Line,
    entry: ConfigEntry[Any] | None = None,
) -> RegisterLink:
    """Make a link that carries registers; nothing is opened yet.

    Modbus connections are shared with other integrations, and held for `entry` until it unloads.
    A wrong address shows at opening.
    """
    if kind is LinkKind.HID:
        return HidLink(port)
    link = ModbusLink(port, _lease(hass, kind, port, line, entry))
    link.has_line = has_line(kind, port)
    if kind is LinkKind.MODBUS_TCP:
        link.slack = GATEWAY_SLACK
    elif "://" in port:
        link.slack = NETWORK_SLACK
    return link


def make_link(
    hass: HomeAssistant,
    kind: LinkKind,
    port: str,
    line: Line,
    entry: ConfigEntry[Any] | None = None,
) -> Link | RegisterLink:
    """Make a link of any kind; nothing is opened yet."""
    if kind in (LinkKind.SERIAL, LinkKind.WEBSOCKET):
        return make_byte_link(hass, kind, port, line)
    return make_register_link(hass, kind, port, line, entry)


def _lease(
    hass: HomeAssistant,
    kind: LinkKind,
    port: str,
    line: Line,
    entry: ConfigEntry[Any] | None,
) -> Lease:
    # Each hold for an entry lasts until it unloads: one for each unit is enough.
    held: dict[int, ModbusUnit] = {}

    @asynccontextmanager
    async def lease(address: int) -> AsyncIterator[ModbusUnit]:
        async with AsyncExitStack() as stack:
            try:
                params = _modbus_params(kind, port, line)
                if entry:
                    if address not in held:
                        held[address] = async_get_unit(hass, entry, params, address)
                    unit = held[address]
                else:
                    unit = await stack.enter_async_context(
                        async_get_temporary_unit(hass, params, address)
                    )
            except ValueError as err:
                raise LinkError(LinkFault.INVALID, port, str(err)) from err
            except HomeAssistantError as err:
                # Somebody uses it with other settings of the line.
                raise LinkError(LinkFault.BUSY, port, str(err)) from err
            yield unit

    return lease


def _modbus_params(kind: LinkKind, port: str, line: Line) -> ModbusSerialParams | ModbusTcpParams:
    """Describe a Modbus connection as core does. Raises ValueError for an incomplete address."""
    if kind is LinkKind.MODBUS_RTU:
        return ModbusSerialParams(device=port, baudrate=line.baudrate, parity=line.parity)
    url = URL(port)
    if url.scheme != MODBUS or not url.host:
        raise ValueError("host or host:port is needed")
    return ModbusTcpParams(host=url.host, port=url.explicit_port or MODBUS_PORT)
