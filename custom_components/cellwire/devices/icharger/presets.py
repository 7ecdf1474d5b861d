"""The programs that are stored in the charger: their list, and what each of them does.

Source: docs/devices/icharger.md, "Presets". A preset is a packed structure whose fields do not
begin at registers, so its bytes are put together first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
import struct
from typing import Any

from ..model import Value
from .models import Layout

HEAD = 0x8800
PRESET = 0x8C00
# Lengths in bytes whose layout is known: old DUO before 2.18, old DUO, the others.
LENGTHS = (167, 173, 192)
COMMON_LENGTH = 166

EMPTY, BUILT_IN, USED = 0xFFFF, 0x0000, 0x55AA
# The lock with its password, and the number of runs, which the charger itself counts up.
LOCK_AT, LOCK_END, RUNS_AT = 46, 53, 59

LITHIUM = ("lipo", "li_ion", "life", "lihv", "lto", "user")
NICKEL = ("nimh", "nicd")
_OLD = ("lipo", "li_ion", "life", "nimh", "nicd", "pb", "nizn", "lihv")
_NEW = ("lipo", "li_ion", "life", "lihv", "lto", "nimh", "nicd", "nizn", "pb", "power", "user")
CHEMISTRIES = {Layout.OLD_DUO: _OLD, Layout.X: _NEW, Layout.DX: _NEW}
CHEMISTRY_NAMES = {
    "lipo": "LiPo",
    "li_ion": "LiIo",
    "life": "LiFe",
    "lihv": "LiHV",
    "lto": "LTO",
    "nimh": "NiMH",
    "nicd": "NiCd",
    "nizn": "NiZn",
    "pb": "Pb",
    "power": "Power",
    "user": "User",
}
CYCLE_MODES = (
    "charge_discharge",
    "discharge_charge",
    "charge_discharge_charge",
    "discharge_charge_discharge",
    "charge_discharge_storage",
    "discharge_charge_storage",
)
# Bits of the mask that says which operations a preset offers.
OPERATIONS = {"charge": 0, "storage": 2, "discharge": 3, "cycle": 4, "balance": 5}

# Of the fields that mean the same for every chemistry: offset, how it is packed, name, and scale.
FIELDS: tuple[tuple[int, str, str, float], ...] = (
    (40, "I", "capacity", 0.001),
    (RUNS_AT, "H", "runs", 1),
    (98, "H", "charge_current", 0.01),
    (100, "H", "discharge_current", 0.01),
    (102, "H", "charge_end_current", 1),
    (104, "H", "discharge_end_current", 1),
    (136, "H", "cycles", 1),
    (138, "H", "cycle_pause", 60),
    (141, "H", "charge_time_limit", 60),
    (143, "H", "charge_capacity_limit", 1),
    (145, "H", "charge_temperature_limit", 0.1),
    (147, "H", "discharge_time_limit", 60),
    (149, "H", "discharge_capacity_limit", 1),
    (151, "H", "discharge_temperature_limit", 0.1),
)
# Where the voltages of a cell are in mV, by chemistry: charge, storage, discharge.
# None where there is no such voltage; of nickel the discharge voltage is that of the pack.
VOLTAGES: dict[str, tuple[int | None, int | None, int | None]] = {
    "lipo": (80, 86, 92),
    "li_ion": (82, 88, 94),
    "life": (84, 90, 96),
    "lihv": (166, 168, 170),
    "lto": (172, 174, 176),
    "user": (178, 180, 182),
    "nimh": (None, None, 120),
    "nicd": (None, None, 120),
    "nizn": (161, None, 163),
    "pb": (122, None, 124),
}
# Where the number of cells is; 0 stands for automatic.
CELLS = (
    dict.fromkeys(LITHIUM, 62)
    | dict.fromkeys(NICKEL, 63)
    | {
        "pb": 64,
        "nizn": 165,
        "user": 184,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A stored program. Capacity in Ah, currents in A, voltages in V per cell, times in s.

    End currents and capacity limits are percent of the current and the capacity. What is 0 or not
    set, automatic cells, and what the chemistry does not have, is None. `operations` is the mask
    of those that it offers. A `synchronous` one needs both outputs in parallel. The `digest` is
    another one when anything but the number of runs and the lock was changed.
    """

    slot: int
    name: str
    built_in: bool
    chemistry: str | None
    chemistry_code: int
    cells: int | None
    operations: int
    synchronous: bool
    balance: bool | None
    charge_voltage: float | None
    storage_voltage: float | None
    discharge_voltage: float | None
    cycle_mode: str | None
    capacity: float | None
    runs: int
    charge_current: float
    discharge_current: float
    charge_end_current: int
    discharge_end_current: int
    cycles: int
    cycle_pause: float
    charge_time_limit: float | None
    charge_capacity_limit: int
    charge_temperature_limit: float
    discharge_time_limit: float | None
    discharge_capacity_limit: int
    discharge_temperature_limit: float
    digest: str

    def offers(self, operation: str) -> bool:
        """Tell whether an operation can be started with it, by its name in OPERATIONS."""
        return bool(self.operations >> OPERATIONS[operation] & 1)

    def to_dict(self) -> Mapping[str, Value]:
        """Return everything by name, for a person; one entry for each operation."""
        values: dict[str, Value] = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("operations", "digest")
        }
        return values | {f"offers_{name}": self.offers(name) for name in OPERATIONS}


