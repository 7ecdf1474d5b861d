"""Where the counters of an entry meet Home Assistant: the units that people see, and old states."""

from collections import defaultdict
from collections.abc import Mapping

from homeassistant.components.sensor import RestoreSensor
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

# How much of what a person sees (kWh, Ah, cycles) is one of what is counted (Wh, Ah, cycles).
SCALES: Mapping[str, float] = {
    "energy_in": 1000,
    "energy_out": 1000,
    "charge_in": 1,
    "charge_out": 1,
    "cycles": 1,
}


async def last_counted(hass: HomeAssistant, entry_id: str) -> dict[str, dict[str, float]]:
    """Return what the counters of the units of an entry showed before, by the unit's identity.

    In Wh, Ah and cycles, as far as that is known.
    """
    counted: dict[str, dict[str, float]] = defaultdict(dict)
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry_id):
        for name, scale in SCALES.items():
            identity = entity.unique_id.removesuffix(f"_{name}")
            if identity == entity.unique_id:
                continue
            sensor = RestoreSensor()
            sensor.hass, sensor.entity_id = hass, entity.entity_id
            known = await sensor.async_get_last_sensor_data()
            if known and isinstance(known.native_value, int | float):
                counted[identity][name] = known.native_value * scale
    return counted
