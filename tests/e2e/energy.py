"""The energy dashboard of a real Home Assistant, filled with what Cellwire counts."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.home import Home, HomeError

# Home Assistant makes statistics each five minutes, and takes some seconds for it.
COUNTED_WITHIN = 360.0


async def _counting(home: Home) -> dict[str, dict[str, str]]:
    """Return the entities of each unit that counts energy by their keys, by the name of the unit.

    A pack of a bank is left out, since the bank is the sum of its packs.
    """
    entities: dict[str | None, dict[str, str]] = defaultdict(dict)
    for entity in await home.command("config/entity_registry/list"):
        if entity["platform"] == "cellwire" and not entity["disabled_by"]:
            entities[entity["device_id"]][entity["translation_key"]] = entity["entity_id"]
    devices = {each["id"]: each for each in await home.command("config/device_registry/list")}
    return {
        devices[device]["name"]: keys
        for device, keys in entities.items()
        if "energy_in" in keys
        and "energy_in" not in entities.get(devices[device]["via_device_id"], {})
    }


async def fill_dashboard(home: Home) -> list[str]:
    """Put batteries and chargers on the energy dashboard, as their owner would.

    What knows its state of charge is a battery of the house; what a charger puts into others is
    an individual device. Returns the names of all.
    """
    batteries: list[dict[str, Any]] = []
    chargers: list[dict[str, Any]] = []
    units = await _counting(home)
    for name, keys in units.items():
        if "soc" in keys:
            batteries.append(
                {
                    "type": "battery",
                    "name": name,
                    "stat_energy_from": keys["energy_out"],
                    "stat_energy_to": keys["energy_in"],
                    # Positive into the battery: the dashboard calls that inverted.
                    "power_config": {"stat_rate_inverted": keys["power"]},
                    "stat_soc": keys["soc"],
                }
            )
        else:
            chargers.append(
                {
                    "name": name,
                    "stat_consumption": keys["energy_in"],
                    "stat_rate": keys["power"],
                }
            )
    await home.command("energy/save_prefs", energy_sources=batteries, device_consumption=chargers)
    return list(units)


async def check_dashboard(home: Home) -> None:
    """Wait for the first statistics, and see that nothing is wrong. Raises HomeError."""
    preferences = await home.command("energy/get_prefs")
    give_up = asyncio.get_running_loop().time() + COUNTED_WITHIN
    while problems := await _problems(home):
        if asyncio.get_running_loop().time() > give_up:
            raise HomeError(f"the energy dashboard complains: {problems}")
        await asyncio.sleep(2)
    counters = [each["stat_energy_to"] for each in preferences["energy_sources"]]
    counters += [each["stat_consumption"] for each in preferences["device_consumption"]]
    sums = await home.command(
        "recorder/statistics_during_period",
        start_time=(datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        statistic_ids=counters,
        period="5minute",
        types=["sum", "state"],
    )
    for counter in counters:
        rows = sums.get(counter)
        if not rows or rows[-1]["state"] < rows[-1]["sum"]:
            raise HomeError(f"the statistics of {counter} are wrong: {rows}")
    print(f"energy/validate has nothing to say, and {len(counters)} counters have statistics")


async def _problems(home: Home) -> list[Any]:
    """Return what the dashboard finds wrong with what is on it."""
    answer = await home.command("energy/validate")
    return [issue for issues in answer.values() for each in issues for issue in each]
