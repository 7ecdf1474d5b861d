"""What the stores and Home Assistant ask of a custom integration."""

import ast
import json
from pathlib import Path
import re
import struct
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "cellwire"
MANIFEST: dict[str, Any] = json.loads((PACKAGE / "manifest.json").read_text())

PLATFORMS = ("binary_sensor", "button", "event", "number", "select", "sensor", "switch")


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
    for path in PACKAGE.rglob("*.py"):
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
