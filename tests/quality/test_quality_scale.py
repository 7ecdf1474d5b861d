"""The answers to the rules of Home Assistant's quality scale are true."""

from pathlib import Path
from typing import Any

from homeassistant import components
from homeassistant.util.yaml import load_yaml_dict
import pytest

from .broken import BROKEN, broken
from .project import functions, loaded, parsed, read_all
from .rules import CHECKS, EXEMPTIONS, JUDGED, TESTS

FILES = read_all()
RULES: dict[str, Any] = loaded(FILES, "quality_scale.yaml")["rules"]
CORE = Path(components.__path__[0])


def status(rule: str) -> str:
    answer = RULES[rule]
    told: str = answer if isinstance(answer, str) else answer["status"]
    return told


def test_the_rules_are_those_that_core_answers() -> None:
    official: set[str] = set()
    for path in CORE.glob("*/quality_scale.yaml"):
        official.update(load_yaml_dict(str(path))["rules"])
    assert RULES.keys() == official
    assert len(official) == 54


def test_every_answer_is_known_and_every_exemption_has_its_reason() -> None:
    for rule, answer in RULES.items():
        assert status(rule) in ("done", "exempt", "todo"), rule
        assert answer == "done" or len(answer["comment"].split()) > 5, rule


def test_every_rule_is_checked_or_said_not_to_be() -> None:
    assert CHECKS.keys() | EXEMPTIONS.keys() | JUDGED.keys() == RULES.keys()
    assert len(CHECKS) + len(EXEMPTIONS) + len(JUDGED) == len(RULES)
    assert BROKEN.keys() == CHECKS.keys() | EXEMPTIONS.keys()
    assert all(reason.endswith(".") for reason in JUDGED.values())
    assert {rule for rule in RULES if status(rule) == "exempt"} == EXEMPTIONS.keys()


@pytest.mark.parametrize("rule", CHECKS)
def test_what_is_said_to_be_done_is_done(rule: str) -> None:
    assert status(rule) == "todo" or CHECKS[rule](FILES)


@pytest.mark.parametrize("rule", EXEMPTIONS)
def test_what_is_said_not_to_apply_is_not_there(rule: str) -> None:
    assert EXEMPTIONS[rule](FILES)


@pytest.mark.parametrize("rule", BROKEN)
def test_every_check_notices_when_the_rule_is_broken(rule: str) -> None:
    files = broken(FILES, BROKEN[rule])
    assert files != FILES
    assert not {**CHECKS, **EXEMPTIONS}[rule](files)


@pytest.mark.parametrize(("path", "name"), TESTS.values(), ids=TESTS.keys())
def test_what_a_rule_is_about_is_tested(path: str, name: str) -> None:
    assert name in functions(parsed(FILES[path]))


def test_tests_are_named_for_rules_that_are_checked() -> None:
    assert TESTS.keys() <= CHECKS.keys()
