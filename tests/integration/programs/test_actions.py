"""What the actions show, and what they say of a device that has no programs."""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import DOMAIN
from tests.bench.jk_bms import ClassicBoard

from ..conftest import AddEntry
from ..steps import refresh
from .steps import OPERATION, PRESET


async def test_presets_that_were_asked_for_can_be_chosen(
    hass: HomeAssistant, entry: MockConfigEntry, channel: str
) -> None:
    await refresh(hass, entry)
    told = await hass.services.async_call(
        DOMAIN, "get_presets", {ATTR_DEVICE_ID: channel}, blocking=True, return_response=True
    )
    assert told
    state = hass.states.get(PRESET)
    assert state
    assert "LiPo 15" in state.attributes["options"]
    assert len(state.attributes["options"]) == len(told["presets"])  # type: ignore[arg-type]
    await hass.services.async_call(
        "select", "select_option", {"entity_id": PRESET, "option": "LiPo 15"}, blocking=True
    )
    operations = hass.states.get(OPERATION)
    assert operations
    assert "charge" in operations.attributes["options"]


@pytest.mark.parametrize(
    ("service", "data"),
    [
        ("get_presets", {}),
        ("start_program", {"preset": 7, "operation": "charge"}),
        ("stop", {}),
    ],
)
async def test_a_device_without_programs(
    hass: HomeAssistant,
    board: ClassicBoard,
    add_entry: AddEntry,
    device_registry: dr.DeviceRegistry,
    service: str,
    data: dict[str, object],
) -> None:
    entry = await add_entry("classic")
    device = dr.async_entries_for_config_entry(device_registry, entry.entry_id)[0]
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN,
            service,
            {ATTR_DEVICE_ID: device.id, **data},
            blocking=True,
            return_response=service == "get_presets",
        )
    assert caught.value.translation_key == "refused_not_offered"
    await hass.config_entries.async_unload(entry.entry_id)
