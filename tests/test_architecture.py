"""Rules that hold for the whole tree."""

import ast
from collections.abc import Iterator, Mapping
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


def place(path: Path) -> str:
    """Say in which room a module is: a folder, or a file at the top that has one for itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts[:2] == ("devices", "watching"):
        return "watching"
    if len(parts) > 1:
        return parts[0]
    return parts[0] if parts[0] in ROOMS else FACE


def own_imports(path: Path) -> Iterator[Path]:
    """Find the modules of the integration that a module imports."""
    folder = path.parent
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = folder
        for _ in range(node.level - 1):
            base = base.parent
        base = base.joinpath(*(node.module or "").split("."))
        for name in node.names:
            for module in (base / f"{name.name}.py", base / name.name / "__init__.py"):
                if module.is_file():
                    yield module
        for module in (base.with_suffix(".py"), base / "__init__.py"):
            if module.is_file():
                yield module


# What a room may know of the others, besides itself and the names that all share. The face is what
# Home Assistant looks for by name.
FACE = "face"
ROOMS: Mapping[str, frozenset[str]] = {
    FACE: frozenset((FACE, "kinds", "keeper", "exchange", "device_entry", "devices", "links")),
    "kinds": frozenset(("keeper", "device_entry")),
    "device_entry": frozenset(("keeper", "exchange", "memory", "devices", "links", "watching")),
    "exchange": frozenset(("devices",)),
    "memory": frozenset(),
    "keeper": frozenset(("devices",)),
    "const": frozenset(),
    "devices": frozenset(("links", "watching")),
    "links": frozenset(),
}
# What counts and estimates knows readings, and nothing else of the house.
KNOWN_TO_WATCHERS = {"model.py"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports_go_one_way(path: Path) -> None:
    room = place(path)
    for other in own_imports(path):
        if room == "watching":
            assert place(other) == room or other.name in KNOWN_TO_WATCHERS, other
        elif path != PACKAGE / "__init__.py":
            assert place(other) in ROOMS[room] | {room, "const"}, other


def test_kinds_of_entries_do_not_know_each_other() -> None:
    folders = [path for path in PACKAGE.iterdir() if path.name.endswith("_entry")]
    assert folders
    for folder in folders:
        for path in folder.glob("*.py"):
            known = {place(other) for other in own_imports(path)}
            assert not known & ({each.name for each in folders} - {folder.name})


def test_an_import_in_the_wrong_direction_is_seen() -> None:
    """The check can fail: a link that knows a device would be found."""
    path = PACKAGE / "devices" / "device.py"
    assert "links" in {place(other) for other in own_imports(path)}
    assert "devices" not in ROOMS["links"]


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
