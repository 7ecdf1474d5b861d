"""Who may start, stop and set something: whoever may control the entity that does the same."""

from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.cellwire.const import DOMAIN
from tests.bench.icharger import SimulatedCharger

from ..steps import refresh, value
from .steps import NAME, READ, RUN, SERIAL, START, STOP

ENERGY = f"sensor.{NAME}_energy_in"
ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "get_presets": (READ, {}),
    "start_program": (START, {"preset": 7, "operation": "charge"}),
    "stop": (STOP, {}),
    "set_counter": (ENERGY, {"counter": "energy_in", "value": 12.5}),
}


async def act(hass: HomeAssistant, service: str, device: str, user_id: str | None) -> None:
    await hass.services.async_call(
        DOMAIN,
        service,
        {ATTR_DEVICE_ID: device, **ACTIONS[service][1]},
        blocking=True,
        context=Context(user_id=user_id),
        return_response=service == "get_presets",
    )


def user_with(hass: HomeAssistant, *entities: str) -> MockUser:
    """Make a user who may see everything and control some entities."""
    user = MockUser(id=f"user_{len(entities)}", name="Somebody").add_to_hass(hass)
    user.mock_policy(
        {
            "entities": {
                "all": {"read": True},
                "entity_ids": {entity: {"read": True, "control": True} for entity in entities},
            }
        }
    )
    return user


@pytest.fixture
async def counted(hass: HomeAssistant, entry: MockConfigEntry, charger: SimulatedCharger) -> None:
    """Let there be counters."""
    await refresh(hass, entry)
    charger.written.clear()


@pytest.mark.parametrize("service", ACTIONS)
async def test_a_user_who_may_only_look(
    hass: HomeAssistant,
    counted: None,
    charger: SimulatedCharger,
    channel: str,
    hass_read_only_user: MockUser,
    service: str,
) -> None:
    for user in (hass_read_only_user, user_with(hass), user_with(hass, f"sensor.{NAME}_status")):
        with pytest.raises(Unauthorized):
            await act(hass, service, channel, user.id)
    with pytest.raises(UnknownUser):
        await act(hass, service, channel, "nobody")
    assert not charger.written
    assert float(value(hass, ENERGY)) == 0


@pytest.mark.parametrize("service", ACTIONS)
async def test_a_user_who_may_control_another_entity(
    hass: HomeAssistant, counted: None, charger: SimulatedCharger, channel: str, service: str
) -> None:
    others = {entity for entity, _ in ACTIONS.values()} - {ACTIONS[service][0]}
    with pytest.raises(Unauthorized):
        await act(hass, service, channel, user_with(hass, *others).id)
    assert not charger.written


@pytest.mark.parametrize("service", ACTIONS)
async def test_a_user_who_may_control_the_entity(
    hass: HomeAssistant, counted: None, charger: SimulatedCharger, channel: str, service: str
) -> None:
    await act(hass, service, channel, user_with(hass, ACTIONS[service][0]).id)
    check(hass, charger, service)


@pytest.mark.parametrize("service", ACTIONS)
@pytest.mark.parametrize("who", ["administrator", "automation"])
async def test_administrators_and_automations(
    hass: HomeAssistant,
    counted: None,
    charger: SimulatedCharger,
    channel: str,
    hass_admin_user: MockUser,
    service: str,
    who: str,
) -> None:
    await act(hass, service, channel, hass_admin_user.id if who == "administrator" else None)
    check(hass, charger, service)


def check(hass: HomeAssistant, charger: SimulatedCharger, service: str) -> None:
    """Make sure that an action did what it is for."""
    match service:
        case "get_presets":
            assert (0x8001, [7]) in charger.written
        case "start_program":
            assert RUN in charger.written
        case "stop":
            assert not charger.channels[0].runs
        case _:
            assert float(value(hass, ENERGY)) == 12.5


async def test_presets_are_those_of_the_charger_whichever_part_is_asked(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    channel: str,
) -> None:
    charger = device_registry.async_get_device_by_identifier(
        (DOMAIN, f"icharger_{SERIAL}"), entry.entry_id
    )
    assert charger
    user = user_with(hass, READ)
    for device in (charger.id, channel):
        await act(hass, "get_presets", device, user.id)
