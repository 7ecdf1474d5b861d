"""What a user does and sees, in the steps that tests are made of."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.const import ATTR_ENTITY_ID, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import CONF_FAMILY, DOMAIN
from custom_components.cellwire.device_entry.coordinator import CellwireCoordinator


async def choose(hass: HomeAssistant, *steps: str) -> ConfigFlowResult:
    """Open the flow and choose in one menu after the other."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    for step in steps:
        assert step in result["menu_options"]
        result = await hass.config_entries.flow.async_configure(
            result["flow_id"], {"next_step_id": step}
        )
    return result


async def enter(hass: HomeAssistant, flow_id: str, port: str) -> ConfigFlowResult:
    """Enter a port and wait for the search to end."""
    result = await hass.config_entries.flow.async_configure(flow_id, {CONF_PORT: port})
    if result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        result = await hass.config_entries.flow.async_configure(flow_id)
    await hass.async_block_till_done()
    return result


async def refresh(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Read the device now."""
    coordinator: CellwireCoordinator = entry.runtime_data
    await coordinator.async_refresh()
    await hass.async_block_till_done()


def device_entries(hass: HomeAssistant) -> list[ConfigEntry[CellwireCoordinator]]:
    """Return the loaded entries that are devices."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry for entry in entries if CONF_FAMILY in entry.data]


def value(hass: HomeAssistant, entity: str) -> str:
    """Return the state of an entity that there must be."""
    state = hass.states.get(entity)
    assert state is not None, entity
    return state.state


async def call(hass: HomeAssistant, domain: str, service: str, entity: str, **data: Any) -> None:
    """Call an action of an entity."""
    await hass.services.async_call(domain, service, {ATTR_ENTITY_ID: entity, **data}, blocking=True)
    await hass.async_block_till_done()
