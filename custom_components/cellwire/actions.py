"""What automations and people can ask for that no entity shows."""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
import probatio

from .const import DOMAIN
from .coordinator import CellwireConfigEntry, translated
from .links.errors import CellwireError

GET_PRESETS = "get_presets"


@callback
def async_register_actions(hass: HomeAssistant) -> None:
    """Register all actions, once."""
    hass.services.async_register(
        DOMAIN,
        GET_PRESETS,
        _get_presets,
        probatio.Schema({probatio.Required(ATTR_DEVICE_ID): cv.string}),
        SupportsResponse.ONLY,
    )


async def _get_presets(call: ServiceCall) -> ServiceResponse:
    """Read the programs that are stored in a device."""
    entry: CellwireConfigEntry
    _, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    try:
        presets = await entry.runtime_data.device.get_presets()
    except CellwireError as err:
        raise HomeAssistantError(**translated(err)) from err
    return {"presets": [dict(preset) for preset in presets]}
