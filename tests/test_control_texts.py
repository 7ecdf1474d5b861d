"""Every text that controls, events, actions and options ask for exists, and no other."""

import json
from pathlib import Path
from typing import Any

from homeassistant.util.yaml import load_yaml_dict

from custom_components.cellwire import number
from custom_components.cellwire.actions import LIMITS
from custom_components.cellwire.const import CONF_INTERVAL
from custom_components.cellwire.device_entry.control_entity import CONTROLLING
from custom_components.cellwire.devices.control import (
    ChoiceControl,
    CommandControl,
    Control,
    NumberControl,
    ToggleControl,
)
from custom_components.cellwire.devices.device import Option
from custom_components.cellwire.devices.icharger.controls import (
    ChannelActions,
    Wish,
    channel_controls,
    current_ranges,
    refresh_control,
    settings_controls,
)
from custom_components.cellwire.devices.icharger.events import EVENTS
from custom_components.cellwire.devices.icharger.models import MODELS
from custom_components.cellwire.devices.icharger.presets import OPERATIONS
from custom_components.cellwire.devices.icharger.system import OLD_DUO
from custom_components.cellwire.devices.jk_bms.switches import SWITCHES, to_controls
from custom_components.cellwire.devices.model import Kind, Value
from custom_components.cellwire.devices.registry import FAMILIES
from custom_components.cellwire.devices.victron_charger.controls import LIMIT
from custom_components.cellwire.devices.victron_charger.supply import SWITCH

PACKAGE = Path(__file__).parent.parent / "custom_components" / "cellwire"
TEXTS: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((PACKAGE / "icons.json").read_text())["entity"]
ACTIONS = load_yaml_dict(str(PACKAGE / "services.yaml"))
PLATFORMS: dict[type[Control], str] = {
    NumberControl: "number",
    ToggleControl: "switch",
    ChoiceControl: "select",
    CommandControl: "button",
}


async def do(*_wish: object) -> None:
    """Do nothing: no control is carried out here."""


async def ask(_key: str, _wish: Value) -> None:
    """Do nothing either."""


def controls() -> list[Control]:
    """Collect the controls that any device may have."""
    ratings = MODELS["4010 DUO"].ratings
    assert ratings
    settings = {quantity.id: 1 for quantity in OLD_DUO.quantities}
    actions = ChannelActions(choose_preset=do, choose_operation=do, start=do, stop=do, edit=ask)
    return [
        *to_controls(SWITCHES, do),
        NumberControl(key=LIMIT, carry_out=do, kind=Kind.CURRENT, minimum=3, maximum=12, step=0.1),
        ToggleControl(key=SWITCH, carry_out=do),
        *channel_controls(Wish(), (), current_ranges(None, ratings, {}, "channel_1"), actions),
        *settings_controls(ratings, settings, ask),
        refresh_control(do),
    ]


def test_every_control_has_a_name_and_no_name_is_left_over() -> None:
    found: dict[str, dict[str, Control]] = {platform: {} for platform in CONTROLLING}
    for control in controls():
        found[PLATFORMS[type(control)]][control.key] = control
    for platform, by_key in found.items():
        texts = TEXTS["entity"][platform]
        assert texts.keys() == by_key.keys(), platform
        for key, control in by_key.items():
            assert ("{number}" in texts[key]["name"]) == (control.number is not None), key


def test_controls_without_a_device_class_have_an_icon_and_others_none() -> None:
    for platform in CONTROLLING:
        wanted = {
            control.key
            for control in controls()
            if PLATFORMS[type(control)] == platform
            and not (isinstance(control, NumberControl) and number.KINDS[control.kind][0])
        }
        assert ICONS[platform].keys() == wanted


def test_operations_are_translated_wherever_they_are_chosen() -> None:
    words = set(OPERATIONS)
    assert TEXTS["entity"]["select"]["operation"]["state"].keys() == words
    assert TEXTS["selector"]["operation"]["options"].keys() == words
    selector = ACTIONS["start_program"]["fields"]["operation"]["selector"]["select"]
    assert set(selector["options"]) == words
    assert selector["translation_key"] == "operation"


def test_events_are_translated() -> None:
    texts = TEXTS["entity"]["event"]["program"]["state_attributes"]["event_type"]["state"]
    assert texts.keys() == set(EVENTS)
    assert ICONS["event"].keys() == TEXTS["entity"]["event"].keys() == {"program"}


def test_options_are_translated_and_explained() -> None:
    step = TEXTS["options"]["step"]["init"]
    options = {CONF_INTERVAL, *Option}
    assert step["data"].keys() == step["data_description"].keys() == options
    assert {option for family in FAMILIES.values() for option in family.options} == set(Option)


def test_programs_can_be_limited_as_the_device_layer_has_it() -> None:
    fields = ACTIONS["start_program"]["fields"]
    assert set(LIMITS) < fields.keys()
    assert {name for name, field in fields.items() if field.get("required")} == {
        "device_id",
        "preset",
        "operation",
    }
