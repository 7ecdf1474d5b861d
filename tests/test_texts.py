"""Every text that the code asks for exists, and no other; the same for icons."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.cellwire import binary_sensor, sensor
from custom_components.cellwire.device_entry import link_sensor
from custom_components.cellwire.device_entry.coordinator import NAMED_PARTS
from custom_components.cellwire.device_entry.problems import KINDS
from custom_components.cellwire.devices import errors
from custom_components.cellwire.devices.chargery import reading as chargery_reading
from custom_components.cellwire.devices.chargery.words import Silent
from custom_components.cellwire.devices.hubble_am2 import bank as hubble_bank
from custom_components.cellwire.devices.hubble_am2.texts import Texts, to_unit as to_hubble_unit
from custom_components.cellwire.devices.icharger.info import to_info
from custom_components.cellwire.devices.icharger.models import MODELS
from custom_components.cellwire.devices.icharger.system import DX, OLD_DUO, X
from custom_components.cellwire.devices.icharger.units import to_units as icharger_units
from custom_components.cellwire.devices.jk_bms import modbus_reading, reading as jk_reading
from custom_components.cellwire.devices.jk_bms.fields import FieldList
from custom_components.cellwire.devices.model import (
    BATTERY_STATUSES,
    NO_ALARM,
    NO_ERROR,
    Reading,
    Status,
    Unit,
    UnitKind,
)
from custom_components.cellwire.devices.registry import FAMILIES
from custom_components.cellwire.devices.vedirect.samples import Samples
from custom_components.cellwire.devices.vedirect.text import Text
from custom_components.cellwire.devices.victron_charger import reading as victron_reading
from custom_components.cellwire.devices.victron_charger.registers import REGISTERS
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.link import LinkKind

PACKAGE = Path(__file__).parent.parent / "custom_components" / "cellwire"
LANGUAGES = sorted((PACKAGE / "translations").glob("*.json"))
ICONS = json.loads((PACKAGE / "icons.json").read_text())
PLACEHOLDER = re.compile(r"{(\w+)}")
REFUSALS = (
    "not_offered",
    "not_allowed",
    "not_a_number",
    "out_of_range",
    "not_a_choice",
    "busy",
    "not_taken",
    "is_a_sum",
    "unknown_state",
    "wrong_password",
    "device_refused",
    "budget_used",
    "mains_unknown",
    "charger_error",
    "needs_stop",
    "other_channel_error",
    "no_preset",
    "no_operation",
    "no_such_preset",
    "preset_empty",
    "preset_changed",
    "preset_fixed",
    "preset_unknown",
    "preset_uncertain",
    "preset_synchronous",
    "preset_beyond_model",
    "operation_not_offered",
    "cell_limit_unclear",
    "no_cells",
)

# What goes wrong with entries and actions rather than with devices.
OF_ENTRIES = {"unknown_kind", "no_unit"}

# A reading with a value in every place, and units that say everything that they can.
FULL = Reading(
    at=0.0,
    cell_voltages=(3.3,),
    cell_resistances=(0.5,),
    wire_resistances=(50.0,),
    cells_balancing=(True,),
    temperatures={
        "mosfet": 20.0,
        "battery": 20.0,
        "internal": 20.0,
        "environment": 20.0,
        "1": 20.0,
    },
)
UNITS: tuple[Unit, ...] = (
    chargery_reading.to_unit(chargery_reading.Latest()),
    *(
        unit
        for block in (OLD_DUO, X, DX)
        for unit in icharger_units(to_info([0] * 13), MODELS["4010 DUO"], block, 2)
    ),
    jk_reading.to_unit(FieldList({})),
    modbus_reading.to_unit("1", None, None),
    hubble_bank.UNIT,
    to_hubble_unit("1", Texts(), None),
    victron_reading.to_unit(0xA334, None, Text(victron_reading.FIELDS), Samples(REGISTERS)),
    Unit(
        key="u", kind=UnitKind.BATTERY, manufacturer="m", statuses=tuple(Status), errors=(NO_ERROR,)
    ),
)


def english() -> dict[str, Any]:
    texts: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
    return texts


def described() -> dict[str, dict[str, Any]]:
    """Collect the descriptions that any unit may have, by platform and translation key."""
    found: dict[str, dict[str, Any]] = {"sensor": {}, "binary_sensor": {}}
    found["sensor"] |= {str(each.translation_key): each for each in link_sensor.LINK_SENSORS}
    for unit in UNITS:
        for each in sensor.offered(unit, FULL):
            found["sensor"][str(each.translation_key)] = each
        for flag in binary_sensor.offered(unit, FULL):
            found["binary_sensor"][str(flag.translation_key)] = flag
    return found


def words_of(key: str) -> set[str]:
    """Collect what a sensor of words can say on any unit."""
    words: set[str] = set()
    for unit in UNITS:
        for each in sensor.offered(unit, FULL):
            if each.translation_key == key and each.words:
                words.update(each.words(unit))
    return words


def leaves(texts: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(texts, dict):
        for key, value in texts.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path, texts


def all_errors() -> list[LinkError | errors.DeviceError]:
    return [
        *(LinkError(fault, "p", "d") for fault in LinkFault),
        errors.NoAnswer("d"),
        Silent(10.0),
        errors.BadAnswer("d", b"x"),
        errors.NeverQuiet("d", b"x"),
        errors.OnlyEcho("d"),
        errors.Garbled("d"),
        errors.Declined("d", 2),
        errors.NothingFound("p"),
        errors.NotUsable("f"),
        errors.OtherDevice("d", "f"),
        errors.WrongIdentity("e", "f"),
        errors.Implausible("d", "r"),
        errors.Stuck("p", 60.0),
        errors.Unforeseen("p", IndexError("e")),
        *(errors.Refused("c", reason, detail="d") for reason in REFUSALS),
    ]


def test_every_kind_of_error_is_looked_at() -> None:
    def below(kind: type[errors.DeviceError]) -> set[type]:
        kinds: set[type] = {kind}
        for each in kind.__subclasses__():
            kinds |= below(each)
        return kinds

    assert {type(error) for error in all_errors()} == below(errors.DeviceError) - {
        errors.DeviceError
    } | {LinkError}
    source = "".join(path.read_text() for path in PACKAGE.glob("devices/**/*.py"))
    said = re.findall(r'(?:refuse\(|NotSet\(|Refused\([^,()]+, )"(\w+)"', source)
    assert set(said) == set(REFUSALS)


def test_every_error_has_its_texts_with_its_placeholders() -> None:
    texts = english()
    errors_by_key = {error.key: error for error in all_errors()}
    assert texts["config"]["error"].keys() == errors_by_key.keys()
    assert texts["exceptions"].keys() == errors_by_key.keys() | OF_ENTRIES
    for key, error in errors_by_key.items():
        for text in (texts["config"]["error"][key], texts["exceptions"][key]["message"]):
            assert set(PLACEHOLDER.findall(text)) <= error.placeholders.keys(), key


def test_every_entity_has_a_name_and_no_name_is_left_over() -> None:
    texts = english()["entity"]
    for platform, descriptions in described().items():
        assert texts[platform].keys() == descriptions.keys()
        for key, description in descriptions.items():
            name = texts[platform][key]["name"]
            numbered = getattr(description, "number", None) is not None
            assert PLACEHOLDER.findall(name) == (["number"] if numbered else []), key


def test_every_word_of_a_sensor_is_translated() -> None:
    for key, text in english()["entity"]["sensor"].items():
        assert set(text.get("state", {})) == words_of(key), key
    assert set(BATTERY_STATUSES) < words_of("status")
    assert NO_ALARM in words_of("alarm")


def test_every_family_has_its_step() -> None:
    steps = english()["config"]["step"]
    on_usb = {f"{key}_hid" for key, family in FAMILIES.items() if LinkKind.HID in family.links}
    menus = {"user": {*FAMILIES, "detect"}, "detect": {"detect_port", *on_usb}}
    for family in FAMILIES.values():
        if len(family.links) > 1:
            menus[family.key] = {f"{family.key}_{kind}" for kind in family.links}
    forms = {"reconfigure", *FAMILIES} - menus.keys()
    menus["reconfigure"] = {f"reconfigure_{kind}" for kind in LinkKind}
    forms |= set().union(*menus.values()) - menus.keys()
    assert steps.keys() == {"search", "found"} | menus.keys() | forms
    for name, step in steps.items():
        assert step.get("menu_options", {}).keys() == menus.get(name, set()), name
        assert step.get("data", {}).keys() == ({"port"} if name in forms else set()), name
        assert step.get("data", {}).keys() == step.get("data_description", {}).keys(), name


def test_parts_of_a_device_and_actions_have_their_texts() -> None:
    texts = english()
    assert texts["device"].keys() == set(NAMED_PARTS)
    actions = load_yaml_dict(str(PACKAGE / "services.yaml"))
    assert texts["services"].keys() == actions.keys() == ICONS["services"].keys()
    for name, action in actions.items():
        assert texts["services"][name]["fields"].keys() == action["fields"].keys()


def test_aborts_and_progress_have_texts() -> None:
    texts = english()["config"]
    source = (PACKAGE / "config_flow.py").read_text()
    used = set(re.findall(r'(?:AbortFlow\(|reason=)"(\w+)"', source))
    assert texts["abort"].keys() == used | {"already_configured", "reconfigure_successful"}
    assert texts["progress"].keys() == {"search"}


def test_every_issue_has_its_texts() -> None:
    issues = english()["issues"]
    assert issues.keys() == KINDS.keys()
    for key, kind in KINDS.items():
        assert issues[key].keys() == {"title", "fix_flow" if kind.fixable else "description"}, key


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_languages_are_whole_and_say_something(path: Path) -> None:
    own = dict(leaves(json.loads(path.read_text())))
    reference = dict(leaves(english()))
    assert own.keys() == reference.keys()
    for key, text in own.items():
        assert text.strip() == text, key
        assert text, key
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(reference[key])), key
        assert "[%key" not in text


def test_names_are_told_apart() -> None:
    for platform, texts in english()["entity"].items():
        names = [text["name"] for text in texts.values()]
        assert len(names) == len(set(names)), platform


def test_entities_without_a_device_class_have_an_icon_and_others_none() -> None:
    icons = ICONS["entity"]
    for platform, descriptions in described().items():
        wanted = {
            key
            for key, description in descriptions.items()
            if description.device_class in (None, "enum")
        }
        assert icons[platform].keys() == wanted


def test_icons_are_of_the_set_that_home_assistant_brings() -> None:
    for path, icon in leaves(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), path
    for key, icons in ICONS["entity"]["sensor"].items():
        assert set(icons.get("state", {})) <= words_of(key)
