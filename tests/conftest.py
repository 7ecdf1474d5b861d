"""What all tests share."""

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.cellwire.links import hid
from tests.bench.hid_port import bench_usb
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import PtyWire, TcpWire

# The plugin puts another custom_components on the path; ours must be loaded before.
import_module("custom_components.cellwire")


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Leave times and contexts out of snapshots."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
async def pty(tmp_path: Path) -> AsyncIterator[PtyWire]:
    """A plugged pseudo-terminal."""
    wire = PtyWire(tmp_path / "port")
    await wire.plug()
    yield wire
    await wire.unplug()


@pytest.fixture
async def tcp(socket_enabled: None) -> AsyncIterator[TcpWire]:
    """A plugged serial server."""
    wire = TcpWire()
    await wire.plug()
    yield wire
    await wire.unplug()


@pytest.fixture
async def websocket_wire(socket_enabled: None) -> AsyncIterator[WebSocketWire]:
    """A plugged serial server that speaks WebSocket."""
    wire = WebSocketWire()
    await wire.plug()
    yield wire
    await wire.unplug()


@pytest.fixture
def usb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder whose devices are on USB; a `HidPort` goes in there."""
    monkeypatch.setattr(hid, "SETTLE", 0.01)
    folder = tmp_path / "usb"
    folder.mkdir()
    with bench_usb(folder):
        yield folder
