"""What the stores and Home Assistant ask of a custom integration."""

import ast
import json
from pathlib import Path
import re
import struct
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "cellwire"
MANIFEST: dict[str, Any] = json.loads((PACKAGE / "manifest.json").read_text())
QUALITY: dict[str, Any] = load_yaml_dict(str(PACKAGE / "quality_scale.yaml"))["rules"]

TIERS: dict[str, str] = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow-test-coverage
        config-flow dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions docs-removal-instructions
        docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage""",
    "gold": """devices diagnostics discovery-update-info discovery docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions
        docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}
PLATFORMS = ("binary_sensor", "button", "event", "number", "select", "sensor", "switch")
RULES = [rule for rules in TIERS.values() for rule in rules.split()]
# What a section of the README is about, by the rule that asks for it.
DOCS = {
    "docs-high-level-description": "# Cellwire",
    "docs-use-cases": "## What it is for",
    "docs-supported-devices": "## Supported devices",
    "docs-supported-functions": "## What you get",
    "docs-installation-instructions": "## Installation",
    "docs-installation-parameters": "## Setting a device up",
    "docs-configuration-parameters": "## Options",
    "docs-actions": "## Actions",
    "docs-data-update": "## How values are updated",
    "docs-examples": "## Examples",
    "docs-known-limitations": "## Known limitations",
    "docs-troubleshooting": "## Troubleshooting",
    "docs-removal-instructions": "## Removing it",
}


def done(rule: str) -> bool:
    return bool(QUALITY[rule] == "done")


def test_all_rules_of_the_quality_scale_are_answered() -> None:
    assert list(QUALITY) == RULES
    assert len(RULES) == 54
    for rule, answer in QUALITY.items():
        if answer == "done":
            continue
        assert answer["status"] in ("exempt", "todo"), rule
        assert answer["comment"].strip(), rule


def test_what_is_said_to_be_done_is_there() -> None:
    modules = {path.stem: path.read_text() for path in PACKAGE.glob("*.py")}
    for rule, holds in {
        "action-exceptions": "raise HomeAssistantError(**" in modules["actions"],
        "action-setup": "async_register_actions(hass)" in modules["__init__"],
        "brands": (PACKAGE / "brand" / "icon.png").is_file(),
        "common-modules": {"coordinator", "entity"} <= modules.keys(),
        "config-flow": MANIFEST["config_flow"],
        "config-entry-unloading": "async def async_unload_entry" in modules["__init__"],
        "diagnostics": "async_get_config_entry_diagnostics" in modules["diagnostics"],
        "has-entity-name": "_attr_has_entity_name = True" in modules["entity"],
        "entity-unique-id": "_attr_unique_id" in modules["entity"],
        "integration-owner": bool(MANIFEST["codeowners"]),
        "parallel-updates": all("PARALLEL_UPDATES = " in modules[name] for name in PLATFORMS),
        "reconfiguration-flow": "async_step_reconfigure" in modules["config_flow"],
        "repair-issues": "async_create_fix_flow" in modules["repairs"],
        "runtime-data": "entry.runtime_data = " in modules["__init__"],
        "stale-devices": "async_remove_config_entry_device" in modules["__init__"],
        "test-before-setup": "async_config_entry_first_refresh" in modules["__init__"],
    }.items():
        assert not done(rule) or holds, rule


@pytest.mark.parametrize(("rule", "heading"), DOCS.items())
def test_the_readme_has_what_is_said_to_be_documented(rule: str, heading: str) -> None:
    assert done(rule)
    lines = (ROOT / "README.md").read_text().splitlines()
    assert heading in lines


def test_the_manifest_is_in_order() -> None:
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert MANIFEST["domain"] == PACKAGE.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    # Core brings all else; a pin of our own could only contradict it.
    assert MANIFEST["requirements"] == ["hidapi==0.15.0"]
    assert MANIFEST["requirements"][0] in (ROOT / "requirements_test.txt").read_text().splitlines()
    # The serial library logs every byte, passwords included.
    assert "serialx" not in MANIFEST.get("loggers", [])


def test_components_that_are_imported_are_dependencies() -> None:
    free = {*PLATFORMS, "diagnostics", "repairs"}
    imported = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = node.module.split(".")
                if module[:2] == ["homeassistant", "components"]:
                    names = module[2:3] or [alias.name for alias in node.names]
                    imported.update(names)
    assert imported - free == set(MANIFEST["dependencies"])


def test_hacs_knows_the_least_version() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert hacs == {"name": "Cellwire", "homeassistant": "2026.10.0"}
    assert [path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()] in (
        ["cellwire"],
        ["cellwire", "__pycache__"],
        ["__pycache__", "cellwire"],
    )


@pytest.mark.parametrize(("name", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_the_brand_images_have_the_right_size(name: str, size: int) -> None:
    data = (PACKAGE / "brand" / name).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (size, size)


def test_every_json_file_parses() -> None:
    for path in PACKAGE.rglob("*.json"):
        json.loads(path.read_text())
