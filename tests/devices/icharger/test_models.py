"""Which charger it is, by its number, the name of its USB device, and the size of its blocks."""

import pytest

from custom_components.cellwire.devices.icharger.models import (
    MODELS,
    Layout,
    Model,
    find_model,
    model_from_product,
)


@pytest.mark.parametrize(
    ("product", "name"),
    [
        ("Junsi iCharger 308Duo USB HID", "308 DUO"),
        ("Junsi iCharger 406Duo USB HID", "406 DUO"),
        ("Junsi iCharger 4010Duo USB HID", "4010 DUO"),
        ("Junsi X6 USB HID", "X6"),
        ("Junsi X8 USB HID", "X8"),
        ("Junsi X12 USB HID", "X12"),
        ("Junsi S6 USB HID", "S6"),
        ("Junsi DX6 USB HID", "DX6"),
        ("Junsi DX8 USB HID", "DX8"),
        ("Junsi DX12 USB HID", "DX12"),
        ("Junsi 456DUO USB HID", "456 DUO"),
        ("Junsi 458DUO USB HID", "458 DUO"),
        ("Junsi 4512DUO USB HID", "4512 DUO"),
    ],
)
def test_a_product_string_names_the_model(product: str, name: str) -> None:
    model = model_from_product(product)
    assert model is MODELS[name]
    assert model.text == f"iCharger {name}"


@pytest.mark.parametrize(
    ("product", "name", "layout"),
    [
        ("Junsi X16 USB HID", "X16", Layout.X),
        ("Junsi DX20 USB HID", "DX20", Layout.DX),
        ("Junsi iCharger 5010Duo USB HID", "5010 DUO", Layout.OLD_DUO),
    ],
)
def test_a_new_model_has_the_layout_of_its_name(product: str, name: str, layout: Layout) -> None:
    assert model_from_product(product) == Model(name, layout)


@pytest.mark.parametrize("product", [None, "", "STM32 Virtual ComPort", "Junsi", "USB HID"])
def test_other_products_are_none_of_it(product: str | None) -> None:
    assert model_from_product(product) is None


@pytest.mark.parametrize(
    ("device_id", "product", "length", "text", "channels", "slots"),
    [
        (64, None, 118, "iCharger 4010 DUO", 2, 64),
        (66, None, 118, "iCharger 308 DUO", 2, 64),
        (67, "Junsi X6 USB HID", 120, "iCharger 406 DUO", 2, 64),
        (99, "Junsi X6 USB HID", 156, "iCharger X6", 1, 32),
        # What is not in the table has as many channels as it shows.
        (99, "Junsi X16 USB HID", 156, "iCharger X16", None, 32),
        (99, None, 180, "iCharger", None, 64),
        (99, None, 156, "iCharger", None, 32),
        (99, None, 120, "iCharger", None, 64),
        (99, "other", 200, "iCharger", None, 64),
    ],
)
def test_a_charger_is_known_by_its_number_first(
    device_id: int, product: str | None, length: int, text: str, channels: int | None, slots: int
) -> None:
    model = find_model(device_id, product, length)
    assert (model.text, model.channels, model.slots) == (text, channels, slots)


def test_cells_of_each_model() -> None:
    cells = {name: model.cells for name, model in MODELS.items()}
    assert cells == {
        "308 DUO": 8,
        "406 DUO": 6,
        "4010 DUO": 10,
        "456 DUO": 6,
        "458 DUO": 8,
        "4512 DUO": 12,
        "S6": 6,
        "X6": 6,
        "X8": 8,
        "X12": 12,
        "DX6": 6,
        "DX8": 8,
        "DX12": 12,
    }
