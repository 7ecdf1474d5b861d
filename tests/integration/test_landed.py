"""What an installation of an earlier version has stored goes on: entries, ids, memory."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
import json
from pathlib import Path
import time
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import CONF_FAMILY, DOMAIN
from custom_components.cellwire.devices.thrift import local_day
from tests.bench.hid_port import bench_usb
from tests.e2e import devices

from .steps import refresh

STORED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "landed" / "version_0_1_0.json").read_text()
)
CHANNEL = "channel_1"


@pytest.fixture(autouse=True)
def impatient() -> None:
    """Give the devices their time: they talk as slowly as real ones."""


@pytest.fixture
async def ports(
    tmp_path: Path, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, str]]:
    """Where the devices are that were there, by family."""
    monkeypatch.setattr(devices, "SPEED", 1.0)
    async with devices.bench(tmp_path) as benched:
        with bench_usb(tmp_path / devices.USB):
            yield {device.family: device.address for device in benched}


def fill(registry: er.EntityRegistry, entries: dict[str, MockConfigEntry]) -> None:
    """Let Home Assistant know the entities that it knew."""
    for entity_id, unique_id, disabled_by, entry_id in STORED["entities"]:
        domain, _, name = entity_id.partition(".")
        registry.async_get_or_create(
            domain,
            DOMAIN,
            unique_id,
            suggested_object_id=name,
            config_entry=next(e for e in entries.values() if e.entry_id == entry_id),
            disabled_by=er.RegistryEntryDisabler(disabled_by) if disabled_by else None,
        )


@pytest.fixture
async def entries(
    hass: HomeAssistant, ports: dict[str, str], hass_storage: dict[str, Any]
) -> AsyncIterator[dict[str, MockConfigEntry]]:
    """Begin with what was stored, with the same devices on the wires."""
    found = {}
    for stored in STORED["entries"]:
        family = stored["data"][CONF_FAMILY]
        data = stored["data"] | {CONF_PORT: ports[family]}
        entry = found[family] = MockConfigEntry(domain=DOMAIN, **stored | {"data": data})
        entry.add_to_hass(hass)
        kept = deepcopy(STORED["memory"][entry.entry_id])
        hass_storage[f"{DOMAIN}.{entry.entry_id}"] = kept
        if "day" in kept["data"]["device"]:
            kept["data"]["device"]["day"] = local_day().isoformat()
        for program in kept["data"]["device"].get("programs", {}).values():
            # It was seen last just before the restart, and has run since the bench began.
            program |= {"seen_at": time.time(), "program_time": 0.0}
    fill(er.async_get(hass), found)
    await hass.config_entries.async_setup(next(iter(found.values())).entry_id)
    await hass.async_block_till_done()
    yield found
    for entry in found.values():
        await hass.config_entries.async_unload(entry.entry_id)


async def test_nothing_that_was_stored_is_lost(
    hass: HomeAssistant, entries: dict[str, MockConfigEntry]
) -> None:
    assert {entry.state for entry in entries.values()} == {ConfigEntryState.LOADED}

    def shown() -> set[str]:
        return {
            entity_id
            for entity_id, _, disabled_by, _ in STORED["entities"]
            if not disabled_by and hass.states.get(entity_id) is not None
        }

    expected = {entity_id for entity_id, _, disabled_by, _ in STORED["entities"] if not disabled_by}

    for _ in range(60):
        for entry in entries.values():
            await refresh(hass, entry)
        if shown() == expected:
            break
        await asyncio.sleep(0.5)
    assert shown() == expected
    # Each entity is the one that it was: what claims its id is Cellwire, under the same unique id.
    registry = er.async_get(hass)
    for entity_id, unique_id, _, _ in STORED["entities"]:
        entity = registry.async_get(entity_id)
        assert entity is not None
        assert entity.unique_id == unique_id
    known = dr.async_get(hass)
    assert all(
        any(
            known.async_get_device_by_identifier((DOMAIN, each), e.entry_id)
            for e in entries.values()
        )
        for each in STORED["devices"]
    )
    for memory in STORED["memory"].values():
        for identity, account in memory["data"]["energy"].items():
            for name in account["counters"].keys() & {"energy_in", "energy_out"}:
                before = account["counters"][name]["value"] / 1000
                entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{identity}_{name}")
                assert entity_id
                state = hass.states.get(entity_id)
                assert state
                assert float(state.state) >= round(before, 4)
    # A limit goes on being watched, and what the memory was worn by counts.
    charger = entries["icharger"].runtime_data.device
    state = charger.programs.state(CHANNEL)
    assert (state["slot"], state["minutes"], state["ended"]) == (7, 600, None)
    assert entries["victron_charger"].runtime_data.device.memory()["count"] == 1
