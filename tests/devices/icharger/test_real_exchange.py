"""What is sent by USB is what was recorded, and a wish is carried out in time."""

from collections.abc import AsyncIterator
from pathlib import Path
import time

import pytest

from custom_components.cellwire.devices.icharger import commands
from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.links.hid import HidLink
from tests.bench.captures import capture
from tests.bench.hid_port import HidPort

from .conftest import ALLOWED, identity, quick, wish

FIRST = "channel_1"
BUDGET = 1.5
RECORDED = [
    bytes.fromhex(report["frame_hex"])
    for report in capture("icharger", "real_win32_run_stop_exchange")["exchange"]
    if report["direction"] == "host_to_charger"
]
# As they are on a real charger; the other tests wait for less.
REAL = {
    name: getattr(commands, name)
    for name in ("STARTED_AFTER", "STARTED_WITHIN", "STOPPED_WITHIN", "STOP_PAUSE", "CHECK_PAUSE")
}


@pytest.fixture
async def port(usb: Path) -> AsyncIterator[HidPort]:
    charger = quick(speed=1.0)
    for channel in charger.channels:
        channel.checked = 0.3
    port = HidPort(usb, charger.product, charger.serial, charger)
    await port.plug()
    yield port
    await port.unplug()


@pytest.fixture
async def device(port: HidPort, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChargerDevice]:
    for name, seconds in REAL.items():
        monkeypatch.setattr(commands, name, seconds)
    device = ChargerDevice(HidLink("hid://1504308022"), identity())
    device.settings = ALLOWED
    await device.start()
    await device.apply("charger", "refresh_presets", None)
    yield device
    await device.close()


def orders(port: HidPort) -> list[bytes]:
    """Return the frames that start or stop something, without what fills the reports."""
    frames = [report[: report[0]] for report in port.received]
    return [frame for frame in frames if frame[2:5] in (b"\x10\x80\x00", b"\x10\x80\x02")]


async def test_the_recorded_start_and_the_two_recorded_stops(
    port: HidPort, device: ChargerDevice
) -> None:
    port.is_logging = True
    await wish(device, FIRST, "LiPo (0)", "cycle")
    await device.apply(FIRST, "start", None)
    await device.apply(FIRST, "stop", None)
    assert orders(port) == RECORDED


async def test_wishes_are_carried_out_in_time(port: HidPort, device: ChargerDevice) -> None:
    begin = time.monotonic()
    await device.apply("charger", "refresh_presets", None)
    took = {"refresh_presets": time.monotonic() - begin}
    await wish(device, FIRST, "LiPo 15", "charge")
    for key in ("start", "stop"):
        begin = time.monotonic()
        await device.apply(FIRST, key, None)
        took[key] = time.monotonic() - begin
    assert max(took.values()) < BUDGET, took
    assert took["start"] >= REAL["STARTED_AFTER"]
