"""Where the counters of an entry meet Home Assistant: the units that people see, and old states."""

from collections.abc import Mapping

from homeassistant.components.sensor import DOMAIN as SENSOR, SensorExtraStoredData
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, restore_state

from .const import DOMAIN

# How much of what a person sees (kWh, Ah, cycles) is one of what is counted (Wh, Ah, cycles).
SCALES: Mapping[str, float] = {
    "energy_in": 1000,
    "energy_out": 1000,
    "charge_in": 1,
    "charge_out": 1,
    "cycles": 1,
}


def last_counted(hass: HomeAssistant, identity: str) -> dict[str, float]:
    """Return what the counters of a unit showed before, in Wh, Ah and cycles, as far as known."""
    registry, states = er.async_get(hass), restore_state.async_get(hass).last_states
    values: dict[str, float] = {}
    for name, scale in SCALES.items():
        entity = registry.async_get_entity_id(SENSOR, DOMAIN, f"{identity}_{name}")
        stored = states.get(entity) if entity else None
        data = stored.extra_data.as_dict() if stored and stored.extra_data else {}
        known = SensorExtraStoredData.from_dict(data)
        if known and isinstance(known.native_value, int | float):
            values[name] = known.native_value * scale
    return values
