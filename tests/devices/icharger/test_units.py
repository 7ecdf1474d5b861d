"""The units of a charger, and the watch over its cells."""

from custom_components.cellwire.devices.icharger.info import to_info
from custom_components.cellwire.devices.icharger.models import MODELS
from custom_components.cellwire.devices.icharger.system import OLD_DUO
from custom_components.cellwire.devices.icharger.units import CellWatch, to_serials, to_units
from custom_components.cellwire.devices.model import UnitKind
from tests.bench.captures import capture

DUMP = capture("icharger", "real_4010duo_idle_dump")
INFO = to_info(DUMP["encoded_constructed"]["device_info"]["registers"])
UNITS = to_units(INFO, MODELS["4010 DUO"], OLD_DUO, 2)


def test_a_charger_and_its_channels() -> None:
    charger, first, second = UNITS
    assert (charger.key, charger.kind) == ("charger", UnitKind.CHARGER)
    assert (charger.manufacturer, charger.model) == ("Junsi", "iCharger 4010 DUO")
    assert (charger.serial, charger.firmware, charger.hardware) == ("1504308022", "2.17", "2.00")
    assert [unit.key for unit in (first, second)] == ["channel_1", "channel_2"]
    assert {unit.kind for unit in (first, second)} == {UnitKind.CHANNEL}
    assert [(unit.label, unit.via) for unit in (first, second)] == [
        ("1", "charger"),
        ("2", "charger"),
    ]
    assert first.model == second.model == charger.model


def test_one_channel_and_unknown_settings() -> None:
    units = to_units(INFO, MODELS["X8"], None, 1)
    assert [unit.key for unit in units] == ["charger", "channel_1"]
    assert [quantity.key for quantity in units[0].quantities] == ["presets", "flash_writes"]


def test_no_two_values_have_the_same_name() -> None:
    for unit in UNITS:
        ids = [quantity.id for quantity in unit.quantities]
        assert len(ids) == len(set(ids))


def test_serial_numbers_are_for_ever() -> None:
    assert to_serials(INFO) == {
        "charger": "1504308022",
        "channel_1": "1504308022_1",
        "channel_2": "1504308022_2",
    }
    nameless = to_info([64, *[0] * 6, 2107, 2000, 118, 173, 0, 0])
    assert set(to_serials(nameless).values()) == {None}


def test_cells_settle_when_they_are_the_same_twice() -> None:
    watch = CellWatch()
    assert watch.is_settled((3.8, 3.8))
    assert watch.is_settled((3.9, 3.9))
    assert not watch.is_settled((3.9, 3.9, 3.9))
    assert not watch.is_settled((3.9, 3.9, None, 3.9))
    assert watch.is_settled((3.9, 3.9, None, 3.9))
    assert not watch.is_settled(())
    assert watch.is_settled(())
