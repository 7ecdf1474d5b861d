"""What a device tells of itself when something is wrong, but for what is nobody else's business."""

from dataclasses import asdict
from datetime import UTC, datetime
import re
import time
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_PORT

from ..const import CONF_SERIALS
from ..devices.model import Reading
from ..devices.wires import Wires
from .coordinator import CellwireConfigEntry

TO_REDACT = {"serial", "pack_serial", "user_label", "password"}
# The serial number of a USB adapter, in the names below /dev/serial/by-id, and that of a charger.
_SERIAL = re.compile(r"(?<=_)[^_/]+(?=-if\d)|(?<=^hid://).+")


def tell_all(entry: CellwireConfigEntry) -> dict[str, Any]:
    """Tell of the entry, its units, their last readings, the link and its last bytes.

    The raw bytes hold no secrets and no serial numbers: those were taken out before the bytes
    were kept, and checksums made right again.
    """
    coordinator = entry.runtime_data
    port = coordinator.device.wires.link.name
    serials: dict[str, str | None] = entry.data[CONF_SERIALS]
    data = {
        "entry": {
            **entry.data,
            CONF_PORT: _SERIAL.sub(REDACTED, port),
            CONF_SERIALS: {unit: serial and REDACTED for unit, serial in serials.items()},
        },
        "options": dict(entry.options),
        "available": coordinator.last_update_success,
        "problem": getattr(coordinator.last_exception, "translation_key", None),
        "units": {key: asdict(unit) for key, unit in coordinator.device.units.items()},
        # As the device said it, and what is shown in other ways.
        "readings": {key: _reading(reading) for key, reading in coordinator.raw.items()},
        "shown": {
            key: _differences(coordinator.raw[key], shown)
            for key, shown in coordinator.data.items()
        },
        "previous": dict(coordinator.device.previous),
        "link": _link(coordinator.device.wires),
    }
    return async_redact_data(data, TO_REDACT)


def _reading(reading: Reading) -> dict[str, Any]:
    data = asdict(reading)
    # The packs of a bank are told of for themselves.
    data.pop("packs", None)
    data["age"] = round(time.monotonic() - data.pop("at"), 1)
    if reading.alarms is not None:
        data["alarms"] = sorted(reading.alarms)
    return data


def _differences(raw: Reading, shown: Reading) -> dict[str, Any]:
    """Return what was counted and steadied: all that is shown and was not read like this."""
    read, told = _reading(raw), _reading(shown)
    del told["age"]
    return {name: value for name, value in told.items() if value != read[name]}


def _link(wires: Wires) -> dict[str, Any]:
    return {
        "open": wires.link.is_open,
        **asdict(wires.health),
        "last_good": _moment(wires.health.last_good),
        "last_bytes": [
            {
                "at": _moment(traced.at),
                "direction": traced.direction,
                "hex": traced.data.hex().upper(),
            }
            for traced in wires.trace.entries
        ],
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
