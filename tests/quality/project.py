"""The files of the project, and what can be told of them without running them."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
import json
from pathlib import Path
from typing import Any

from homeassistant.util.yaml import parse_yaml

ROOT = Path(__file__).parent.parent.parent
PACKAGE = "custom_components/cellwire"
FOLDERS = ("custom_components", "docs", "tests", "scripts")
ALONE = ("README.md", "LICENSE", "pyproject.toml", ".github/workflows/checks.yml")
# What knows no Home Assistant.
BARE = ("devices/", "links/")
TEXTS = {".py", ".json", ".yaml", ".yml", ".md", ".toml", ""}

# Texts by their path from the root of the project; those of pictures are empty.
type Files = Mapping[str, str]


def read_all() -> Files:
    """Read the project."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(ROOT)): path.read_text() if path.suffix in TEXTS else ""
        for path in (*paths, *(ROOT / name for name in ALONE))
        if "__pycache__" not in path.parts
    }


@cache
def parsed(text: str) -> ast.Module:
    """Parse a module once."""
    return ast.parse(text)


def module(files: Files, name: str) -> ast.Module:
    """Return a module of the integration, such as "links/hid"; an empty one if there is none."""
    return parsed(files.get(f"{PACKAGE}/{name}.py", ""))


def modules(files: Files) -> dict[str, ast.Module]:
    """Return the modules that know Home Assistant, by name, such as "device_entry/entity"."""
    inside = [path.removeprefix(f"{PACKAGE}/") for path in files if path.startswith(PACKAGE)]
    names = [path.removesuffix(".py") for path in inside if path.endswith(".py")]
    return {name: module(files, name) for name in names if not name.startswith(BARE)}


def loaded(files: Files, path: str) -> Any:
    """Return what a JSON or YAML file of the integration holds."""
    text = files[f"{PACKAGE}/{path}"]
    return json.loads(text) if path.endswith(".json") else parse_yaml(text)


def functions(tree: ast.AST) -> dict[str, ast.AST]:
    """Return functions and methods by name."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in ast.walk(tree) if isinstance(node, kinds)}


def function(files: Files, name: str, of: str) -> ast.AST:
    """Return a function or method of a module; an empty module if there is none."""
    return functions(module(files, of)).get(name, ast.Module([], []))


def classes(tree: ast.AST) -> dict[str, list[str]]:
    """Return the names of the classes and of their bases."""
    return {
        node.name: [_name(base) for base in node.bases]
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    """Return the calls of a function or method."""
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == name
    ]


def raised(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the exceptions that are made where they are raised."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield node.exc


def names(tree: ast.AST) -> set[str]:
    """Return every name and attribute that occurs."""
    kinds = (ast.Name, ast.Attribute)
    return {_name(node) for node in ast.walk(tree) if isinstance(node, kinds)}


def assigned(tree: ast.AST) -> dict[str, str]:
    """Return what is assigned to names and attributes, as it is written."""
    return {
        _name(target): ast.unparse(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
    }


def imported(tree: ast.AST) -> set[str]:
    """Return the modules that are imported whole."""
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def section(files: Files, heading: str) -> str:
    """Return what stands in the README under a heading, empty if there is no such heading."""
    level = heading.split(" ", maxsplit=1)[0]
    _, found, rest = f"\n{files['README.md']}".partition(f"\n{heading}\n")
    return rest.split(f"\n{level} ")[0] if found else ""


def is_code(path: str) -> bool:
    """Tell whether a file is a module of the integration."""
    return path.startswith(PACKAGE) and path.endswith(".py")


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _name(value)
    return ""
