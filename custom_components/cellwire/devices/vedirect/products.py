"""Which Victron product this is, and of which class, by its product id.

Source: docs/vedirect.md, "Products".
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

MAKER = "Victron"


class ProductClass(StrEnum):
    """What a product is, in words that name one that is in no table."""

    AC_CHARGER = "AC charger"
    MONITOR = "battery monitor"
    SOLAR_CHARGER = "solar charger (MPPT)"
    INVERTER = "inverter"
    DC_CHARGER = "DC-DC charger"


@dataclass(frozen=True, slots=True)
class Product:
    """A product: its class, its name without the maker's, and its ratings as the name has them."""

    kind: ProductClass
    series: str
    rating: str = ""

    @property
    def name(self) -> str:
        """The name that is on it."""
        return f"{self.series} {self.rating}".rstrip()

    @property
    def current(self) -> float | None:
        """The rated current in A of a charger: what stands after the voltage in its name."""
        _, slash, current = self.rating.partition("/")
        return float(current.split()[0]) if slash else None


_IP22 = "Blue Smart IP22"
_IP65 = "Blue Smart IP65"
_IP65S = "Blue Smart IP65s"
_IP67 = "Blue Smart IP67"
_IP43 = "Phoenix Smart IP43"
_BLUE = "BlueSolar MPPT"
_SMART = "SmartSolar MPPT"
_BLUE_CAN = "BlueSolar MPPT VE.Can"
_SMART_CAN = "SmartSolar MPPT VE.Can"
_SHUNT = "SmartShunt"
_ORION = "Orion Smart"
_XS = "Orion XS"

# First id, series, ratings in the order of the ids.
type _Row = tuple[int, str, str]

_AC_CHARGERS: tuple[_Row, ...] = (
    (0xA301, _IP65, "12/10,12/15,24/8,12/5,12/7,24/5,12/4"),
    (0xA308, _IP65S, "12/4,12/5"),
    (0xA30A, _IP65, "12/25,24/13,6V-12V/1.1"),
    (0xA30D, _IP65S, "12/4,12/5"),
    (0xA30F, _IP65, "12/7"),
    (0xA310, _IP67, "12/7,12/13,24/5,12/17,12/25,24/8,24/12"),
    (0xA317, _IP67, "12/7,12/13,24/5,12/17,12/25,24/8,24/12"),
    *(
        (first + 2 * row, _IP22, f"{rating} (1),{rating} (3)")
        for first in (0xA320, 0xA32C)
        for row, rating in enumerate(("12/15", "12/20", "12/30", "24/8", "24/12", "24/16"))
    ),
    (0xA338, _IP65, "12/10,12/15,24/5,24/8,12/5"),
    *(
        (first + 2 * row, _IP43, f"{rating} (1+1),{rating} (3)")
        for first in (0xA340, 0xA350)
        for row, rating in enumerate(("12/50", "24/25", "12/30", "24/16"))
    ),
)
_MONITORS: tuple[_Row, ...] = (
    (0x0200, "BMV", "600S,602S,600HS,700,702,700H"),
    (0xA380, "BMV", "710 Smart,712 Smart,710H Smart,712 Smart (rev 2)"),
    (0xA389, _SHUNT, "500A/50mV,1000A/50mV,2000A/50mV"),
    (0xA38C, f"{_SHUNT} IP67", "500A/50mV,1000A/50mV,2000A/50mV"),
    (0xC030, f"{_SHUNT} IP65", "500A/50mV,1000A/50mV,2000A/50mV"),
    (0xC034, "BMV", "800 Smart"),
    (0xC035, f"{_SHUNT} IP65", "500A/50mV,1000A/50mV,2000A/50mV"),
    (0xC038, _SHUNT, "300A/50mV"),
)
_SOLAR_CHARGERS: tuple[_Row, ...] = (
    (0x0300, _BLUE, "70/15"),
    (0xA040, _BLUE, "75/50,150/35,75/15,100/15,100/30,100/50,150/70,150/100"),
    (0xA048, _BLUE, "75/50 rev2,100/50 rev2,100/30 rev2,150/35 rev2,75/10,150/45,150/60,150/85"),
    (0xA050, _SMART, "250/100,150/100,150/85,75/15,75/10,100/15,100/30,100/50"),
    (0xA058, _SMART, "150/35,150/100 rev2,150/85 rev2,250/70,250/85,250/60,250/45,100/20"),
    (0xA060, _SMART, "100/20 48V,150/45,150/60,150/70,250/85 rev2,250/100 rev2"),
    (0xA066, _BLUE, "100/20,100/20 48V"),
    (0xA068, _SMART, "250/60 rev2,250/70 rev2,150/45 rev2,150/60 rev2,150/70 rev2,150/85 rev3"),
    (0xA06E, _SMART, "150/100 rev3"),
    (0xA06F, _BLUE, "150/45 rev2,150/60 rev2,150/70 rev2,150/45 rev3"),
    (0xA073, _SMART, "150/45 rev3,75/10 rev2,75/15 rev2"),
    (0xA076, _BLUE, "100/30 rev3,100/50 rev3,150/35 rev3,75/10 rev2,75/15 rev2,100/15 rev2"),
    (0xA07C, _BLUE, "75/10 rev3,75/15 rev3"),
    (0xA07E, _SMART, "100/30 12V"),
    (0xA07F, "All-In-1 SmartSolar MPPT", "75/15 12V"),
    (0xA102, _SMART_CAN, "150/70,150/45,150/60,150/85,150/100,250/45,250/60,250/70,250/85"),
    (0xA10B, _SMART_CAN, "250/100,150/70 rev2,150/85 rev2,150/100 rev2"),
    (0xA10F, _BLUE_CAN, "150/100"),
    (0xA110, "SmartSolar MPPT RS", "450/100,450/200"),
    (0xA112, _BLUE_CAN, "250/70,250/100"),
    (0xA114, _SMART_CAN, "250/70 rev2,250/100 rev2,250/85 rev2"),
    (0xA117, _BLUE_CAN, "150/100 rev2"),
)
_DC_CHARGERS: tuple[_Row, ...] = (
    (0xA3C0, _ORION, "12V/12V-18A,12V/24V-10A,24V/12V-20A,24V/24V-12A,24V/48V-6A,48V/12V-20A"),
    (0xA3C6, _ORION, "48V/24V-12A,48V/48V-6A,12V/12V-30A,12V/24V-15A,24V/12V-30A,24V/24V-17A"),
    (0xA3CC, _ORION, "24V/48V-8.5A,48V/12V-30A,48V/24V-16A,48V/48V-8A,12V/12V-30A buck-boost"),
    (0xA3D1, _ORION, "12V/24V-15A buck-boost,24V/12V-30A buck-boost,24V/24V-17A buck-boost"),
    (0xA3F0, _XS, "12/12-50A,1400,12/12-70A"),
)
# First id, VA, and the last digits that there are.
_INVERTERS: tuple[tuple[int, int, str], ...] = (
    (0xA200, 250, "124"),
    (0xA210, 375, "124"),
    (0xA220, 500, "124"),
    (0xA230, 250, "1245679AC"),
    (0xA240, 375, "1249AC"),
    (0xA250, 500, "1249AC"),
    (0xA260, 800, "1249AC"),
    (0xA270, 1200, "1249AC"),
    (0xA280, 2000, "1249AC"),
    (0xA290, 2000, "1249AC"),
    (0xA2A0, 3000, "1249AC"),
    (0xA2B0, 5000, "24AC"),
    (0xA2E0, 800, "1249AC"),
    (0xA2F0, 1200, "1249AC"),
)
# What the last digit of an inverter's id tells: volts of the battery, and of the mains.
_VOLTS = {
    **dict.fromkeys("15", "12V {}VA 230V"),
    **dict.fromkeys("26", "24V {}VA 230V"),
    **dict.fromkeys("47", "48V {}VA 230V"),
    "9": "12V {}VA 120V",
    "A": "24V {}VA 120V",
    "C": "48V {}VA 120V",
}