def head_size(slots: int) -> int:
    """Return how many registers the list has."""
    return 1 + slots // 2


def to_slots(head: Sequence[int], slots: int) -> tuple[int, ...]:
    """Decode the list: the slots that it shows, in its order."""
    places = to_bytes(head[1:])[: head[0]]
    # 0xFE is a place that the owner hid, 0xFF an empty one.
    shown = (slot for slot in places if slot < slots)
    return tuple(dict.fromkeys(shown))


def preset_size(length: int) -> int:
    """Return how many registers of a preset to read, by the length that the charger states."""
    return ((length if length in LENGTHS else COMMON_LENGTH) + 1) // 2


def to_bytes(registers: Sequence[int]) -> bytes:
    """Put the bytes of a packed structure together: the low one of each register is first."""
    return b"".join(register.to_bytes(2, "little") for register in registers)


def to_preset(slot: int, registers: Sequence[int], layout: Layout | None) -> Preset | None:
    """Decode a preset, None if its slot is empty.

    Beyond the common part only what is there is decoded.
    """
    data = to_bytes(registers)
    flag = _number(data, 0, "H")
    if flag == EMPTY:
        return None
    code = data[61]
    known = CHEMISTRIES.get(layout, ()) if layout else ()
    chemistry = known[code] if code < len(known) else None
    charge, storage, discharge = (
        _voltage(data, at) for at in VOLTAGES.get(chemistry or "", (None, None, None))
    )
    cells_at = CELLS.get(chemistry or "", len(data))
    values = {name: _scaled(_number(data, at, how), scale) for at, how, name, scale in FIELDS}
    for name in ("capacity", "charge_time_limit", "discharge_time_limit"):
        values[name] = values[name] or None
    return Preset(
        slot=slot,
        name=_text(data[2:40]) or CHEMISTRY_NAMES.get(chemistry or "", ""),
        built_in=flag == BUILT_IN,
        chemistry=chemistry,
        chemistry_code=code,
        cells=data[cells_at] or None if cells_at < len(data) else None,
        operations=_number(data, 53, "H"),
        synchronous=data[55] == 1,
        balance=data[65] == 0 if chemistry in LITHIUM else None,
        charge_voltage=charge,
        storage_voltage=storage,
        discharge_voltage=discharge,
        cycle_mode=CYCLE_MODES[data[140]] if data[140] < len(CYCLE_MODES) else None,
        digest=sha256(data[:LOCK_AT] + data[LOCK_END:RUNS_AT] + data[RUNS_AT + 2 :]).hexdigest(),
        **values,
    )


def names_of(presets: Sequence[Preset]) -> dict[str, Preset]:
    """Name each preset so that no two have the same name, in the order of the charger."""
    count = Counter(preset.name for preset in presets)
    named: dict[str, Preset] = {}
    for preset in presets:
        name = preset.name
        if not name or count[name] > 1:
            name = f"{name} ({preset.slot})".strip()
        while name in named:
            name += f" ({preset.slot})"
        named[name] = preset
    return named


def name_of(preset: Preset | None, presets: Sequence[Preset]) -> str | None:
    """Return the name by which a preset can be chosen."""
    return next((name for name, each in names_of(presets).items() if each is preset), None)


def find_preset(preset: str | int, known: Sequence[Preset]) -> Preset | None:
    """Find a preset by its name or its slot."""
    if isinstance(preset, str):
        return names_of(known).get(preset)
    return next((each for each in known if each.slot == preset), None)


def _number(data: bytes, at: int, how: str) -> int:
    number: int = struct.unpack_from(f"<{how}", data, at)[0]
    return number


def _scaled(number: int, scale: float) -> Any:
    return number if scale == 1 else round(number * scale, 3)


def _voltage(data: bytes, at: int | None) -> float | None:
    if at is None or at + 2 > len(data):
        return None
    return _number(data, at, "H") / 1000


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("ascii", "replace").strip()
