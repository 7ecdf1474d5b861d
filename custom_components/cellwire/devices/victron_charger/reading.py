"""From what came over text and HEX to a reading and a unit.

Source: docs/devices/victron_charger.md, "Text fields", "States" and "Errors".
"""

from ..model import OUTPUTS, Kind, Quantity, Reading, Role, Unit, UnitKind, Value
from . import codes
from .products import PRODUCTS, product_name
from .registers import MODE, MODES, QUANTITIES, RELAY
from .samples import NO_TEXT, TEXT_LAG, Sample, Samples, Text, code, measured

UNIT = "charger"
MANUFACTURER = "Victron Energy"

# Text comes every second or two; what is older is of a charger that fell silent.
TEXT_AGE = 10.0
# The steps of the text. Within them it says the same as a finer register.
CURRENT_STEP = 0.1
VOLTAGE_STEP = 0.02


# By label. The first output is the voltage and current of the reading itself.
_OUTPUTS = {
    f"{letter}{number}": quantity
    for number, quantities in OUTPUTS.items()
    for letter, quantity in zip("VI", quantities, strict=True)
}
MEMORY_WRITES = Quantity(key="memory_writes", kind=Kind.COUNT, role=Role.COUNTER, common=True)
MEMORY_WRITES_LEFT = Quantity(key="memory_writes_left", kind=Kind.COUNT, role=Role.MEASUREMENT)
_ALL_QUANTITIES = (*QUANTITIES, RELAY, *_OUTPUTS.values(), MEMORY_WRITES, MEMORY_WRITES_LEFT)

_KNOWN_LABELS = frozenset(
    ("PID", "FW", "FWE", "SER#", "V", "I", "T", "ERR", "CS", "MODE", "Relay", *_OUTPUTS)
)
_RAW_NAMES = ("capabilities", "capabilities_4", "state_bits", "network_error", "network_mode")


def to_unit(product: int | None, serial: str | None, text: Text, samples: Samples) -> Unit:
    """Describe the charger by what it has said of itself so far, perhaps nothing."""
    named = None if product is None else PRODUCTS.get(product)
    unknown = None if product is None else product_name(product)
    return Unit(
        key=UNIT,
        kind=UnitKind.CHARGER,
        manufacturer=MANUFACTURER,
        model=named or samples.text("model") or unknown,
        serial=serial,
        firmware=text.version or samples.text("firmware"),
        statuses=tuple(codes.STATES.values()),
        errors=codes.ERROR_KEYS,
        lasting_errors=codes.LASTING_ERRORS,
        quantities=_ALL_QUANTITIES,
    )


def _values(text: Text, samples: Samples, now: float) -> dict[str, Value]:
    values = {quantity.id: samples.get(quantity.id, now).value for quantity in QUANTITIES}
    values |= {quantity.id: text.thousandths(label) for label, quantity in _OUTPUTS.items()}
    values[RELAY.id] = text.switch("Relay")
    mode = samples.get(MODE.id, now)
    if (late := text.number("MODE")) is not None and text.at - mode.at >= TEXT_LAG:
        values[MODE.id] = MODES.get(late)
    return values


def _raw(text: Text, samples: Samples, now: float, **codes_now: int | None) -> dict[str, int | str]:
    """Collect codes, and the text fields that nobody knows."""
    raw: dict[str, int | str] = {
        label: value for label, value in text.fields.items() if label not in _KNOWN_LABELS
    }
    raw |= {name: value for name, value in codes_now.items() if value is not None}
    for name in _RAW_NAMES:
        if isinstance(value := samples.get(name, now).value, int):
            raw[name] = value
    return raw


def to_reading(text: Text, samples: Samples, now: float) -> Reading:
    """Join what both sources said last, as far as it is fresh at `now` (monotonic seconds)."""
    if now - text.at > TEXT_AGE:
        text = NO_TEXT

    def get(name: str) -> Sample:
        return samples.get(name, now)

    def newest(*names: str) -> Sample:
        return max(map(get, names), key=lambda sample: sample.at)

    voltage = measured(
        newest("charger_voltage", "output_voltage"), text.thousandths("V"), text.at, VOLTAGE_STEP
    )
    finest = get("current") if get("current_fine").number is None else get("current_fine")
    current = measured(finest, text.thousandths("I"), text.at, CURRENT_STEP)
    state = code(get("state"), text.number("CS"), text.at)
    error = code(get("error"), text.number("ERR"), text.at)
    battery = text.number("T")
    return Reading(
        at=now,
        status=None if state is None else codes.STATES.get(state),
        voltage=voltage,
        current=current,
        temperatures={
            "battery": get("battery_temperature").number if battery is None else battery,
            "internal": get("internal_temperature").number,
        },
        error=None if error is None else codes.ERRORS.get(error, codes.OTHER_ERROR),
        charged=get("charged").number,
        values=_values(text, samples, now),
        raw=_raw(text, samples, now, state=state, error=error),
    )
