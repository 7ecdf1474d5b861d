"""What automations and people can ask for that no entity shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
import probatio

from .const import DOMAIN
from .device_entry.coordinator import CellwireConfigEntry, CellwireCoordinator, translated
from .devices.errors import Refused
from .devices.programs import Programs, StopConditions
from .links.errors import CellwireError

GET_PRESETS, START_PROGRAM, STOP = "get_presets", "start_program", "stop"
SET_COUNTER = "set_counter"
ATTR_PRESET, ATTR_OPERATION = "preset", "operation"
ATTR_COUNTER, ATTR_VALUE = "counter", "value"
LIMITS = ("minutes", "mah", "cell_voltage")

_DEVICE: dict[Any, Any] = {probatio.Required(ATTR_DEVICE_ID): cv.string}
_PROGRAM: dict[Any, Any] = {
    **_DEVICE,
    probatio.Required(ATTR_PRESET): probatio.Any(int, cv.string),
    probatio.Required(ATTR_OPERATION): cv.string,
    **{probatio.Optional(limit): probatio.Coerce(float) for limit in LIMITS},
}
_COUNTER: dict[Any, Any] = {
    **_DEVICE,
    probatio.Required(ATTR_COUNTER): cv.string,
    probatio.Required(ATTR_VALUE): probatio.Coerce(float),
}


@callback
def async_register_actions(hass: HomeAssistant) -> None:
    """Register all actions, once."""
    hass.services.async_register(
        DOMAIN,
        GET_PRESETS,
        _get_presets,
        probatio.Schema(_DEVICE),
        SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN, START_PROGRAM, _start_program, probatio.Schema(_PROGRAM), SupportsResponse.OPTIONAL
    )
    hass.services.async_register(DOMAIN, STOP, _stop, probatio.Schema(_DEVICE))
    hass.services.async_register(DOMAIN, SET_COUNTER, _set_counter, probatio.Schema(_COUNTER))


async def _get_presets(call: ServiceCall) -> ServiceResponse:
    """Read the programs that are stored in a device."""
    coordinator, _ = _target(call)
    with speaking():
        presets = await _programs(coordinator, "presets").get_presets()
    await coordinator.async_refresh_controls()
    return {"presets": [dict(preset) for preset in presets]}


async def _start_program(call: ServiceCall) -> ServiceResponse:
    """Start a program; where a response is wanted, wait until it has ended."""
    coordinator, unit = _target(call)
    preset = call.data[ATTR_PRESET]
    stop_at = StopConditions(**{limit: call.data.get(limit) for limit in LIMITS})
    with speaking():
        await _programs(coordinator).start(
            unit,
            # A text field can only give digits as a text.
            int(preset) if str(preset).isdecimal() else preset,
            call.data[ATTR_OPERATION],
            stop_at,
        )
    await coordinator.async_refresh_controls()
    if not call.return_response:
        return None
    return dict(await _programs(coordinator).until_end(unit))


async def _stop(call: ServiceCall) -> None:
    """Stop a program."""
    coordinator, unit = _target(call)
    with speaking():
        await _programs(coordinator).stop(unit)
    await coordinator.async_refresh_controls()


async def _set_counter(call: ServiceCall) -> None:
    """Let a counter go on from a known value."""
    coordinator, unit = _target(call)
    with speaking():
        coordinator.set_counter(unit, call.data[ATTR_COUNTER], call.data[ATTR_VALUE])


def _programs(coordinator: CellwireCoordinator, asked_for: str = "program") -> Programs:
    """Return the programs of a device. Raises Refused where it has none."""
    if (programs := coordinator.device.programs) is None:
        raise Refused(asked_for, "not_offered")
    return programs


def _target(call: ServiceCall) -> tuple[CellwireCoordinator, str]:
    """Return the coordinator and the unit that a call is for.

    Raises ServiceValidationError if there is no such device, or its entry is not loaded.
    """
    entry: CellwireConfigEntry
    device, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    coordinator = entry.runtime_data
    identities = {identity for _, identity in device.identifiers}
    units = coordinator.device.units
    return coordinator, next(
        (unit for unit in units if coordinator.unit_identity(unit) in identities), ""
    )


@contextmanager
def speaking() -> Iterator[None]:
    """Say what goes wrong in the user's language. Raises HomeAssistantError."""
    try:
        yield
    except Refused as err:
        raise ServiceValidationError(**translated(err)) from err
    except CellwireError as err:
        raise HomeAssistantError(**translated(err)) from err
