"""Which Victron product this is, by its product id.

Source: docs/devices/victron_charger.md, "Products".
"""

CHARGERS = range(0xA300, 0xA360)

_IP22 = "Blue Smart IP22"
_IP65 = "Blue Smart IP65"
_IP65S = "Blue Smart IP65s"
_IP67 = "Blue Smart IP67"
_IP43 = "Phoenix Smart IP43"

# (first id, family, ratings in the order of the ids)
_RANGES: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (0xA300, "AC charger", ("",)),
    (0xA301, _IP65, ("12/10", "12/15", "24/8", "12/5", "12/7", "24/5", "12/4")),
    (0xA308, _IP65S, ("12/4", "12/5")),
    (0xA30A, _IP65, ("12/25", "24/13", "6V-12V/1.1")),
    (0xA30D, _IP65S, ("12/4", "12/5")),
    (0xA30F, _IP65, ("12/7",)),
    (0xA310, _IP67, ("12/7", "12/13", "24/5", "12/17", "12/25", "24/8", "24/12")),
    (0xA317, _IP67, ("12/7", "12/13", "24/5", "12/17", "12/25", "24/8", "24/12")),
    *(
        (first + 2 * row, _IP22, (f"{rating} (1)", f"{rating} (3)"))
        for first in (0xA320, 0xA32C)
        for row, rating in enumerate(("12/15", "12/20", "12/30", "24/8", "24/12", "24/16"))
    ),
    (0xA338, _IP65, ("12/10", "12/15", "24/5", "24/8", "12/5")),
    *(
        (first + 2 * row, _IP43, (f"{rating} (1+1)", f"{rating} (3)"))
        for first in (0xA340, 0xA350)
        for row, rating in enumerate(("12/50", "24/25", "12/30", "24/16"))
    ),
)

_RATINGS: dict[int, str] = {
    first + offset: rating for first, _, ratings in _RANGES for offset, rating in enumerate(ratings)
}

PRODUCTS: dict[int, str] = {
    first + offset: f"{family} {rating}".rstrip()
    for first, family, ratings in _RANGES
    for offset, rating in enumerate(ratings)
}

# Not chargers, but heard of: (ids, what it is).
_OTHERS = (
    (range(0xA040, 0xA080), "solar charger (MPPT)"),
    (range(0x0203, 0x0204), "battery monitor (BMV)"),
)


def rated_current(product: int) -> float | None:
    """Return the rated current in A: what stands behind the voltage in the name of the model."""
    _, slash, current = _RATINGS.get(product, "").partition("/")
    return float(current.split()[0]) if slash else None


def is_charger(product: int) -> bool:
    """Tell whether an id is one of the AC chargers, known by name or not."""
    return product in CHARGERS


def product_name(product: int) -> str:
    """Name a product: the model of a charger, else what it is as far as known, with its id."""
    if name := PRODUCTS.get(product):
        return name
    if is_charger(product):
        return f"AC charger 0x{product:04X}"
    kind = next((name for ids, name in _OTHERS if product in ids), "product")
    return f"Victron {kind} 0x{product:04X}"
