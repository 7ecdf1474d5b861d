"""Rules that hold for the whole tree."""

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.cellwire.devices.registry import FAMILIES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "cellwire"
BARE = sorted(PACKAGE.glob("devices/**/*.py")) + sorted(PACKAGE.glob("links/**/*.py"))
SHOWING = [
    path
    for path in (*PACKAGE.glob("*.py"), *PACKAGE.glob("*_entry/*.py"))
    if path.name not in ("config_flow.py", "__init__.py")
]
SOURCES = [
    path
    for folder in ("custom_components", "tests", "scripts")
    for path in (ROOT / folder).rglob("*.py")
]
LONGEST_FILE = 400

# Imports everything below devices and links with Home Assistant out of reach. The package itself
# needs it, so a bare one takes its place.
ALONE = """
import importlib, pathlib, sys, types
sys.modules["homeassistant"] = None
root = pathlib.Path(sys.argv[1])
package = types.ModuleType("cellwire")
package.__path__ = [str(root)]
sys.modules["cellwire"] = package
for folder in ("devices", "links"):
    for path in (root / folder).rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        importlib.import_module(".".join(("cellwire", *parts)).removesuffix(".__init__"))
"""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", BARE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_devices_and_links_import_nothing_of_home_assistant(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith("homeassistant")]


def test_devices_and_links_work_without_home_assistant() -> None:
    subprocess.run([sys.executable, "-c", ALONE, str(PACKAGE)], check=True)  # noqa: S603


def test_links_know_no_device() -> None:
    for path in PACKAGE.glob("links/*.py"):
        assert not [name for name in imports(path) if "devices" in name]


def test_watchers_know_the_model_and_nothing_else_of_the_house() -> None:
    for path in PACKAGE.glob("devices/watching/*.py"):
        known = {name for name in imports(path) if name.startswith(".")}
        assert not {name for name in known if name.startswith("..")} - {"..model"}, path
        assert not [name for name in imports(path) if "cellwire" in name]


@pytest.mark.parametrize("path", SHOWING, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_platforms_name_no_family(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    for family in FAMILIES.values():
        assert family.key not in text
        for word in family.key.split("_"):
            if word not in ("bms", "charger"):
                assert word not in text


def test_files_are_short() -> None:
    long = [path for path in SOURCES if len(path.read_text().splitlines()) > LONGEST_FILE]
    assert not long


def test_every_family_has_its_captures_its_page_and_its_bench() -> None:
    for key in FAMILIES:
        assert any((ROOT / "tests" / "captures" / key).iterdir())
        assert (ROOT / "docs" / "devices" / f"{key}.md").is_file()
        assert (ROOT / "tests" / "bench" / f"{key}.py").is_file()
