"""The serial ports of this computer that nothing uses."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
import os
from pathlib import Path
from typing import Any

from homeassistant.components import usb
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant


async def serial_ports(hass: HomeAssistant) -> set[str]:
    """List all serial ports by their addresses."""
    return {port.device for port in await _scan(hass)}


async def free_ports(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, str]:
    """Describe by their addresses the ports that nothing but this entry uses, the newest first.

    No port is opened: who knows what hangs on it.
    """
    ports = {port.device: port for port in await _scan(hass)}
    users = await usb.async_get_serial_port_consumers(hass, list(ports.values()))
    used = {port for port, who in users.items() if any(each.kind == "app" for each in who)} | {
        text
        for other in hass.config_entries.async_entries()
        if other.entry_id != entry.entry_id
        for text in _texts([other.data, other.options])
    }
    free = await hass.async_add_executor_job(_newest_free, list(ports), used)
    return {address: _name(ports[address]) for address in free}


async def _scan(hass: HomeAssistant) -> list[usb.SerialDevice]:
    with suppress(OSError):
        return list(await usb.async_scan_serial_ports(hass))
    return []


def _texts(value: Any) -> Iterator[str]:
    """Find all texts in what an entry keeps, however deep."""
    match value:
        case str():
            yield value
        case Mapping():
            yield from _texts(list(value.values()))
        case list() | tuple():
            for each in value:
                yield from _texts(each)


def _newest_free(addresses: Iterable[str], used: Iterable[str]) -> list[str]:
    """Leave out what is used under any name, and put what was plugged in last first."""
    taken = {os.path.realpath(text) if text.startswith("/") else text for text in used}
    free = [each for each in addresses if not {each, os.path.realpath(each)} & taken]
    return sorted(free, key=_plugged_at, reverse=True)


def _plugged_at(address: str) -> float:
    """Return when a port appeared; ports of other computers come last."""
    try:
        return Path(address).stat().st_ctime
    except OSError:
        return 0.0


def _name(port: usb.SerialDevice) -> str:
    return usb.human_readable_device_name(
        port.device,
        port.serial_number,
        port.manufacturer,
        port.description,
        getattr(port, "vid", None),
        getattr(port, "pid", None),
    )
