"""What the rules of Home Assistant's quality scale mean here, as far as a machine can tell."""

from collections.abc import Callable, Mapping
from functools import partial

from .checks import (
    PLATFORMS,
    actions_are_explained,
    actions_are_registered_once,
    actions_raise,
    bases_are_shared,
    data_lives_with_the_entry,
    defines,
    device_classes_are_used,
    device_is_met_first,
    devices_are_described,
    entities_are_named,
    errors_are_translated,
    events_are_subscribed_late,
    every_field_is_described,
    families_are_linked,
    flow_is_covered,
    has_in_manifest,
    has_words,
    icons_are_apart,
    is_unavailable_without_data,
    issues_are_explained,
    labels_are_explained,
    libraries_are_open,
    most_is_covered,
    only_the_worker_blocks,
    polling_is_sensible,
    secrets_are_redacted,
    sessions_are_injected,
    silence_is_logged_once,
    types_are_strict,
    units_appear,
)
from .project import (
    PACKAGE,
    Files,
    assigned,
    calls,
    function,
    loaded,
    module,
    modules,
    names,
    section,
)

# By these, Home Assistant finds devices; "usb" as a key, not as a dependency.
DISCOVERY = {"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"}

type Check = Callable[[Files], bool]

CHECKS: Mapping[str, Check] = {
    "action-setup": actions_are_registered_once,
    "appropriate-polling": polling_is_sensible,
    "brands": lambda files: f"{PACKAGE}/brand/icon.png" in files,
    "common-modules": bases_are_shared,
    "config-flow-test-coverage": flow_is_covered,
    "config-flow": every_field_is_described,
    "dependency-transparency": libraries_are_open,
    "docs-actions": actions_are_explained,
    "docs-high-level-description": partial(has_words, "# Cellwire"),
    "docs-installation-instructions": partial(has_words, "## Installation"),
    "docs-removal-instructions": partial(has_words, "## Removing it"),
    "entity-event-setup": events_are_subscribed_late,
    "entity-unique-id": lambda files: (
        "_attr_unique_id" in assigned(module(files, "device_entry/entity"))
    ),
    "has-entity-name": lambda files: (
        assigned(module(files, "device_entry/entity")).get("_attr_has_entity_name") == "True"
    ),
    "runtime-data": data_lives_with_the_entry,
    "test-before-configure": device_is_met_first,
    "test-before-setup": lambda files: bool(
        calls(function(files, "set_up", "device_entry/keeper"), "async_config_entry_first_refresh")
    ),
    "unique-config-entry": lambda files: all(
        calls(module(files, "config_flow"), name)
        for name in ("_abort_if_unique_id_configured", "_async_abort_entries_match")
    ),
    "action-exceptions": actions_raise,
    "config-entry-unloading": partial(defines, "async_unload_entry", "__init__"),
    "docs-configuration-parameters": partial(labels_are_explained, "options", "## Options"),
    "docs-installation-parameters": partial(
        labels_are_explained, "config", "## Setting a device up"
    ),
    "entity-unavailable": is_unavailable_without_data,
    "integration-owner": partial(has_in_manifest, "codeowners"),
    "log-when-unavailable": silence_is_logged_once,
    "parallel-updates": lambda files: all(
        "PARALLEL_UPDATES" in assigned(module(files, name)) for name in PLATFORMS
    ),
    "test-coverage": most_is_covered,
    "devices": devices_are_described,
    "diagnostics": secrets_are_redacted,
    "docs-data-update": partial(has_words, "## How values are updated"),
    "docs-examples": lambda files: "```yaml" in section(files, "## Examples"),
    "docs-known-limitations": partial(has_words, "## Known limitations"),
    "docs-supported-devices": families_are_linked,
    "docs-supported-functions": partial(has_words, "## What you get"),
    "docs-troubleshooting": partial(has_words, "## Troubleshooting"),
    "docs-use-cases": partial(has_words, "## What it is for"),
    "dynamic-devices": units_appear,
    "entity-device-class": device_classes_are_used,
    "entity-translations": entities_are_named,
    "exception-translations": errors_are_translated,
    "icon-translations": icons_are_apart,
    "reconfiguration-flow": partial(defines, "async_step_reconfigure", "config_flow"),
    "repair-issues": issues_are_explained,
    "stale-devices": partial(defines, "async_remove_config_entry_device", "__init__"),
    "inject-websession": sessions_are_injected,
    "strict-typing": types_are_strict,
}

# What a rule is about that does not apply is not there.
EXEMPTIONS: Mapping[str, Check] = {
    "docs-conditions": lambda files: f"{PACKAGE}/condition.py" not in files,
    "docs-triggers": lambda files: f"{PACKAGE}/trigger.py" not in files,
    "reauthentication-flow": lambda files: (
        not any("ConfigEntryAuthFailed" in names(tree) for tree in modules(files).values())
    ),
    "discovery-update-info": lambda files: DISCOVERY.isdisjoint(loaded(files, "manifest.json")),
    "discovery": lambda files: DISCOVERY.isdisjoint(loaded(files, "manifest.json")),
    "async-dependency": only_the_worker_blocks,
}

# Rules that are about judgement, and why.
JUDGED: Mapping[str, str] = {
    "entity-category": "Which values are diagnostic only people can tell; the snapshots show it.",
    "entity-disabled-by-default": "What is rarely wanted only people can tell; the pages list it.",
}

_INTEGRATION = "tests/integration"
# What the rule is about happens, seen with a running Home Assistant.
TESTS: Mapping[str, tuple[str, str]] = {
    "action-exceptions": (f"{_INTEGRATION}/programs/test_programs.py", "test_refusals_of_actions"),
    "config-entry-unloading": (
        f"{_INTEGRATION}/test_init.py",
        "test_set_up_unload_and_set_up_again",
    ),
    "diagnostics": (
        f"{_INTEGRATION}/test_diagnostics.py",
        "test_the_download_of_the_user_interface",
    ),
    "dynamic-devices": (
        f"{_INTEGRATION}/test_coming_and_going.py",
        "test_a_board_joins_leaves_is_deleted_and_comes_back",
    ),
    "entity-unavailable": (
        f"{_INTEGRATION}/test_entities.py",
        "test_each_unit_has_its_own_availability",
    ),
    "entity-unique-id": (f"{_INTEGRATION}/test_entities.py", "test_unique_ids_never_change"),
    "log-when-unavailable": (
        f"{_INTEGRATION}/test_coordinator.py",
        "test_unplugged_and_plugged_again",
    ),
    "reconfiguration-flow": (f"{_INTEGRATION}/test_reconfigure.py", "test_a_charger_moves"),
    "stale-devices": (
        f"{_INTEGRATION}/test_coming_and_going.py",
        "test_nothing_live_can_be_deleted",
    ),
    "test-before-configure": (
        f"{_INTEGRATION}/test_config_flow.py",
        "test_what_is_wrong_is_said_and_can_be_mended",
    ),
    "test-before-setup": (
        f"{_INTEGRATION}/test_init.py",
        "test_a_device_that_does_not_answer_yet_is_tried_again",
    ),
    "unique-config-entry": (
        f"{_INTEGRATION}/test_config_flow.py",
        "test_a_device_that_has_been_set_up_on_another_port",
    ),
}
