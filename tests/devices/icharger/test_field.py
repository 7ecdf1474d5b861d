"""Chargers as their owners met them, read over USB."""

import itertools
from pathlib import Path
from typing import Any, override

import pytest

from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.model import NO_ERROR, Status
from custom_components.cellwire.links.hid import HidLink, find_chargers
from tests.bench.captures import capture
from tests.bench.hid_port import REPORT_SIZE, HidPort
from tests.bench.modbus import HOLDING, ILLEGAL_ADDRESS, INPUT, Refusal, Slave

from .conftest import identity

CASES: dict[str, Any] = capture("icharger", "field_cases")["cases"]


class RecordedCharger(Slave):
    """A charger whose registers stay as they were recorded."""

    def __init__(self, case: dict[str, Any]) -> None:
        super().__init__()
        blocks = {0: case["info"]} | {
            0x100 * number: block for number, block in enumerate(case["channels"], 1)
        }
        self._blocks = {
            INPUT: blocks,
            HOLDING: {int(at, 16): block for at, block in case.get("holding", {}).items()},
        }

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        for start, block in self._blocks[function].items():
            if start <= address and address + count <= start + len(block):
                registers: list[int] = block[address - start : address - start + count]
                return registers
        raise Refusal(ILLEGAL_ADDRESS)


# What is right, by the unit: fields of the unit, then fields and values of its reading.
RIGHT: dict[str, dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]] = {
    "log frames of a real charge between the answers": {
        "channel_1": (
            {},
            {
                "voltage": 19.276,
                "current": 2.0,
                "cell_voltages": (3.851, 3.851, 3.85, 3.85, 3.85),
                "status": Status.CHARGING,
            },
            {},
        ),
        "channel_2": ({}, {"voltage": None, "status": Status.IDLE}, {}),
    },
    "one cell without a balance lead": {
        "charger": ({"firmware": "2.20"}, {}, {}),
        "channel_1": (
            {},
            {
                "voltage": 4.064,
                "current": -1.19,
                "cell_voltages": (),
                "status": Status.DISCHARGING,
            },
            {},
        ),
    },
    "an X6 without a serial number": {
        "charger": ({"serial": None, "model": "iCharger X6", "firmware": "2.0.6"}, {}, {}),
        "channel_1": ({}, {"voltage": 21.606, "status": Status.CHARGING}, {}),
    },
    "a notice with the error bit while current flows": {
        "channel_1": (
            {},
            {"current": -4.44, "status": Status.DISCHARGING, "error": NO_ERROR},
            {"error_code": "2900"},
        )
    },
    "a notice without the error bit": {
        "channel_1": (
            {},
            {"status": Status.DISCHARGING, "error": NO_ERROR},
            {"error_code": "2900"},
        )
    },
    "an S6 that states the length of an old DUO": {
        "charger": (
            {"model": "iCharger S6"},
            {},
            {
                "presets": 3,
                "fan_off_delay": None,
                "beep_alarm_volume": None,
                "discharge_power_limit_1": None,
            },
        )
    },
}


def test_every_case_is_known() -> None:
    assert RIGHT.keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
async def test_what_is_read_of_it(usb: Path, name: str) -> None:
    case = CASES[name]
    port = HidPort(usb, case["product"], case["serial"], RecordedCharger(case))
    if "log" in case:
        port._log = itertools.cycle(
            bytes.fromhex(log).ljust(REPORT_SIZE, b"\0") for log in case["log"]
        )
        port.is_logging = True
    await port.plug()
    (found,) = find_chargers()
    assert found.address == (
        f"hid://{case['serial']}" if case["serial"] else "hid://?product=Junsi%20X6%20USB%20HID"
    )
    device = ChargerDevice(HidLink(found.address), identity())
    await device.start()
    for _ in range(3):
        readings = await device.read()
        for key, (unit, fields, values) in RIGHT[name].items():
            assert {each: getattr(device.units[key], each) for each in unit} == unit
            assert {each: getattr(readings[key], each) for each in fields} == fields
            assert {each: readings[key].values.get(each) for each in values} == values
    await device.close()
    await port.unplug()
