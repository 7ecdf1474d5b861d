"""Frames from reports and logs of owners, with the values that should come out."""

from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.cellwire.devices.jk_bms.fields import CELLS, split
from custom_components.cellwire.devices.jk_bms.modbus_frame import Spoken
from custom_components.cellwire.devices.jk_bms.modbus_reading import to_reading, to_unit
from custom_components.cellwire.devices.jk_bms.plausible import Judge
from custom_components.cellwire.devices.jk_bms.reading import to_reading as from_fields
from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import capture

from .test_frame import frames_of as classic_frames
from .test_modbus import frames_of

FRAMES: dict[str, Any] = {
    frame["name"]: frame for frame in capture("jk_bms", "from_the_field")["frames"]
}


def named(kind: str, *, good: bool = True) -> list[str]:
    return [
        name
        for name, frame in FRAMES.items()
        if frame["kind"] == kind and bool(frame["expect"]) is good
    ]


def assert_shown(reading: Reading, expected: Mapping[str, Any]) -> None:
    rows: dict[str, Any] = {
        "cells": dict(enumerate(reading.cell_voltages, 1)),
        "wire_resistances": dict(enumerate(reading.wire_resistances, 1)),
        "temperatures": reading.temperatures,
    }
    for name, wanted in expected.items():
        if name in rows:
            shown = {str(place): value for place, value in rows[name].items()}
            assert {place: shown[place] for place in wanted} == wanted, name
        elif name == "cell_count":
            assert len(reading.cell_voltages) == wanted
        elif name == "alarms":
            assert reading.alarms == frozenset(wanted)
        elif name in reading.values:
            assert reading.values[name] == wanted, name
        else:
            assert getattr(reading, name) == wanted, name


@pytest.mark.parametrize("name", named("classic"))
def test_classic_replies(name: str) -> None:
    (frame,) = [f for f in classic_frames(bytes.fromhex(FRAMES[name]["hex"])) if f.is_reply]
    fields = split(frame.info)
    reading = Judge(LinkHealth()).check(from_fields(fields, 0.0), fields.values[CELLS])
    assert_shown(reading, FRAMES[name]["expect"])


@pytest.mark.parametrize("name", named("classic", good=False))
def test_damaged_replies(name: str) -> None:
    assert not any(f.is_reply for f in classic_frames(bytes.fromhex(FRAMES[name]["hex"])))


@pytest.mark.parametrize("name", named("pb_status"))
def test_status_of_newer_boards(name: str) -> None:
    data = bytes.fromhex(FRAMES[name]["hex"])
    expected = dict(FRAMES[name]["expect"])
    if (address := expected.pop("address", None)) is not None:
        assert address in [f.address for f in frames_of(data) if isinstance(f, Spoken)]
    assert_shown(Judge(LinkHealth()).check(to_reading(data[:300], {}, 0.0)), expected)


@pytest.mark.parametrize("name", named("pb_about"))
def test_about_of_newer_boards(name: str) -> None:
    unit = to_unit("1", bytes.fromhex(FRAMES[name]["hex"]), None)
    assert unit.serial == FRAMES[name]["expect"]["serial"]
