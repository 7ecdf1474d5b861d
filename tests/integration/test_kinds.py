"""Entries of several kinds beside each other, and those of a kind that nobody knows."""

from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownHandler
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.cellwire import async_remove_config_entry_device
from custom_components.cellwire.config_flow import CellwireConfigFlow
from custom_components.cellwire.const import CONF_KIND, DOMAIN
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from custom_components.cellwire.kinds import KEEPERS, keeper_of
from custom_components.cellwire.repairs import async_create_fix_flow
from tests.bench.jk_bms import ClassicBoard

from .conftest import AddEntry
from .foreign import FOREIGN, foreign_entry


async def test_an_entry_without_a_kind_is_a_device(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    assert CONF_KIND not in entry.data
    assert keeper_of(entry) is KEEPERS["device"]


async def test_an_entry_of_another_kind_is_set_up_unloaded_and_removed(
    hass: HomeAssistant,
) -> None:
    entry = foreign_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert await async_get_config_entry_diagnostics(hass, entry) == {
        "entry": {CONF_KIND: FOREIGN},
        "options": {},
    }
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.async_get_entry(entry.entry_id) is None


async def test_an_entry_of_a_kind_that_nobody_knows_says_so_and_stays(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    entry = foreign_entry()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={CONF_KIND: "of tomorrow"})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "unknown_kind"
    assert entry.data == {CONF_KIND: "of tomorrow"}
    device = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "of tomorrow")}
    )
    assert not await async_remove_config_entry_device(hass, entry, device)


async def test_what_has_no_port_can_be_moved_to_none(hass: HomeAssistant) -> None:
    entry = foreign_entry()
    entry.add_to_hass(hass)
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "nothing_to_move"


async def test_what_has_no_options_offers_none(hass: HomeAssistant) -> None:
    entry = foreign_entry()
    entry.add_to_hass(hass)
    assert not entry.supports_options
    with pytest.raises(UnknownHandler):
        CellwireConfigFlow.async_get_options_flow(entry)


async def test_what_has_no_repairs_makes_no_flow_for_them(hass: HomeAssistant) -> None:
    entry = foreign_entry()
    entry.add_to_hass(hass)
    about: dict[str, Any] = {"entry_id": entry.entry_id, "kind": "other_device"}
    with pytest.raises(ValueError, match="other_device"):
        await async_create_fix_flow(hass, "", about)
