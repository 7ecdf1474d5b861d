"""What automations and people can ask for that no entity shows."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
from .device_entry.coordinator import translated
from .devices.device import StopConditions
from .devices.errors import Refused
from .devices.model import Value
from .exchange import NoSuchUnit, Source, exchange_of
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
    source, _ = _target(call)
    with speaking():
        presets = await source.device.get_presets()
    return {"presets": [dict(preset) for preset in presets]}


async def _start_program(call: ServiceCall) -> ServiceResponse:
    """Start a program; where a response is wanted, wait until it has ended."""
    source, unit = _target(call)
    preset = call.data[ATTR_PRESET]
    stop_at = StopConditions(**{limit: call.data.get(limit) for limit in LIMITS})
    with speaking():
        await source.device.start_program(
            unit,
            # A text field can only give digits as a text.
            int(preset) if str(preset).isdecimal() else preset,
            call.data[ATTR_OPERATION],
            stop_at,
        )
    await source.async_refresh_controls()
    return dict(await _end(call.hass, source, unit)) if call.return_response else None


async def _stop(call: ServiceCall) -> None:
    """Stop a program."""
    source, unit = _target(call)
    with speaking():
        await source.device.stop_program(unit)
    await source.async_refresh_controls()


async def _set_counter(call: ServiceCall) -> None:
    """Let a counter go on from a known value."""
    source, unit = _target(call)
    with speaking():
        source.set_counter(unit, call.data[ATTR_COUNTER], call.data[ATTR_VALUE])


async def _end(hass: HomeAssistant, source: Source, unit: str) -> Mapping[str, Value]:
    """Wait until a program has ended, or nobody watches it any more; return what is known of it."""
    exchange, news = exchange_of(hass), asyncio.Event()
    leave = exchange.follow(news.set)
    try:
        while True:
            state = source.device.program_state(unit) or {}
            if state.get("ended") or source.device.wires.closed:
                return state
            news.clear()
            await news.wait()
    finally:
        leave()


def _target(call: ServiceCall) -> tuple[Source, str]:
    """Return who reads the unit that a call is for, and the unit's key.

    Raises ServiceValidationError if there is no such device, or its entry is not loaded.
    """
    device, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    exchange = exchange_of(call.hass)
    for _, identity in device.identifiers:
        with suppress(NoSuchUnit):
            return exchange.find(identity)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="no_unit",
        translation_placeholders={"name": entry.title},
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
