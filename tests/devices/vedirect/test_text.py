"""What the labels of text mean, and how long what was said lives."""

import pytest

from custom_components.cellwire.devices.model import Kind, Quantity, Role
from custom_components.cellwire.devices.vedirect.register import version_text
from custom_components.cellwire.devices.vedirect.samples import NO_SAMPLE, Sample
from custom_components.cellwire.devices.vedirect.text import (
    IDENTITY,
    Text,
    TextField,
    number,
    switch,
    thousandths,
)

NOW = 1000.0
RELAY = Quantity(key="relay", kind=Kind.FLAG, role=Role.SETTING)
FIELDS = {
    **IDENTITY,
    "V": TextField("voltage", thousandths),
    "H7": TextField("lowest", thousandths),
    "Relay": TextField(RELAY, switch),
}


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        ({"FWE": "0342FF"}, "3.42"),
        ({"FWE": "342FF"}, "3.42"),
        ({"FWE": "020801"}, "2.08-beta-01"),
        ({"FWE": "odd!"}, None),
        ({"FW": "0150"}, "1.50"),
        ({"FW": "C0208"}, "2.08"),
        ({"FW": "C208"}, "2.08"),
        ({"FW": "odd!"}, None),
        ({}, None),
    ],
)
def test_firmware_versions(fields: dict[str, str], version: str | None) -> None:
    text = Text(FIELDS)
    text.take(fields, NOW)
    assert text.word("firmware") == version
    assert version_text(0x036501) == "3.65-beta-01"


@pytest.mark.parametrize(
    ("raw", "value"), [("0x1F", 31), ("-5", -5), ("---", None), ("", None), (None, None)]
)
def test_numbers_of_text_fields(raw: str | None, value: int | None) -> None:
    assert number(raw) == value


def test_switches_do_not_care_about_case() -> None:
    words = ("ON", "off", "Off", "?", "")
    assert [switch(word) for word in words] == [True, False, False, None, None]


def test_blocks_that_come_by_turns_are_one_text_and_each_value_ages_by_itself() -> None:
    text = Text(FIELDS)
    text.take({"PID": "0xA06C", "V": "12800", "NEW": "x"}, NOW)
    text.take({"H7": "10500"}, NOW + 8)
    assert text.get("voltage", NOW + 8) == Sample(12.8, NOW)
    assert text.get("voltage", NOW + 11) is NO_SAMPLE
    assert text.get("lowest", NOW + 11) == Sample(10.5, NOW + 8)
    assert (text.unknown(NOW + 8), text.unknown(NOW + 11)) == ({"NEW": "x"}, {})
    # Who talks does not change by being silent.
    assert text.integer("product") == 0xA06C
    assert set(text.labels) == {"PID", "V", "NEW", "H7"}


def test_what_is_repeated_is_as_new_as_its_repetition() -> None:
    text = Text(FIELDS)
    for second in range(30):
        text.take({"V": "12800", "Relay": "ON"}, NOW + second)
    assert text.get("voltage", NOW + 29) == Sample(12.8, NOW + 29)
    assert text.quantities(NOW + 29) == {"relay": Sample(value=True, at=NOW + 29)}
    assert text.quantities(NOW + 40) == {"relay": NO_SAMPLE}
