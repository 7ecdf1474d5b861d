"""Checks of the files of the project, each for one rule of the quality scale."""

import ast
from importlib.metadata import metadata
import re

from .project import (
    PACKAGE,
    Files,
    assigned,
    calls,
    classes,
    function,
    functions,
    imported,
    is_code,
    loaded,
    module,
    modules,
    names,
    raised,
    section,
)

PLATFORMS = ("binary_sensor", "button", "event", "number", "select", "sensor", "switch")
# What reaches a user, who reads it in their own language.
SHOWN = {
    "ConfigEntryAuthFailed",
    "ConfigEntryError",
    "ConfigEntryNotReady",
    "HomeAssistantError",
    "ServiceValidationError",
    "UpdateFailed",
}
DEVICE_CLASSES = {"VOLTAGE", "CURRENT", "POWER", "TEMPERATURE", "DURATION", "BATTERY", "ENUM"}
DEVICE_FACTS = {"identifiers", "manufacturer", "model", "serial_number", "sw_version", "hw_version"}
FEW_WORDS = 20


def actions_are_registered_once(files: Files) -> bool:
    registering = {name for name, tree in modules(files).items() if calls(tree, "async_register")}
    known = calls(module(files, "actions"), "async_register")
    return (
        bool(calls(function(files, "async_setup", "__init__"), "async_register_actions"))
        and registering == {"actions"}
        and len(known) == len(loaded(files, "services.yaml"))
    )


def polling_is_sensible(files: Files) -> bool:
    """Whether each family is asked at least once a minute, and at most once a second."""
    intervals = [
        {each.arg: ast.unparse(each.value) for each in call.keywords}
        for path in files
        if re.fullmatch(rf"{PACKAGE}/devices/\w+/__init__\.py", path)
        for call in calls(module(files, path[len(PACKAGE) + 1 : -3]), "Family")
    ]
    return bool(intervals) and all(
        1 <= float(each["shortest_interval"]) <= float(each["interval"]) <= 60 for each in intervals
    )


def bases_are_shared(files: Files) -> bool:
    """Whether the coordinator and the entity have their modules, and all entities use it."""
    kinds = [bases for name in PLATFORMS for bases in classes(module(files, name)).values()]
    entities = [bases for bases in kinds if any(base.endswith("Entity") for base in bases)]
    return (
        "DataUpdateCoordinator" in names_of_bases(files, "device_entry/coordinator")
        and "CoordinatorEntity" in names_of_bases(files, "device_entry/entity")
        and all(any(base.startswith("Cellwire") for base in bases) for bases in entities)
    )


def names_of_bases(files: Files, name: str) -> set[str]:
    return {base for bases in classes(module(files, name)).values() for base in bases}


def flow_is_covered(files: Files) -> bool:
    gated = re.search(r"--fail-under=100[^#]*config_flow\.py", files["scripts/test"])
    tests = files.get("tests/integration/test_config_flow.py", "")
    return bool(gated) and '"errors"' in tests and "already_configured" in tests


def every_field_is_described(files: Files) -> bool:
    texts = loaded(files, "translations/en.json")
    steps = (*texts["config"]["step"].values(), *texts["options"]["step"].values())
    return bool(loaded(files, "manifest.json")["config_flow"]) and all(
        step.get("data", {}).keys() == step.get("data_description", {}).keys() for step in steps
    )


def libraries_are_open(files: Files) -> bool:
    """Whether libraries are pinned and free, and what checks the project is public too."""
    required = [each.split("==") for each in loaded(files, "manifest.json")["requirements"]]
    free = [
        any("OSI Approved" in line for line in metadata(pin[0]).get_all("Classifier", []))
        for pin in required
        if len(pin) == 2
    ]
    public = "scripts/test" in files[".github/workflows/checks.yml"]
    return public and len(free) == len(required) and all(free)


def events_are_subscribed_late(files: Files) -> bool:
    """Whether entities listen no earlier than when they are added, and no longer than they are."""
    added = function(files, "async_added_to_hass", "event")
    listening = {
        (name, where)
        for name in PLATFORMS
        for where, body in functions(module(files, name)).items()
        if calls(body, "on_event")
    }
    return listening == {("event", "async_added_to_hass")} and bool(calls(added, "async_on_remove"))


def data_lives_with_the_entry(files: Files) -> bool:
    stored = "runtime_data" in assigned(module(files, "device_entry/keeper"))
    return stored and not any("hass.data[" in ast.unparse(tree) for tree in modules(files).values())


def device_is_met_first(files: Files) -> bool:
    """Whether an entry is made of nothing but what was found."""
    look = function(files, "_look", "config_flow")
    made = {
        name
        for name, body in functions(module(files, "config_flow")).items()
        if calls(body, "async_create_entry")
    }
    return (
        bool(calls(look, "look"))
        and bool(calls(function(files, "look", "device_entry/moving"), "search"))
        and bool(calls(look, "detect"))
        and made == {"async_step_found"}
    )


def errors_are_translated(files: Files) -> bool:
    shown = [
        call
        for tree in modules(files).values()
        for call in raised(tree)
        if isinstance(call.func, ast.Name) and call.func.id in SHOWN
    ]
    # None is the name of what is handed on with two stars.
    return bool(shown) and all(
        {each.arg for each in call.keywords} & {None, "translation_key"} for call in shown
    )


