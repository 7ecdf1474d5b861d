"""What may be written to a charger at all.

Source: docs/devices/victron_charger.md, "Writing".
"""

from ..vedirect.register import U8, U16
from ..vedirect.writing import (
    EXTERNAL_CONTROL,
    NETWORK_MODE,
    VOLATILE_LIMIT,
    Writable,
    WritableTable,
)
from .registers import CURRENT_LIMIT, DEVICE_MODE, MODES

TENTHS = 10
NO_LIMIT = 0xFFFF
ON, OFF = 1, 4


def _amperes(raw: int) -> str:
    return "no limit" if raw == NO_LIMIT else f"{raw / TENTHS:.1f} A"


def _mode(raw: int) -> str:
    return MODES.get(raw, f"mode {raw}")


WRITABLE: WritableTable = {
    CURRENT_LIMIT: Writable(
        code=U16, allowed=range(NO_LIMIT), show=_amperes, stored=True, clamps=True
    ),
    VOLATILE_LIMIT: Writable(code=U16, allowed=range(NO_LIMIT), show=_amperes, clamps=True),
    NETWORK_MODE: Writable(code=U8, allowed=(EXTERNAL_CONTROL,), show=hex),
    # Whether this one is stored is not known, so it counts as if it were.
    DEVICE_MODE: Writable(code=U8, allowed=(ON, OFF), show=_mode, stored=True),
}
