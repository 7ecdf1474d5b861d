"""A download of a user, played again: it shows what the device had shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any

from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import CONF_FAMILY, CONF_SERIALS, CONF_VARIANT, DOMAIN
from custom_components.cellwire.device_entry.diagnostics import TO_REDACT
from custom_components.cellwire.devices import search
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from custom_components.cellwire.links import health
from tests.bench import chargery, replay
from tests.bench.hid_port import HidPort
from tests.bench.hubble_am2 import Pack
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack as ChargedPack
from tests.bench.jk_bms import ClassicBoard, MasterBus
from tests.bench.modbus import RtuBus
from tests.bench.replay import Recording, ReplayError, load, replaying
from tests.bench.victron_charger import SERIAL, Charger
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking
from tests.waiting import until

from .conftest import CHARGING, two_boards
from .steps import choose, enter, refresh

# More cycles than the ring of the last bytes holds.
CYCLES = 8
KEPT = 6
CHARGER = "1504308022"
ENTRIES: dict[str, dict[str, Any]] = {
    "classic": {CONF_FAMILY: "jk_bms", CONF_VARIANT: "classic", CONF_SERIALS: {"bms": None}},
    "bus": {
        CONF_FAMILY: "jk_bms",
        CONF_VARIANT: "modbus",
        CONF_SERIALS: {"1": "SERIAL1", "3": "SERIAL3"},
    },
    "master": {
        CONF_FAMILY: "jk_bms",
        CONF_VARIANT: "modbus_listener",
        CONF_SERIALS: {"0": None, "1": None},
    },
    "victron": {
        CONF_FAMILY: "victron_charger",
        CONF_VARIANT: "vedirect",
        CONF_SERIALS: {"charger": SERIAL},
    },
    "chargery": {CONF_FAMILY: "chargery", CONF_VARIANT: "stream", CONF_SERIALS: {"bms": None}},
    "hubble": {
        CONF_FAMILY: "hubble_am2",
        CONF_VARIANT: "modbus",
        CONF_SERIALS: {"bank": None, "1": "PACK1", "3": "PACK3"},
    },
    "icharger": {
        CONF_FAMILY: "icharger",
        CONF_VARIANT: "modbus",
        CONF_SERIALS: {
            "charger": CHARGER,
            "channel_1": f"{CHARGER}_1",
            "channel_2": f"{CHARGER}_2",
        },
    },
}


@pytest.fixture(autouse=True)
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TRACE_ENTRIES", KEPT)
    monkeypatch.setattr(search, "LISTEN", 0.1)
    monkeypatch.setattr(replay, "LONGEST_PAUSE", 0.3)


@asynccontextmanager
async def running(kind: str, pty: PtyWire, usb: Path) -> AsyncIterator[str]:
    """Run a device whose values stand still; give the port to enter."""
    match kind:
        case "classic":
            ClassicBoard(pty, CHARGING)
        case "bus":
            two_boards(pty)
        case "hubble":
            RtuBus(pty, {1: Pack(serial="PACK1"), 3: Pack(serial="PACK3")})
        case "victron":
            async with talking(Charger(pty, [second()], period=0.1)):
                yield pty.address
            return
        case "chargery":
            async with chargery.talking(chargery.Bms(pty, period=0.1)):
                yield pty.address
            return
        case "master":
            task = asyncio.create_task(MasterBus(pty, cycle=0.5).run())
            yield pty.address
            task.cancel()
            return
        case _:
            charger = SimulatedCharger(serial=CHARGER)
            charger.plug(1, ChargedPack([0.3, 0.32, 0.31, 0.33]))
            charger.start(1, "charge")
            charger.advance(60)
            port = HidPort(usb, charger.product, charger.serial, charger)
            await port.plug()
            yield f"hid://{CHARGER}"
            await port.unplug()
            return
    yield pty.address


async def set_up(hass: HomeAssistant, data: dict[str, Any], port: str) -> MockConfigEntry:
    entry = MockConfigEntry(domain=DOMAIN, title="Replay", data=data | {CONF_PORT: port})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def download(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    data = await async_get_config_entry_diagnostics(hass, entry)
    return json.dumps({"home_assistant": {}, "data": data})


def shown(entry: MockConfigEntry) -> dict[str, dict[str, Any]]:
    """Return what the readings say, but for the texts that the file leaves out."""
    readings = {key: asdict(reading) for key, reading in entry.runtime_data.raw.items()}
    for reading in readings.values():
        for packed in (reading, *reading.get("packs", {}).values()):
            del packed["at"]
            packed["values"] = {
                key: value for key, value in packed["values"].items() if key not in TO_REDACT
            }
    return readings


async def recorded(
    hass: HomeAssistant, kind: str, port: str
) -> tuple[Recording, dict[str, dict[str, Any]]]:
    """Let a device run for some cycles, and download what is known of it."""
    entry = await set_up(hass, ENTRIES[kind], port)
    for _ in range(CYCLES):
        await refresh(hass, entry)
    if kind in ("victron", "chargery", "master"):
        # These are heard, not asked.
        trace = entry.runtime_data.device.wires.trace
        oldest = trace.entries[-1]
        await until(lambda: oldest not in trace._last)
        await refresh(hass, entry)
    if kind == "victron":
        # And asked for much, bit by bit.
        before = None
        while before != (before := shown(entry)):
            await asyncio.sleep(1.0)
            await refresh(hass, entry)
    recording, readings = load(await download(hass, entry)), shown(entry)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    return recording, readings


@pytest.mark.parametrize("kind", ENTRIES)
async def test_the_readings_are_those_of_the_device(
    hass: HomeAssistant, pty: PtyWire, usb: Path, tmp_path: Path, kind: str
) -> None:
    async with running(kind, pty, usb) as port:
        recording, readings = await recorded(hass, kind, port)
    wire = PtyWire(tmp_path / "replayed")
    await wire.plug()
    async with replaying(recording, wire):
        # Serial numbers are nobody else's business: the file has none.
        nameless = {CONF_SERIALS: dict.fromkeys(recording.entry[CONF_SERIALS])}
        entry = await set_up(hass, recording.entry | nameless, wire.address)
        for _ in range(40):
            await refresh(hass, entry)
            if (again := shown(entry)) == readings:
                break
            await asyncio.sleep(0.1)
        assert again == readings
        await hass.config_entries.async_unload(entry.entry_id)
    await wire.unplug()


@pytest.mark.parametrize(
    ("kind", "steps"),
    [("icharger", ("icharger", "icharger_modbus_rtu")), ("bus", ("jk_bms",))],
)
async def test_it_is_found_by_the_flow(
    hass: HomeAssistant,
    pty: PtyWire,
    usb: Path,
    tmp_path: Path,
    kind: str,
    steps: tuple[str, ...],
) -> None:
    async with running(kind, pty, usb) as port:
        recording, readings = await recorded(hass, kind, port)
    wire = PtyWire(tmp_path / "replayed")
    await wire.plug()
    async with replaying(recording, wire):
        menu = await choose(hass, *steps)
        found = await enter(hass, menu["flow_id"], wire.address)
        assert found["step_id"] == "found"
        result = await hass.config_entries.flow.async_configure(menu["flow_id"], {})
        await hass.async_block_till_done()
        assert result["result"].runtime_data.data.keys() == readings.keys()
        await hass.config_entries.async_unload(result["result"].entry_id)
    await wire.unplug()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"data": {}}',
        '{"entry": {"family": "jk_bms"}, "link": {"last_bytes": []}}',
        '{"entry": {"family": "toaster"}, "link": {"last_bytes": []}}',
    ],
)
def test_what_is_no_download_is_refused(text: str) -> None:
    with pytest.raises(ReplayError):
        load(text)
