"""The other languages say what the English texts say, to the last number and path."""

from collections import Counter
import json
import re
from typing import Any

import pytest

from tests.test_texts import PACKAGE, leaves

LANGUAGES = ("de", "es", "fr", "nl")
# What keeps its name in every language.
NAMES = {
    "BMS",
    "Hubble AM2",
    "JK-BMS",
    "JK-BMS (JiKong)",
    "Junsi iCharger",
    "LTO",
    "LiFePO4",
}
# What a language calls just as English does. What it calls otherwise by now has to go from here.
SAME: dict[str, set[str]] = {
    "de": {
        "Absorption",
        "Alarm",
        "Balancer",
        "Chargery BMS",
        "Normal",
        "Packs",
        "Preset",
        "Presets",
        "Problem",
        "Start",
        "Status",
        "{unit}: {error}",
    },
    "es": {"Error", "Li-ion", "Normal", "Packs", "{unit}: {error}"},
    "fr": {
        "3 minutes",
        "Absorption",
        "Bulk",
        "Charge",
        "Cycle",
        "Cycles",
        "Float",
        "Li-ion",
        "Normal",
        "Options",
        "Packs",
        "Port",
        "Synchronisation",
    },
    "nl": {
        "Alarm",
        "Balancer",
        "Bulk",
        "Chargery BMS",
        "Interval",
        "Li-ion",
        "Preset",
        "Presets",
        "Status",
        "{unit}: {error}",
    },
}
# What no language may change: placeholders, code, addresses, paths and numbers.
FIXED = re.compile(r"{\w+}|`[^`]+`|\w+://[\w.:]*\w|(?:/[\w.-]+\w){2,}|\d+")


def texts_of(language: str) -> dict[str, Any]:
    texts: dict[str, Any] = json.loads((PACKAGE / "translations" / f"{language}.json").read_text())
    return texts


def test_every_language_is_there() -> None:
    found = {path.stem for path in (PACKAGE / "translations").glob("*.json")}
    assert found == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_the_english_ones_in_another_language(language: str) -> None:
    english = dict(leaves(texts_of("en")))
    own = dict(leaves(texts_of(language)))
    assert list(own) == list(english)
    for key, text in own.items():
        assert text.strip(), key
        assert Counter(FIXED.findall(text)) == Counter(FIXED.findall(english[key])), key
        assert text.count("\n\n") == english[key].count("\n\n"), key
    same = {text for key, text in own.items() if text == english[key]}
    assert same == NAMES | SAME[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_told_apart(language: str) -> None:
    for platform, texts in texts_of(language)["entity"].items():
        names = Counter(text["name"] for text in texts.values())
        assert max(names.values()) == 1, (platform, names.most_common(3))
