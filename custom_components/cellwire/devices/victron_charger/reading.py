"""From what came over text and HEX to a reading and a unit.

Source: docs/devices/victron_charger.md, "Text fields"; docs/vedirect.md, "States" and
"Errors".
"""

from ..model import OUTPUTS, Kind, Quantity, Reading, Role, Unit, UnitKind, Value
from ..vedirect import codes
from ..vedirect.products import PRODUCTS, ProductClass, product_name
from ..vedirect.samples import Samples, measured, newer
from ..vedirect.text import IDENTITY, Text, TextField, number, switch, thousandths
from .registers import MODE, MODES, REGISTERS, RELAY

UNIT = "charger"
MANUFACTURER = "Victron Energy"

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
QUANTITIES = (*REGISTERS.quantities, RELAY, *_OUTPUTS.values(), MEMORY_WRITES, MEMORY_WRITES_LEFT)


def _mode(text: str) -> str | None:
    code = number(text)
    return None if code is None else MODES.get(code)


FIELDS: dict[str, TextField] = {
    **IDENTITY,
    "V": TextField("voltage", thousandths),
    "I": TextField("current", thousandths),
    "T": TextField("battery_temperature", number),
    "ERR": TextField("error", number),
    "CS": TextField("state", number),
    "MODE": TextField(MODE, _mode),
    "Relay": TextField(RELAY, switch),
    **{label: TextField(quantity, thousandths) for label, quantity in _OUTPUTS.items()},
}
_RAW_NAMES = ("capabilities", "capabilities_4", "state_bits", "network_error", "network_mode")


def to_unit(product: int | None, serial: str | None, text: Text, samples: Samples) -> Unit:
    """Describe the charger by what it has said of itself so far, perhaps nothing."""
    named = PRODUCTS.get(product or 0)
    unknown = None if product is None else product_name(product, ProductClass.AC_CHARGER)
    return Unit(
        key=UNIT,
        kind=UnitKind.CHARGER,
        manufacturer=MANUFACTURER,
        model=named.name if named else samples.word("model") or unknown,
        serial=serial,
        firmware=text.word("firmware") or samples.word("firmware"),
        statuses=tuple(codes.STATES.values()),
        errors=codes.ERROR_KEYS,
        lasting_errors=codes.LASTING_ERRORS,
        quantities=QUANTITIES,
    )


def _values(text: Text, samples: Samples, now: float) -> dict[str, Value]:
    values = samples.quantities(now)
    for name, late in text.quantities(now).items():
        values[name] = newer(samples.get(name, now), late).value
    return values


def state_and_error(text: Text, samples: Samples, now: float) -> tuple[int | None, int | None]:
    """Return the codes of what the charger does and of what is wrong."""
    state, error = (
        newer(samples.get(name, now), text.get(name, now)).code for name in ("state", "error")
    )
    return state, error


def voltage(text: Text, samples: Samples, now: float) -> float | None:
    """Return the voltage of the first output in V."""
    return measured(samples.get("voltage", now), text.get("voltage", now), VOLTAGE_STEP)


def to_reading(text: Text, samples: Samples, now: float) -> Reading:
    """Join what both sources said last, as far as it is fresh at `now` (monotonic seconds)."""
    volts = voltage(text, samples, now)
    fine = samples.get("current_fine", now)
    if fine.number is None:
        fine = samples.get("current", now)
    current = measured(fine, text.get("current", now), CURRENT_STEP)
    state, error = state_and_error(text, samples, now)
    battery = text.get("battery_temperature", now).number
    if battery is None:
        battery = samples.get("battery_temperature", now).number
    raw: dict[str, int | str] = dict(text.unknown(now))
    codes_now = {"state": state, "error": error}
    codes_now |= {name: samples.get(name, now).code for name in _RAW_NAMES}
    raw |= {name: code for name, code in codes_now.items() if code is not None}
    return Reading(
        at=now,
        status=None if state is None else codes.STATES.get(state),
        voltage=volts,
        current=current,
        temperatures={
            "battery": battery,
            "internal": samples.get("internal_temperature", now).number,
        },
        error=None if error is None else codes.ERRORS.get(error, codes.OTHER_ERROR),
        charged=samples.get("charged", now).number,
        values=_values(text, samples, now),
        raw=raw,
    )
