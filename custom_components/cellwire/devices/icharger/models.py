"""Which iChargers there are, and what differs between them.

Source: docs/devices/icharger.md, "Models and layouts" and "Ratings".
"""

from dataclasses import dataclass
from enum import StrEnum
import re

MANUFACTURER = "Junsi"

OLD_DUO_SLOTS = DX_SLOTS = 64
X_SLOTS = 32


class Layout(StrEnum):
    """How settings and presets are laid out, and versions written."""

    OLD_DUO = "old_duo"
    X = "x"
    DX = "dx"


@dataclass(frozen=True, slots=True)
class Ratings:
    """The most that a channel can do: current in A, power in W; and the supply, in A."""

    current: float
    charge_power: float
    discharge_power: float
    input_current: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model; `cells` is the number of places at the balance port of a channel.

    `name` and what is not known of a newer model are None. Without a balance lead, an output that
    reads `floating` volts or more has no battery.
    """

    name: str | None
    layout: Layout | None
    cells: int | None = None
    floating: float | None = None

    @property
    def text(self) -> str:
        """What a person reads."""
        return f"iCharger {self.name}" if self.name else "iCharger"

    @property
    def ratings(self) -> Ratings | None:
        """What it can do, where that is known."""
        return RATINGS.get(self.name or "")

    @property
    def channels(self) -> int | None:
        """Number of outputs; None for a model that is not in the table: it has what it shows."""
        if self.name not in MODELS:
            return None
        return 1 if self.layout is Layout.X else 2

    @property
    def slots(self) -> int:
        """Number of presets that there is room for."""
        return X_SLOTS if self.layout is Layout.X else OLD_DUO_SLOTS


# The floating output is known of the first three; the others follow their rule (inferred).
FLOATING_CELL = 3.7

MODELS = {
    model.name: model
    for model in (
        Model("308 DUO", Layout.OLD_DUO, 8, 30.0),
        Model("406 DUO", Layout.OLD_DUO, 6, 22.0),
        Model("4010 DUO", Layout.OLD_DUO, 10, 38.0),
        *(
            Model(name, layout, cells, round(FLOATING_CELL * cells, 1))
            for name, layout, cells in (
                ("456 DUO", Layout.DX, 6),
                ("458 DUO", Layout.DX, 8),
                ("4512 DUO", Layout.DX, 12),
                ("S6", Layout.X, 6),
                ("X6", Layout.X, 6),
                ("X8", Layout.X, 8),
                ("X12", Layout.X, 12),
                ("DX6", Layout.DX, 6),
                ("DX8", Layout.DX, 8),
                ("DX12", Layout.DX, 12),
            )
        ),
    )
}
RATINGS = {
    "308 DUO": Ratings(30, 800, 80, 60),
    "406 DUO": Ratings(40, 1000, 80, 60),
    "4010 DUO": Ratings(40, 1400, 130, 65),
    "456 DUO": Ratings(45, 1400, 80, 65),
    "458 DUO": Ratings(45, 1600, 80, 70),
    "4512 DUO": Ratings(45, 2000, 130, 80),
    "S6": Ratings(40, 1100, 40, 45),
    "X6": Ratings(30, 800, 30, 35),
    "X8": Ratings(30, 1100, 50, 35),
    "X12": Ratings(30, 1100, 50, 35),
    "DX6": Ratings(32, 900, 40, 65),
    "DX8": Ratings(30, 1100, 45, 65),
    "DX12": Ratings(30, 1200, 50, 65),
}
# The number in the first register. Those of the other models are not known.
DEVICE_IDS = {64: "4010 DUO", 66: "308 DUO", 67: "406 DUO"}
# By the length of the settings in bytes.
LAYOUTS = {118: Layout.OLD_DUO, 120: Layout.OLD_DUO, 156: Layout.X, 180: Layout.DX}

_PRODUCT = re.compile(r"Junsi (?:iCharger )?(\w+?) ?(DUO)? USB HID", re.IGNORECASE)


def layout_of(name: str) -> Layout:
    """Tell the layout of a model by its name."""
    if name.startswith("DX") or (name.endswith("DUO") and "45" in name):
        return Layout.DX
    return Layout.OLD_DUO if name.endswith("DUO") else Layout.X


def model_from_product(product: str | None) -> Model | None:
    """Find the model by the product string of the USB device, None if it is no iCharger's."""
    match = _PRODUCT.fullmatch((product or "").strip())
    if match is None:
        return None
    name = " ".join(filter(None, match.groups())).upper()
    return MODELS.get(name) or Model(name, layout_of(name))


def find_model(device_id: int, product: str | None, system_length: int) -> Model:
    """Find the model by what it says of itself; of an unknown one the layout may be known."""
    if name := DEVICE_IDS.get(device_id):
        return MODELS[name]
    return model_from_product(product) or Model(None, LAYOUTS.get(system_length))
