"""What is set and started from Home Assistant: allowed first, read back, and refused in words."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cellwire.const import DOMAIN
from custom_components.cellwire.device_entry import mains
from custom_components.cellwire.device_entry.control_entity import CONTROLLING
from custom_components.cellwire.devices.errors import Refused
from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from tests.bench.jk_switches import SwitchedBoard
from tests.bench.victron_writes import CURRENT_LIMIT, SettableCharger
from tests.bench.wire import PtyWire
from tests.devices.victron_charger.talking import second, talking

from .conftest import CHARGING, AddEntry
from .steps import call, refresh, value

CHARGE = "switch.jk_b1a24s15p_charge_mosfet"
DISCHARGE = "switch.jk_b1a24s15p_discharge_mosfet"
LIMIT = "number.blue_smart_ip22_24_12_1_charge_current_limit"

SECRET = "hunter2"  # noqa: S105 - of no real board


async def decide(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Enter something in the options; the entry is loaded anew."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "init")
    result = await hass.config_entries.options.async_configure(
        form["flow_id"], {"interval": 5, **options}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


def controls(hass: HomeAssistant) -> list[str]:
    return [entity for domain in CONTROLLING for entity in hass.states.async_entity_ids(domain)]


@pytest.fixture
def switched(pty: PtyWire) -> SwitchedBoard:
    """A board of the kind that takes switches."""
    return SwitchedBoard(pty, CHARGING)


async def test_nothing_can_be_set_until_the_owner_allows_it(
    hass: HomeAssistant, switched: SwitchedBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    assert not controls(hass)
    await decide(hass, entry, allow_control=True)
    assert CHARGE in controls(hass)
    # It can leave a house without power.
    registry = er.async_get(hass)
    hidden = registry.async_get(DISCHARGE)
    assert hidden
    assert hidden.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(CHARGE, name="Let the sun in")
    await decide(hass, entry, allow_control=False)
    assert not controls(hass)
    await decide(hass, entry, allow_control=True)
    kept = registry.async_get(CHARGE)
    assert kept
    assert (kept.name, kept.disabled_by) == ("Let the sun in", None)
    hidden = registry.async_get(DISCHARGE)
    assert hidden
    assert hidden.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert not switched.habits.writes
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_mosfet_is_switched_and_read_back(
    hass: HomeAssistant, switched: SwitchedBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    await decide(hass, entry, allow_control=True)
    assert value(hass, CHARGE) == STATE_ON
    await call(hass, "switch", "turn_off", CHARGE)
    assert value(hass, CHARGE) == STATE_OFF
    await call(hass, "switch", "turn_on", CHARGE)
    assert value(hass, CHARGE) == STATE_ON
    switched.habits.applies = False
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "switch", "turn_off", CHARGE)
    assert caught.value.translation_key == "refused_not_taken"
    assert caught.value.translation_placeholders == {"control": "Charge MOSFET", "detail": "on"}
    assert value(hass, CHARGE) == STATE_ON
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_password_is_kept_to_itself(
    hass: HomeAssistant, switched: SwitchedBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    await decide(hass, entry, allow_control=True, password=SECRET)
    assert entry.runtime_data.device.settings.password == SECRET
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["options"]["password"] == REDACTED
    assert SECRET not in str(told)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def settable(pty: PtyWire) -> AsyncIterator[SettableCharger]:
    """A charger whose current limit is stored in its memory."""
    async with talking(SettableCharger(pty, [second()], period=0.1)) as charger:
        assert isinstance(charger, SettableCharger)
        yield charger


async def by_and_by(
    hass: HomeAssistant, entry: MockConfigEntry, happened: Callable[[], object]
) -> None:
    """Read until something happened: a charger has to be asked for much before it is known."""
    for _ in range(100):
        await refresh(hass, entry)
        if happened():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


async def shown(hass: HomeAssistant, entry: MockConfigEntry, entity: str) -> None:
    """Wait until a control is offered."""

    def is_offered() -> bool:
        state = hass.states.get(entity)
        return state is not None and state.state != STATE_UNAVAILABLE

    await by_and_by(hass, entry, is_offered)


async def test_a_limit_is_set_clamped_and_counted(
    hass: HomeAssistant, settable: SettableCharger, add_entry: AddEntry
) -> None:
    entry = await add_entry("vedirect")
    await shown(hass, entry, LIMIT)
    assert not settable.commands
    state = hass.states.get(LIMIT)
    assert state
    assert (state.attributes["min"], state.attributes["max"]) == (3.0, 12.0)
    await call(hass, "number", "set_value", LIMIT, value=8.0)
    assert value(hass, LIMIT) == "8.0"
    assert settable.writes[CURRENT_LIMIT] == 1
    with pytest.raises(ServiceValidationError):
        await call(hass, "number", "set_value", LIMIT, value=13.0)
    assert settable.writes[CURRENT_LIMIT] == 1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_used_up_budget_is_an_issue_until_it_is_raised(
    hass: HomeAssistant,
    pty: PtyWire,
    settable: SettableCharger,
    add_entry: AddEntry,
    issue_registry: ir.IssueRegistry,
    hass_storage: dict[str, Any],
) -> None:
    entry = await add_entry("vedirect")
    await decide(hass, entry, allow_control=True, daily_writes=1)
    await shown(hass, entry, LIMIT)
    issue = (DOMAIN, f"budget_used_{entry.entry_id}")
    assert issue not in issue_registry.issues
    await call(hass, "number", "set_value", LIMIT, value=8.0)
    assert issue_registry.issues[issue].translation_key == "budget_used"
    entry.runtime_data.device.thrift._ready_at = 0.0
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "number", "set_value", LIMIT, value=9.0)
    assert caught.value.translation_key == "refused_budget_used"
    # A restart does not give new ones; only to remove the entry forgets them.
    await hass.config_entries.async_reload(entry.entry_id)
    await shown(hass, entry, LIMIT)
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["device"]["count"] == 1
    await by_and_by(hass, entry, lambda: issue in issue_registry.issues)
    # Nor does a set-up that fails.
    await hass.config_entries.async_unload(entry.entry_id)
    await pty.unplug()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["device"]["count"] == 1
    await pty.plug()
    await hass.config_entries.async_setup(entry.entry_id)
    await by_and_by(hass, entry, lambda: issue in issue_registry.issues)
    await decide(hass, entry, allow_control=True, daily_writes=50)
    await by_and_by(hass, entry, lambda: issue not in issue_registry.issues)
    await hass.config_entries.async_remove(entry.entry_id)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_a_charger_without_a_switch_is_fed_by_one(
    hass: HomeAssistant,
    settable: SettableCharger,
    add_entry: AddEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plug = "switch.plug"
    hass.states.async_set(plug, STATE_ON)
    calls: list[str] = []

    async def turn(call: Any) -> None:
        calls.append(call.service)
        hass.states.async_set(plug, call.service.removeprefix("turn_"))

    entry = await add_entry("vedirect")
    await decide(hass, entry, allow_control=True, daily_writes=100, mains_switch=plug)
    hass.services.async_remove("switch", "turn_off")
    with pytest.raises(Refused) as caught:
        await entry.runtime_data.device.settings.mains.turn(on=False)
    assert caught.value.key == "refused_mains_unknown"

    async def hang(_call: Any) -> None:
        await asyncio.Event().wait()

    hass.services.async_register("switch", "turn_off", hang)
    monkeypatch.setattr(mains, "PATIENCE", 0.05)
    await entry.runtime_data.device.settings.mains.turn(on=False)
    hass.services.async_register("switch", "turn_on", turn)
    hass.services.async_register("switch", "turn_off", turn)
    device = entry.runtime_data.device
    await shown(hass, entry, "switch.blue_smart_ip22_24_12_1_charger")
    await device.apply("charger", "charger_switch", wish=False)
    assert calls == ["turn_off"]
    assert device.settings.mains.is_on is False
    hass.states.async_set(plug, STATE_UNAVAILABLE)
    assert device.settings.mains.is_on is None
    with pytest.raises(HomeAssistantError):
        await call(hass, "cellwire", "nonsense", plug)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_charger_without_power_keeps_its_name(
    hass: HomeAssistant, settable: SettableCharger, add_entry: AddEntry
) -> None:
    """It can't say what it is until it is switched on, but that was known before."""
    entry = await add_entry("vedirect")
    coordinator = entry.runtime_data
    unit = coordinator.device.units["charger"]
    info = coordinator.device_info(replace(unit, model=None))
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **info)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert (device.name, device.model) == (unit.model, unit.model)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_options_are_those_of_the_family(
    hass: HomeAssistant, switched: SwitchedBoard, add_entry: AddEntry
) -> None:
    entry = await add_entry("classic")
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["data_schema"]
    fields = {str(field): field for field in form["data_schema"].schema}
    assert list(fields) == ["interval", "allow_control", "password"]
    assert fields["allow_control"].default() is False
    hass.config_entries.options.async_abort(form["flow_id"])
    await hass.config_entries.async_unload(entry.entry_id)
