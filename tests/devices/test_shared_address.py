"""Two units with one address, found out by their answers."""

import pytest

from custom_components.cellwire.devices.errors import (
    BadAnswer,
    DeviceError,
    Garbled,
    NoAnswer,
    WrongIdentity,
)
from custom_components.cellwire.devices.shared_address import CALM, SURE, SharedAddresses

GARBLED = Garbled("d")
STRANGER = WrongIdentity("a", "b")


def after(*outcomes: DeviceError | None, other: DeviceError | None = None) -> bool | None:
    """Return what is known of unit 1 after it answered so, and unit 2 always in the same way."""
    shared = SharedAddresses()
    for outcome in outcomes:
        shared.note({"1": outcome, "2": other})
    return shared.verdicts.get("1")


@pytest.mark.parametrize("damage", [GARBLED, BadAnswer("d", b"x")])
def test_damage_at_one_address_only(damage: DeviceError) -> None:
    assert after(*[damage] * (SURE - 1)) is None
    assert after(*[damage] * SURE) is True
    assert after(*[damage, None] * SURE) is True


def test_damage_everywhere_is_the_line() -> None:
    assert after(*[GARBLED] * 20, other=GARBLED) is None
    assert after(*[GARBLED] * 20, other=NoAnswer("d")) is None


def test_silence_is_no_sign() -> None:
    assert after(*[NoAnswer("d")] * SURE) is None


def test_now_the_one_and_now_the_other() -> None:
    assert after(*[STRANGER, None] * (SURE - 1)) is None
    assert after(*[STRANGER, None] * SURE) is True


def test_one_that_took_the_place_of_another_is_alone() -> None:
    assert after(None, *[STRANGER] * 8) is None


def test_noise_now_and_then() -> None:
    outcomes = [GARBLED, *[None] * CALM] * SURE
    assert after(*outcomes) is False


def test_over_when_it_answers_well_for_a_while() -> None:
    assert after(*[GARBLED] * SURE, *[None] * (CALM - 1)) is True
    assert after(*[GARBLED] * SURE, *[None] * CALM) is False


def test_one_that_is_forgotten_begins_anew() -> None:
    shared = SharedAddresses()
    for _ in range(SURE):
        shared.note({"1": STRANGER, "2": None})
        shared.note({"1": None, "2": None})
    shared.note({"1": STRANGER})
    assert shared.verdicts["1"]
    shared.forget("1")
    shared.forget("3")
    shared.note({"1": None})
    assert "1" not in shared.verdicts
