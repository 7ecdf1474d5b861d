"""A change to the project for each rule that can be checked, after which the rule is broken."""

from collections.abc import Mapping

from .project import PACKAGE, Files

# Where something is changed, what, and into what; a file that is not there is added with the
# new text, and one without a new text is gone.
type Change = tuple[str, str, str | None]

_P = PACKAGE
_D = f"{PACKAGE}/device_entry"
_TEXTS = f"{PACKAGE}/translations/en.json"

BROKEN: Mapping[str, Change] = {
    "action-setup": (f"{_P}/__init__.py", "    async_register_actions(hass)\n", ""),
    "appropriate-polling": (f"{_P}/devices/jk_bms/__init__.py", "interval=5,", "interval=0,"),
    "brands": (f"{_P}/brand/icon.png", "", None),
    "common-modules": (f"{_P}/switch.py", "CellwireControl[ToggleControl], ", ""),
    "config-flow-test-coverage": ("scripts/test", "fail-under=100", "fail-under=99"),
    "config-flow": (_TEXTS, '"data_description": {', '"descriptions": {'),
    "dependency-transparency": (f"{_P}/manifest.json", "hidapi==0.15.0", "hidapi>=0.15.0"),
    "docs-actions": ("README.md", "`cellwire.set_counter`", "a counter"),
    "docs-high-level-description": ("README.md", "# Cellwire\n", "# Wire\n"),
    "docs-installation-instructions": ("README.md", "\n## Installation\n", "\n"),
    "docs-removal-instructions": ("README.md", "\n## Removing it\n", "\n"),
    "entity-event-setup": (f"{_P}/event.py", "async_added_to_hass(self)", "__init__(self)"),
    "entity-unique-id": (f"{_D}/entity.py", "_attr_unique_id", "_attr_name"),
    "has-entity-name": (
        f"{_D}/entity.py",
        "_attr_has_entity_name = True",
        "_attr_has_entity_name = False",
    ),
    "runtime-data": (f"{_D}/keeper.py", "entry.runtime_data =", "hass.data[DOMAIN] ="),
    "test-before-configure": (f"{_D}/moving.py", "await search(", "await suppose("),
    "test-before-setup": (
        f"{_D}/keeper.py",
        "async_config_entry_first_refresh",
        "async_request_refresh",
    ),
    "unique-config-entry": (f"{_P}/config_flow.py", "self._async_abort_entries_match", "print"),
    "action-exceptions": (f"{_P}/actions.py", "HomeAssistantError(", "ValueError("),
    "config-entry-unloading": (f"{_P}/__init__.py", "def async_unload_entry", "def unload"),
    "docs-configuration-parameters": ("README.md", "| Allow control |", "| Control |"),
    "docs-installation-parameters": ("README.md", "| Address |", "| Host |"),
    "entity-unavailable": (f"{_D}/entity.py", "super().available and ", ""),
    "integration-owner": (f"{_P}/manifest.json", '["@cellwire"]', "[]"),
    "log-when-unavailable": (
        f"{_D}/coordinator.py",
        "_LOGGER.info(",
        "_LOGGER.debug(",
    ),
    "parallel-updates": (f"{_P}/number.py", "PARALLEL_UPDATES", "UPDATES"),
    "test-coverage": ("scripts/test", "fail-under=97", "fail-under=95"),
    "devices": (f"{_D}/coordinator.py", "serial_number=", "name="),
    "diagnostics": (f"{_D}/diagnostics.py", "async_redact_data(data, TO_REDACT)", "data"),
    "docs-data-update": ("README.md", "\n## How values are updated\n", "\n"),
    "docs-examples": ("README.md", "```yaml", "```"),
    "docs-known-limitations": ("README.md", "\n## Known limitations\n", "\n"),
    "docs-supported-devices": ("README.md", "(docs/devices/chargery.md)", ""),
    "docs-supported-functions": ("README.md", "\n## What you get\n", "\n"),
    "docs-troubleshooting": ("README.md", "\n## Troubleshooting\n", "\n"),
    "docs-use-cases": ("README.md", "\n## What it is for\n", "\n"),
    "dynamic-devices": (f"{_D}/keeper.py", "        add_as_they_appear(", "        add("),
    "entity-device-class": (f"{_P}/sensor.py", "SensorDeviceClass.VOLTAGE", "None"),
    "entity-translations": (_TEXTS, '"name": "Voltage"', '"name": ""'),
    "exception-translations": (
        f"{_P}/actions.py",
        "HomeAssistantError(**translated(err))",
        "HomeAssistantError(str(err))",
    ),
    "icon-translations": (f"{_P}/icons.json", "set_counter", "set"),
    "reconfiguration-flow": (
        f"{_P}/config_flow.py",
        "def async_step_reconfigure(",
        "def async_step_move(",
    ),
    "repair-issues": (_TEXTS, '"issues": {', '"issues": {"x": {"title": "Something is wrong"},'),
    "stale-devices": (f"{_P}/__init__.py", "async_remove_config_entry_device", "remove"),
    "inject-websession": (
        f"{_D}/link_choice.py",
        "async_get_clientsession(hass)",
        "ClientSession()",
    ),
    "strict-typing": ("pyproject.toml", "strict = true", "strict = false"),
    # What would make an exemption untrue.
    "docs-conditions": (f"{_P}/condition.py", "", ""),
    "docs-triggers": (f"{_P}/trigger.py", "", ""),
    "reauthentication-flow": (
        f"{_D}/coordinator.py",
        "UpdateFailed",
        "ConfigEntryAuthFailed",
    ),
    "discovery-update-info": (f"{_P}/manifest.json", '"version"', '"zeroconf": [], "version"'),
    "discovery": (f"{_P}/manifest.json", '"version"', '"usb": [], "version"'),
    "async-dependency": (f"{_P}/links/serial.py", "import asyncio\n", "import hidraw\n"),
}


def broken(files: Files, change: Change) -> Files:
    """Return the files after a change."""
    path, old, new = change
    others = {name: text for name, text in files.items() if name != path}
    if new is None:
        return others
    return others | {path: files[path].replace(old, new) if path in files else new}
