"""A charger on USB, and a link to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.cellwire.links import hid
from custom_components.cellwire.links.hid import HidLink
from tests.bench.hid_port import HidPort

from .charger import ADDRESS, DUO, SERIAL, Numbered, Plug


@pytest.fixture
async def plugged(usb: Path) -> AsyncIterator[Plug]:
    ports: list[HidPort] = []

    def make(product: str = DUO, serial: str = SERIAL, **attributes: object) -> HidPort:
        ports.append(HidPort(usb, product, serial, Numbered()))
        for name, value in attributes.items():
            setattr(ports[-1], name, value)
        return ports[-1]

    yield make
    for port in ports:
        await port.unplug()


@pytest.fixture
async def port(plugged: Plug) -> HidPort:
    each = plugged()
    await each.plug()
    return each


@pytest.fixture
async def link(port: HidPort) -> AsyncIterator[HidLink]:
    each = HidLink(ADDRESS)
    await each.open()
    yield each
    await each.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hid, "GRACE", 0.05)
    monkeypatch.setattr(hid, "OPEN_TIMEOUT", 0.1)
