"""What other products than chargers were recorded to say: taken apart and named."""

from typing import Any

import pytest

from custom_components.cellwire.devices.hearing import Speaker
from custom_components.cellwire.devices.vedirect.products import ProductClass
from custom_components.cellwire.devices.vedirect.recognise import recognise
from custom_components.cellwire.devices.vedirect.stream import Block, StreamParser
from tests.bench.captures import CAPTURES, capture
from tests.bench.victron_charger import block

NAMES = {
    "bmv700_fw308_stream": "Victron BMV 700",
    "bmv702_fw308_midpoint_alarm": "Victron BMV 702",
    "bmv712_fw408_discharging": "Victron BMV 712 Smart",
    "bmv712_fw413_full": "Victron BMV 712 Smart",
    "mppt_bluesolar_75_15_fw123": "Victron BlueSolar MPPT 75/15",
    "mppt_smartsolar_100_20_fw139_load": "Victron SmartSolar MPPT 100/20",
    "mppt_smartsolar_150_70_rev2_fw316_two_blocks": "Victron SmartSolar MPPT 150/70 rev2",
    "mppt_smartsolar_75_10_rev2_fw164": "Victron SmartSolar MPPT 75/10 rev2",
    "mppt_smartsolar_75_15_fw156_night": "Victron SmartSolar MPPT 75/15",
    "orion_xs_fw112_off": "Victron Orion XS 12/12-50A",
    "smartshunt500_fw407_starter": "Victron SmartShunt 500A/50mV",
    "smartshunt500_fw414_charging": "Victron SmartShunt 500A/50mV",
}
OURS = frozenset((ProductClass.AC_CHARGER,))


def recorded(name: str) -> dict[str, Any]:
    known: dict[str, Any] = capture("vedirect", name)
    return known


def test_every_recording_is_looked_at() -> None:
    assert {path.stem for path in (CAPTURES / "vedirect").iterdir()} == NAMES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_blocks_are_what_was_stated(name: str) -> None:
    known = recorded(name)
    items = StreamParser().feed(bytes.fromhex(known["bytes_hex"]))
    blocks = [item.fields for item in items if isinstance(item, Block)]
    stated = [each["fields"] for each in known["expect"]["blocks"] if each["checksum_ok"]]
    assert blocks == stated
    frames = sum(len(each["hex_frames_before_or_inside"]) for each in known["expect"]["blocks"])
    assert len(items) - len(blocks) >= frames


@pytest.mark.parametrize(("name", "product"), NAMES.items())
def test_products_are_named_and_are_not_ours(name: str, product: str) -> None:
    data = bytes.fromhex(recorded(name)["bytes_hex"])
    assert recognise(data, OURS) == Speaker(product, is_ours=False)


@pytest.mark.parametrize(
    ("fields", "speaker"),
    [
        ({"PID": "0xA7FF", "V": "1", "VPV": "2"}, ("solar charger (MPPT) 0xA7FF", False)),
        ({"PID": "0xA7FF", "V": "1", "SOC": "1000"}, ("battery monitor 0xA7FF", False)),
        ({"PID": "0xA7FF", "AC_OUT_V": "23000", "CS": "9"}, ("inverter 0xA7FF", False)),
        ({"PID": "0xA7FF", "DC_IN_V": "1", "CS": "0", "ERR": "0"}, ("DC-DC charger 0xA7FF", False)),
        ({"PID": "0xA7FF", "V": "1", "CS": "3", "ERR": "0"}, ("AC charger 0xA7FF", True)),
        ({"PID": "0xA36A", "V": "1", "CS": "3", "ERR": "0"}, ("AC charger 0xA36A", True)),
        ({"PID": "0xA3F8", "V": "1", "CS": "3", "ERR": "0"}, ("DC-DC charger 0xA3F8", False)),
        ({"PID": "0xA7FF", "V": "1"}, ("product 0xA7FF", True)),
    ],
)
def test_the_text_tells_of_what_class_an_unknown_product_is(
    fields: dict[str, str], speaker: tuple[str, bool]
) -> None:
    name, is_ours = speaker
    assert recognise(block(**fields), OURS) == Speaker(f"Victron {name}", is_ours=is_ours)


def test_an_old_monitor_that_has_no_product_id_is_known_by_its_text() -> None:
    text = block(V="12800", SOC="1000", BMV="602S")
    assert recognise(text, OURS) is None
    assert recognise(2 * text, OURS) == Speaker("Victron battery monitor", is_ours=False)
