"""Product ids, and what products are called."""

import pytest

from custom_components.cellwire.devices.vedirect.products import (
    PRODUCTS,
    ProductClass,
    product_class,
    product_name,
    rated_current,
)

AC, MPPT, BMV = ProductClass.AC_CHARGER, ProductClass.SOLAR_CHARGER, ProductClass.MONITOR
DC, INVERTER = ProductClass.DC_CHARGER, ProductClass.INVERTER


@pytest.mark.parametrize(
    ("product", "name", "kind"),
    [
        (0xA334, "Blue Smart IP22 24/12 (1)", AC),
        (0xA330, "Blue Smart IP22 12/30 (1)", AC),
        (0xA337, "Blue Smart IP22 24/16 (3)", AC),
        (0xA320, "Blue Smart IP22 12/15 (1)", AC),
        (0xA32B, "Blue Smart IP22 24/16 (3)", AC),
        (0xA30A, "Blue Smart IP65 12/25", AC),
        (0xA30C, "Blue Smart IP65 6V-12V/1.1", AC),
        (0xA309, "Blue Smart IP65s 12/5", AC),
        (0xA31D, "Blue Smart IP67 24/12", AC),
        (0xA33C, "Blue Smart IP65 12/5", AC),
        (0xA345, "Phoenix Smart IP43 12/30 (3)", AC),
        (0xA356, "Phoenix Smart IP43 24/16 (1+1)", AC),
        (0xA300, "AC charger", AC),
        (0xA35F, "AC charger 0xA35F", AC),
        (0x0203, "BMV 700", BMV),
        (0xA383, "BMV 712 Smart (rev 2)", BMV),
        (0xA38B, "SmartShunt 2000A/50mV", BMV),
        (0xC036, "SmartShunt IP65 1000A/50mV", BMV),
        (0xA38F, "battery monitor 0xA38F", BMV),
        (0x0300, "BlueSolar MPPT 70/15", MPPT),
        (0xA053, "SmartSolar MPPT 75/15", MPPT),
        (0xA05E, "SmartSolar MPPT 250/45", MPPT),
        (0xA065, "SmartSolar MPPT 250/100 rev2", MPPT),
        (0xA06C, "SmartSolar MPPT 150/70 rev2", MPPT),
        (0xA072, "BlueSolar MPPT 150/45 rev3", MPPT),
        (0xA07F, "All-In-1 SmartSolar MPPT 75/15 12V", MPPT),
        (0xA10E, "SmartSolar MPPT VE.Can 150/100 rev2", MPPT),
        (0xA111, "SmartSolar MPPT RS 450/200", MPPT),
        (0xA117, "BlueSolar MPPT VE.Can 150/100 rev2", MPPT),
        (0xA118, "solar charger (MPPT) 0xA118", MPPT),
        (0xA3CF, "Orion Smart 48V/48V-8A", DC),
        (0xA3D0, "Orion Smart 12V/12V-30A buck-boost", DC),
        (0xA3D3, "Orion Smart 24V/24V-17A buck-boost", DC),
        (0xA3F2, "Orion XS 12/12-70A", DC),
        (0xA201, "Phoenix Inverter 12V 250VA 230V", INVERTER),
        (0xA237, "Phoenix Inverter 48V 250VA 230V", INVERTER),
        (0xA2BC, "Phoenix Inverter 48V 5000VA 120V", INVERTER),
        (0xA2F9, "Phoenix Inverter 12V 1200VA 120V", INVERTER),
        (0xA2FF, "inverter 0xA2FF", INVERTER),
        (0xA442, "Multi RS 48V 6000VA", INVERTER),
        (0xA360, "product 0xA360", None),
    ],
)
def test_products(product: int, name: str, kind: ProductClass | None) -> None:
    assert product_class(product) is kind
    assert product_name(product, kind) == name


def test_the_table_of_products_is_whole() -> None:
    kinds = [product.kind for product in PRODUCTS.values()]
    assert kinds.count(AC) == 1 + 15 + 14 + 24 + 5 + 16
    assert kinds.count(BMV) == 6 + 4 + 3 + 3 + 3 + 1 + 3 + 1
    assert kinds.count(MPPT) == 1 + 0x40 + 0x16
    assert kinds.count(DC) == 0x14 + 3
    assert kinds.count(INVERTER) == 3 * 3 + 9 + 6 * 9 + 4 + 1


def test_only_ac_chargers_have_a_current_that_can_be_limited() -> None:
    assert rated_current(0xA30C) == 1.1
    assert rated_current(0xA345) == 30
    assert rated_current(0xA300) is None
    assert rated_current(0xA053) is None
    assert rated_current(0x1234) is None
