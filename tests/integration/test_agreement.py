"""Ten minutes of all devices of the demo at rest, charging and discharging: no contradiction."""

import asyncio
from collections import Counter
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.devices.jk_bms import classic
from tests.agreement import TOTALS, facts, pages
from tests.bench.hid_port import bench_usb
from tests.bench.noisy_pack import USES
from tests.bench.spread import spread
from tests.bench.trembling import PERIOD, trembling
from tests.e2e.devices import USB, Device, bench

from .steps import choose, enter

INTERVAL = 5.0
# Ten minutes in all.
POLLS = int(600 / INTERVAL / len(USES))
# What the wires of a charger take, in V: 4 mΩ at up to 20 A.
WIRES = {f"iCharger 4010 DUO channel {number}": 0.1 for number in (1, 2)}
# What is looked at of whom, at least.
LOOKED_AT = {
    "JK_B1A24S15P": {"number of min cell", "voltage and sum of cells", "status and current"},
    "Blue Smart IP22 24/12 (1)": {"power and voltage times current", "charging and current"},
    "BMS16T": {"cell difference", "magnitude and current", "time_to_empty and current"},
    "AM2 3": {"mean of cells", "time_to_full and current"},
    "Hubble AM2 bank": {
        *(f"{name} of bank" for name in (*TOTALS, "voltage", "state of charge")),
        "number of max cell",
        "status and current",
    },
    "iCharger 4010 DUO channel 2": {"max of cells", "voltage and sum of cells"},
}


@pytest.fixture(autouse=True)
def all_entities(monkeypatch: pytest.MonkeyPatch, without_link_sensors: None) -> None:
    """Show the hidden entities too, and wait for nothing."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", property(lambda _: True))
    monkeypatch.setattr(classic, "PACE", 0.0)


async def set_up(hass: HomeAssistant, device: Device) -> MockConfigEntry:
    """Set a device up as its owner would."""
    steps = [device.family, f"{device.family}_{device.kind}"] if device.kind else [device.family]
    form = await choose(hass, *steps)
    found = await enter(hass, form["flow_id"], device.address)
    assert found["step_id"] == "found", found
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    await hass.async_block_till_done()
    entry: MockConfigEntry = result["result"]
    entry.runtime_data.update_interval = None
    return entry


async def ten_minutes(hass: HomeAssistant, folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Return how often everything that should hold did, and how often it did not."""
    held: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    async with bench(folder) as devices:
        with bench_usb(folder / USB):
            steps = [trembling(device, seed) for seed, device in enumerate(devices)]
            entries = [await set_up(hass, device) for device in devices]
            coordinators = [entry.runtime_data for entry in entries]
            for each in coordinators:
                spread(each.device, INTERVAL)
            for phase in USES:
                for _ in range(POLLS):
                    for step in steps:
                        step(phase)
                    await asyncio.sleep(2 * PERIOD)
                    await asyncio.gather(*(each.async_refresh() for each in coordinators))
                    await hass.async_block_till_done()
                    for page in pages(hass, WIRES):
                        for what, holds in facts(page):
                            (held if holds else broken)[f"{page.name}: {what}"] += 1
            for entry in entries:
                await hass.config_entries.async_unload(entry.entry_id)
    return held, broken


async def test_nothing_that_is_shown_contradicts_anything_else(
    hass: HomeAssistant, tmp_path: Path, socket_enabled: None
) -> None:
    held, broken = await ten_minutes(hass, tmp_path)
    assert not broken
    for name, kinds in LOOKED_AT.items():
        for what in kinds:
            # The time that is left is known while current flows, in one direction of it.
            assert held[f"{name}: {what}"] > POLLS / 2, (name, what)
