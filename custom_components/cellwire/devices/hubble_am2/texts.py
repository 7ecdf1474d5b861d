"""The text registers of a pack: its version and two serial numbers.

Source: docs/devices/hubble_am2.md, "Texts, 150 to 179".
"""

from collections.abc import Sequence
from dataclasses import dataclass
import re

from ..bank import BANK
from ..model import BATTERY_STATUSES, Unit, UnitKind
from . import words
from .settings import SETTINGS

FIRST, COUNT = 150, 30
# Never traced: whose pack it is, is nobody else's business.
SERIALS = range(160, 180)
FIELD = 10
CELL_INPUTS = 16

_VERSION = re.compile(r"(P(\d{1,2})S\d+[A-Z]?)-")
_END = re.compile(rb"[\0\xff]")


@dataclass(frozen=True, slots=True)
class Texts:
    """What a pack says of itself. `serial` is that of the BMS, the only one that is unique."""

    version: str | None = None
    serial: str | None = None
    pack_serial: str | None = None

    @property
    def cells(self) -> int | None:
        """How many cells there are, which the version begins with."""
        match = _VERSION.match(self.version or "")
        count = int(match[2]) if match else 0
        return count if 1 <= count <= CELL_INPUTS else None

    @property
    def model(self) -> str:
        """The AM2 has 13 cells; other packs with such a BMS go by the name of their board."""
        match = _VERSION.match(self.version or "")
        return words.MODEL if match is None or int(match[2]) == words.AM2_CELLS else match[1]


def to_texts(registers: Sequence[int]) -> Texts:
    """Decode registers 150 to 179."""
    version, serial, pack_serial = (
        _text(registers[start : start + FIELD]) for start in range(0, COUNT, FIELD)
    )
    # A row of zeros was never filled in.
    return Texts(version, serial if serial and serial.strip("0") else None, pack_serial)


def _text(registers: Sequence[int]) -> str | None:
    """Two characters a register, up to the first 00 or FF; all 20 places may be in use."""
    data = _END.split(b"".join(register.to_bytes(2) for register in registers), maxsplit=1)[0]
    return "".join(filter(str.isprintable, data.decode("ascii", "ignore"))).strip() or None


def to_unit(key: str, texts: Texts, serial: str | None) -> Unit:
    """Describe the pack at an address; `serial` is the number it is known by."""
    return Unit(
        key=key,
        kind=UnitKind.BATTERY,
        manufacturer=words.MANUFACTURER,
        model=texts.model,
        label=key,
        via=BANK,
        serial=texts.serial or serial,
        firmware=texts.version,
        statuses=BATTERY_STATUSES,
        alarms=words.ALARMS,
        quantities=(*words.QUANTITIES, *(row.quantity for row in SETTINGS.values())),
    )
