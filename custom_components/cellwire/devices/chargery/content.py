"""What the frames mean: bytes to numbers, each refused when it can't be true.

Lengths decide which fields there are, anew for each frame: a firmware update can change the layout
under a running program. Source: docs/devices/chargery.md, "Cell voltages, 56", "Pack values, 57"
and "Cell resistances, 58".
"""

from dataclasses import dataclass

from .frame import MOST_CELLS
from .words import MODES

# A missing probe reads exactly this.
NO_PROBE = 0xFF21
COLDEST, HOTTEST = -40.0, 150.0
# No cell of any chemistry has more.
HIGHEST_CELL = 5.0
FULL = 100
FIRST_CELL = 4
FIRST_RESISTANCE = 7

OLD_PACK, MIDDLE_PACK, NEW_PACK = 14, 15, 19
# The oldest layout with 8, 16 and 24 places has as many bytes as the newer one with 4, 12 and 20.
AMBIGUOUS = frozenset((21, 37, 53))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Values of the whole pack in A, °C, % and V. What a version does not send is None.

    `current` has no sign. `refused` names the fields whose value can't be true.
    """

    mode: int
    current: float
    temperatures: tuple[float | None, float | None]
    temperature_codes: tuple[int, int]
    soc: int | None
    charge_end: float
    discharge_end: float | None
    charge_stopped: bool | None
    discharge_stopped: bool | None
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A voltage in V for each place that the model has, taken or not; what is left in Wh and Ah.

    None stands for a voltage that can't be true.
    """

    voltages: tuple[float | None, ...]
    soc: int | None
    energy: float | None
    charge: float | None

    @property
    def refused(self) -> tuple[str, ...]:
        """Name what can't be true."""
        return tuple(f"cell_{n}" for n, each in enumerate(self.voltages, 1) if each is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resistances:
    """Resistances in mΩ of all cells that there are, and the current in A, without a sign."""

    mode: int
    current: float
    cells: tuple[float, ...]


def to_pack(raw: bytes) -> Pack:
    """Decode a frame with pack values."""
    refused = []

    def flag(at: int, name: str) -> bool | None:
        code = raw[at] if len(raw) >= NEW_PACK else None
        if code in (None, 0, 1):
            return None if code is None else bool(code)
        refused.append(name)
        return None

    def temperature(code: int, name: str) -> float | None:
        if code == NO_PROBE:
            return None
        celsius = (code - 0x10000 if code >= 0x8000 else code) / 10
        if COLDEST <= celsius <= HOTTEST:
            return celsius
        refused.append(name)
        return None

    soc = raw[13] if len(raw) >= MIDDLE_PACK else None
    if soc is not None and soc > FULL:
        refused.append("soc")
        soc = None
    if raw[6] not in MODES:
        refused.append("mode")
    codes = int.from_bytes(raw[9:11]), int.from_bytes(raw[11:13])
    return Pack(
        mode=raw[6],
        current=int.from_bytes(raw[7:9]) / 10,
        temperatures=(
            temperature(codes[0], "temperature_1"),
            temperature(codes[1], "temperature_2"),
        ),
        temperature_codes=codes,
        soc=soc,
        charge_end=int.from_bytes(raw[4:6]) / 1000,
        discharge_end=int.from_bytes(raw[14:16]) / 1000 if len(raw) >= NEW_PACK else None,
        charge_stopped=flag(16, "charge_status"),
        discharge_stopped=flag(17, "discharge_status"),
        refused=tuple(refused),
    )


def to_cells(raw: bytes, pack_length: int | None) -> Cells | None:
    """Decode a frame with cell voltages.

    `pack_length` is the length of a frame with pack values of the same device, None before the
    first. Returns None where the layout can't be told yet, or fits no version.
    """
    if len(raw) % 2 == 0:
        end = len(raw) - 2
        return _cells(raw, end, soc=raw[end] if raw[end] <= FULL else None)
    if pack_length is None and len(raw) in AMBIGUOUS:
        return None
    if pack_length == OLD_PACK:
        return _cells(raw, len(raw) - 1)
    end = len(raw) - 9
    energy = int.from_bytes(raw[end : end + 4], "little") / 1000
    charge = int.from_bytes(raw[end + 4 : end + 8], "little") / 1000
    return _cells(raw, end, energy=energy, charge=charge)


def _cells(
    raw: bytes,
    end: int,
    *,
    soc: int | None = None,
    energy: float | None = None,
    charge: float | None = None,
) -> Cells | None:
    volts = [int.from_bytes(raw[at : at + 2]) / 1000 for at in range(FIRST_CELL, end, 2)]
    if not 0 < len(volts) <= MOST_CELLS:
        return None
    voltages = tuple(each if each <= HIGHEST_CELL else None for each in volts)
    return Cells(voltages=voltages, soc=soc, energy=energy, charge=charge)


def to_resistances(raw: bytes) -> Resistances:
    """Decode a frame with cell resistances. Its numbers begin with the low byte."""
    return Resistances(
        mode=raw[4],
        current=int.from_bytes(raw[5:7], "little") / 10,
        cells=tuple(
            int.from_bytes(raw[at : at + 2], "little") / 10
            for at in range(FIRST_RESISTANCE, len(raw) - 1, 2)
        ),
    )


def layout(pack_length: int | None, cells_length: int | None) -> str | None:
    """Name the protocol versions that send frames of such lengths, None if it can't be told."""
    match pack_length:
        case 14:
            return "V1.21"
        case 19:
            return "V1.26"
        case _:
            if cells_length is None or (pack_length is None and cells_length % 2):
                return None
            return "V1.24-V1.25" if cells_length % 2 else "V1.22-V1.23"