def actions_raise(files: Files) -> bool:
    kinds = {"HomeAssistantError", "ServiceValidationError"}
    return all(
        kinds <= names(module(files, name)) and any(raised(module(files, name)))
        for name in ("actions", "device_entry/control_entity")
    )


def labels_are_explained(part: str, heading: str, files: Files) -> bool:
    steps = loaded(files, "translations/en.json")[part]["step"].values()
    labels = {label for step in steps for label in step.get("data", {}).values()}
    return bool(labels) and all(f"| {each} |" in section(files, heading) for each in labels)


def actions_are_explained(files: Files) -> bool:
    text = section(files, "## Actions")
    return all(f"`cellwire.{name}`" in text for name in loaded(files, "services.yaml"))


def is_unavailable_without_data(files: Files) -> bool:
    available = ast.unparse(function(files, "available", "device_entry/entity"))
    return "super().available" in available and "coordinator.data" in available


def silence_is_logged_once(files: Files) -> bool:
    """Whether the coordinator can log for a device, which it does once, and it for each unit."""
    raising = {ast.unparse(call.func) for call in raised(module(files, "device_entry/coordinator"))}
    logged = function(files, "_log_missing", "device_entry/coordinator")
    return "UpdateFailed" in raising and all(calls(logged, level) for level in ("warning", "info"))


def most_is_covered(files: Files) -> bool:
    least = [int(each) for each in re.findall(r"--fail-under=(\d+)", files["scripts/test"])]
    return bool(least) and min(least) > 95 and "branch = true" in files["pyproject.toml"]


def devices_are_described(files: Files) -> bool:
    made = calls(function(files, "device_info", "device_entry/coordinator"), "DeviceInfo")
    facts = {each.arg for call in made for each in call.keywords}
    return facts >= DEVICE_FACTS and "_attr_device_info" in assigned(
        module(files, "device_entry/entity")
    )


def secrets_are_redacted(files: Files) -> bool:
    made = function(files, "tell_all", "device_entry/diagnostics")
    return bool(calls(made, "async_redact_data"))


def families_are_linked(files: Files) -> bool:
    pages = [path for path in files if path.startswith("docs/devices/")]
    return bool(pages) and all(
        f"({each})" in section(files, "## Supported devices") for each in pages
    )


def units_appear(files: Files) -> bool:
    """Whether each platform adds what appears, and the entry learns of it."""
    handed = ("add_values", "add_controls")
    setups = [function(files, "async_setup_entry", name) for name in PLATFORMS]
    adding = (
        calls(function(files, "add_values", "device_entry/keeper"), "add_as_they_appear"),
        calls(function(files, "add_controls", "device_entry/keeper"), "add_controls"),
        calls(function(files, "_read", "device_entry/coordinator"), "_remember_units"),
    )
    return all(adding) and all(any(calls(setup, name) for name in handed) for setup in setups)


def device_classes_are_used(files: Files) -> bool:
    used = set(re.findall(r"SensorDeviceClass\.(\w+)", files[f"{PACKAGE}/sensor.py"]))
    return used >= DEVICE_CLASSES


def entities_are_named(files: Files) -> bool:
    texts = loaded(files, "translations/en.json")["entity"]
    return texts.keys() == set(PLATFORMS) and all(
        each["name"] for platform in texts.values() for each in platform.values()
    )


def icons_are_apart(files: Files) -> bool:
    icons = loaded(files, "icons.json")
    actions = icons["services"].keys() == loaded(files, "services.yaml").keys()
    return actions and not any(
        'icon="mdi:' in text for path, text in files.items() if is_code(path)
    )


def issues_are_explained(files: Files) -> bool:
    """Whether each issue says what to do, in its text or in what mends it."""
    issues = loaded(files, "translations/en.json")["issues"].values()
    raising = any(calls(tree, "async_create_issue") for tree in modules(files).values())
    return raising and all(each.keys() & {"description", "fix_flow"} for each in issues)


def sessions_are_injected(files: Files) -> bool:
    made = [path for path, text in files.items() if is_code(path) and "ClientSession(" in text]
    return not made and bool(
        calls(module(files, "device_entry/link_choice"), "async_get_clientsession")
    )


def types_are_strict(files: Files) -> bool:
    settings = files["pyproject.toml"]
    ignored = [path for path, text in files.items() if is_code(path) and "type: ignore\n" in text]
    checked = "mypy custom_components tests" in files["scripts/lint"]
    return "strict = true" in settings and checked and not ignored


def has_words(heading: str, files: Files) -> bool:
    return len(section(files, heading).split()) >= FEW_WORDS


def defines(name: str, of: str, files: Files) -> bool:
    return name in functions(module(files, of))


def has_in_manifest(key: str, files: Files) -> bool:
    return bool(loaded(files, "manifest.json").get(key))


def only_the_worker_blocks(files: Files) -> bool:
    """Whether hidapi is the only library of our own, and only its worker thread calls it."""
    required = [each.split("==")[0] for each in loaded(files, "manifest.json")["requirements"]]
    using = [
        path
        for path in files
        if is_code(path) and "hidraw" in imported(module(files, path[len(PACKAGE) + 1 : -3]))
    ]
    hid, worker = module(files, "links/hid"), module(files, "links/worker")
    return (
        (required, using) == (["hidapi"], [f"{PACKAGE}/links/hid.py"])
        and bool(calls(hid, "Worker"))
        and bool(calls(worker, "submit"))
    )
