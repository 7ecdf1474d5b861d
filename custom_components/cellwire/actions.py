"""What automations and people can ask for that no entity shows."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from homeassistant.auth.permissions.const import CAT_ENTITIES, POLICY_CONTROL
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.service import async_get_device_and_config_entry
import probatio

from .const import DOMAIN
from .device_entry.entry_data import translated
from .devices.errors import Refused
from .devices.programs import Programs, StopConditions
from .exchange import NoSuchUnit, Source, exchange_of
from .keeper import AnyEntry
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
    source, _ = await _target(call, "refresh_presets")
    with speaking():
        presets = await _programs(source, "presets").get_presets()
    await source.async_refresh_controls()
    return {"presets": [dict(preset) for preset in presets]}


async def _start_program(call: ServiceCall) -> ServiceResponse:
    """Start a program; where a response is wanted, wait until it has ended."""
    source, unit = await _target(call, "start")
    preset = call.data[ATTR_PRESET]
    stop_at = StopConditions(**{limit: call.data.get(limit) for limit in LIMITS})
    with speaking():
        await _programs(source).start(
            unit,
            # A text field can only give digits as a text.
            int(preset) if str(preset).isdecimal() else preset,
            call.data[ATTR_OPERATION],
            stop_at,
        )
    await source.async_refresh_controls()
    if not call.return_response:
        return None
    return dict(await _programs(source).until_end(unit))


async def _stop(call: ServiceCall) -> None:
    """Stop a program."""
    source, unit = await _target(call, "stop")
    with speaking():
        await _programs(source).stop(unit)
    await source.async_refresh_controls()


async def _set_counter(call: ServiceCall) -> None:
    """Let a counter go on from a known value."""
    source, unit = await _target(call, call.data[ATTR_COUNTER])
    with speaking():
        source.set_counter(unit, call.data[ATTR_COUNTER], call.data[ATTR_VALUE])


def _programs(source: Source, asked_for: str = "program") -> Programs:
    """Return the programs of a device. Raises Refused where it has none."""
    if (programs := source.device.programs) is None:
        raise Refused(asked_for, "not_offered")
    return programs


async def _target(call: ServiceCall, key: str) -> tuple[Source, str]:
    """Return who reads the unit that a call is for, and the unit's key.

    `key` is that of the entity by which the same can be done, or on which it shows. Raises
    ServiceValidationError if there is no such device, or its entry is not loaded, and Unauthorized
    for a user who may not control that entity.
    """
    device, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    source, unit = _find(call.hass, device, entry)
    # What is read from a charger is asked for on its channels too.
    parts = {unit, source.unit(unit).via}
    identities = [identity for identity, part in source.identities.items() if part in parts]
    await _demand_leave(call, entry, {f"{identity}_{key}" for identity in identities})
    return source, unit


def _find(hass: HomeAssistant, device: AnyDeviceEntry, entry: AnyEntry) -> tuple[Source, str]:
    """Return who reads the unit that a device stands for. Raises ServiceValidationError."""
    for _, identity in device.identifiers:
        with suppress(NoSuchUnit):
            return exchange_of(hass).find(identity)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="no_unit",
        translation_placeholders={"name": entry.title},
    )


async def _demand_leave(call: ServiceCall, entry: AnyEntry, unique_ids: Collection[str]) -> None:
    """Raise Unauthorized for a user who may control none of these entities of an entry.

    As Home Assistant does it for actions of entities: who has no user is an automation and may.
    """
    context = call.context
    if context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(context.user_id)
    if user is None:
        raise UnknownUser(context=context, permission=POLICY_CONTROL, user_id=context.user_id)
    if user.is_admin:
        return
    for entity in er.async_entries_for_config_entry(er.async_get(call.hass), entry.entry_id):
        if entity.unique_id in unique_ids and user.permissions.check_entity(
            entity.entity_id, POLICY_CONTROL
        ):
            return
    raise Unauthorized(context=context, permission=POLICY_CONTROL, perm_category=CAT_ENTITIES)


@contextmanager
def speaking() -> Iterator[None]:
    """Say what goes wrong in the user's language. Raises HomeAssistantError."""
    try:
        yield
    except Refused as err:
        raise ServiceValidationError(**translated(err)) from err
    except CellwireError as err:
        raise HomeAssistantError(**translated(err)) from err