def _products() -> Iterator[tuple[int, Product]]:
    for kind, rows in (
        (ProductClass.AC_CHARGER, _AC_CHARGERS),
        (ProductClass.MONITOR, _MONITORS),
        (ProductClass.SOLAR_CHARGER, _SOLAR_CHARGERS),
        (ProductClass.DC_CHARGER, _DC_CHARGERS),
    ):
        for first, series, ratings in rows:
            for offset, rating in enumerate(ratings.split(",")):
                yield first + offset, Product(kind, series, rating)
    for first, power, digits in _INVERTERS:
        for digit in digits:
            rating = _VOLTS[digit].format(power)
            product = Product(ProductClass.INVERTER, "Phoenix Inverter", rating)
            yield first + int(digit, 16), product


PRODUCTS: dict[int, Product] = {
    **dict(_products()),
    0xA300: Product(ProductClass.AC_CHARGER, "AC charger"),
    0xA442: Product(ProductClass.INVERTER, "Multi RS", "48V 6000VA"),
}

# What tells the class of a product that is in no table: a label of its text that others don't have.
_TELLING = {
    "VPV": ProductClass.SOLAR_CHARGER,
    "PPV": ProductClass.SOLAR_CHARGER,
    "SOC": ProductClass.MONITOR,
    "CE": ProductClass.MONITOR,
    "BMV": ProductClass.MONITOR,
    "AC_OUT_V": ProductClass.INVERTER,
    "DC_IN_V": ProductClass.DC_CHARGER,
}
# These are common to all chargers, so they tell an AC charger only where nothing else is told.
_CHARGING = frozenset(("CS", "ERR"))
# Where Victron numbers the products of a class, for those whose text does not tell.
_NUMBERED: tuple[tuple[range, ProductClass], ...] = (
    (range(0x0200, 0x0300), ProductClass.MONITOR),
    (range(0xA040, 0xA080), ProductClass.SOLAR_CHARGER),
    (range(0xA100, 0xA120), ProductClass.SOLAR_CHARGER),
    (range(0xA200, 0xA300), ProductClass.INVERTER),
    (range(0xA300, 0xA360), ProductClass.AC_CHARGER),
    (range(0xA380, 0xA390), ProductClass.MONITOR),
    (range(0xA3C0, 0xA400), ProductClass.DC_CHARGER),
)


def product_class(product: int | None, labels: Collection[str] = ()) -> ProductClass | None:
    """Tell the class of a product by its id and the labels of its text; None if nothing tells."""
    if known := PRODUCTS.get(product or 0):
        return known.kind
    for label in labels:
        if kind := _TELLING.get(label):
            return kind
    for ids, kind in _NUMBERED:
        if product in ids:
            return kind
    return ProductClass.AC_CHARGER if _CHARGING.issubset(labels) else None


def product_name(product: int, kind: ProductClass | None) -> str:
    """Name a product without its maker; what is in no table by its class and its id."""
    if known := PRODUCTS.get(product):
        return known.name
    return f"{kind or 'product'} 0x{product:04X}"


def rated_current(product: int) -> float | None:
    """Return the rated current of a charger in A, None for what is in no table."""
    known = PRODUCTS.get(product)
    return known.current if known and known.kind is ProductClass.AC_CHARGER else None
