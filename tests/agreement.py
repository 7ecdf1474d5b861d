"""Whether all that is shown at one moment fits together, seen by the states of entities alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
import re

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.cellwire.const import DOMAIN

# By how much numbers that agree may differ: what their last digits were rounded by.
VOLTS, CELL_VOLTS, AMPERES, WATTS = 0.005, 0.0005, 0.0005, 0.005
KILOWATT_HOURS, PERCENT = 0.00005, 0.05
EPSILON = 1e-9
# Below this nothing flows, in A.
RESTING = 0.05
CELL = re.compile(r"cell_voltage_(\d+)")
FLOWS = ("idle", "charging", "discharging")
TOTALS = {
    "current": AMPERES,
    "power": WATTS,
    "remaining_capacity": AMPERES,
    "full_capacity": AMPERES,
    "energy_in": KILOWATT_HOURS,
    "energy_out": KILOWATT_HOURS,
    "charge_in": AMPERES,
    "charge_out": AMPERES,
}

type Value = float | str
# What should hold, and whether it does.
type Fact = tuple[str, bool]


@dataclass(frozen=True)
class Page:
    """What is shown of one unit: values by the keys of the entities, without unknown ones.

    `wires` is by how much its own voltage may truly differ from the sum of its cells, in V.
    """

    name: str
    values: Mapping[str, Value]
    parts: tuple[Page, ...] = ()
    wires: float = 0.0
    numbers: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the numbers out."""
        numbers = {key: each for key, each in self.values.items() if not isinstance(each, str)}
        object.__setattr__(self, "numbers", numbers)

    @property
    def cells(self) -> dict[tuple[str, int], float]:
        """The voltages of all cells, by the name of the unit and their number."""
        cells = {
            (self.name, int(match[1])): volts
            for key, volts in self.numbers.items()
            if (match := CELL.fullmatch(key))
        }
        return cells or {key: volts for part in self.parts for key, volts in part.cells.items()}


def near(one: float, other: float, digits: float) -> bool:
    """Tell whether two numbers are the same but for their last digits."""
    return abs(one - other) <= digits + EPSILON


def _extremes(page: Page) -> Iterator[Fact]:
    cells, shown = page.cells, page.numbers
    if not cells or "cell_voltage_max" not in shown:
        return
    for name, extreme in (("min", min(cells.values())), ("max", max(cells.values()))):
        yield f"{name} of cells", near(shown[f"cell_voltage_{name}"], extreme, 0.0)
        number = int(shown[f"cell_{name}_number"])
        pack = page.values.get(f"cell_{name}_pack")
        unit = page.name if pack is None else f" {_text(pack)}"
        named = [
            volts
            for (owner, cell), volts in cells.items()
            if cell == number and owner.endswith(unit)
        ]
        yield f"number of {name} cell", named == [extreme]
    lowest, highest = shown["cell_voltage_min"], shown["cell_voltage_max"]
    yield "cell difference", near(shown["cell_voltage_delta"], highest - lowest, 0.0)
    mean = sum(cells.values()) / len(cells)
    yield "mean of cells", near(shown["cell_voltage_average"], mean, CELL_VOLTS)


def _voltage(page: Page) -> Iterator[Fact]:
    cells, voltage = page.cells, page.numbers.get("voltage")
    if cells and voltage is not None and not page.parts:
        digits = VOLTS + len(cells) * CELL_VOLTS + page.wires
        yield "voltage and sum of cells", near(voltage, sum(cells.values()), digits)


def _power(page: Page) -> Iterator[Fact]:
    shown = page.numbers
    if "power" not in shown or page.parts:
        return
    power = shown["voltage"] * shown["current"]
    for number in (2, 3):
        power += shown.get(f"output_voltage_{number}", 0.0) * shown.get(
            f"output_current_{number}", 0.0
        )
    yield "power and voltage times current", near(shown["power"], power, WATTS)


def _flow(page: Page) -> Iterator[Fact]:
    current, status = page.numbers.get("current"), page.values.get("status")
    if current is None:
        return
    flow = FLOWS[0 if abs(current) < RESTING else 1 if current > 0 else 2]
    if status in FLOWS:
        yield "status and current", status == flow
    if (charging := page.values.get("charging")) is not None:
        yield "charging and current", (charging == STATE_ON) is (flow == "charging")
    for time, wanted in (("time_to_full", "charging"), ("time_to_empty", "discharging")):
        if time in page.numbers:
            yield f"{time} and current", flow == wanted
    if (magnitude := page.numbers.get("current_magnitude")) is not None:
        yield "magnitude and current", near(magnitude, abs(current), 0.0)


def _bank(page: Page) -> Iterator[Fact]:
    shown = page.numbers
    for name, digits in TOTALS.items():
        parts = [part.numbers[name] for part in page.parts if name in part.numbers]
        if name in shown and len(parts) == len(page.parts) > 0:
            yield f"{name} of bank", near(shown[name], sum(parts), digits * (1 + len(parts)))
    voltages = [part.numbers["voltage"] for part in page.parts if "voltage" in part.numbers]
    if page.parts and "voltage" in shown and len(voltages) == len(page.parts):
        yield "voltage of bank", near(shown["voltage"], sum(voltages) / len(voltages), 2 * VOLTS)
    if page.parts and {"soc", "remaining_capacity", "full_capacity"} <= shown.keys():
        share = min(100.0, 100 * shown["remaining_capacity"] / shown["full_capacity"])
        yield "state of charge of bank", near(shown["soc"], share, PERCENT)


CHECKS: tuple[Callable[[Page], Iterator[Fact]], ...] = (_extremes, _voltage, _power, _flow, _bank)


def facts(page: Page) -> Iterator[Fact]:
    """Tell of all that should hold on a page whether it does."""
    for check in CHECKS:
        yield from check(page)


def pages(hass: HomeAssistant, wires: Mapping[str, float]) -> list[Page]:
    """Read what Home Assistant shows of all units; `wires` is by the name of the unit."""
    devices = {
        device.id: device
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    }
    values = {each: _values(hass, device) for each, device in devices.items()}
    names = {each: device.name or "" for each, device in devices.items()}

    def page(each: str, *parts: str) -> Page:
        name = names[each]
        return Page(name, values[each], tuple(page(part) for part in parts), wires.get(name, 0.0))

    return [
        page(each, *(part for part, device in devices.items() if device.via_device_id == each))
        for each in devices
    ]


def _values(hass: HomeAssistant, device: dr.DeviceEntry) -> dict[str, Value]:
    ((_, identity),) = device.identifiers
    values: dict[str, Value] = {}
    for entity in er.async_entries_for_device(er.async_get(hass), device.id):
        state = hass.states.get(entity.entity_id)
        if state is None or state.state in (STATE_UNKNOWN, STATE_UNAVAILABLE):
            continue
        if entity.unique_id.startswith(f"{identity}_") and entity.domain != "event":
            values[entity.unique_id.removeprefix(f"{identity}_")] = _value(state.state)
    return values


def _text(value: Value) -> str:
    """Return a name that may have looked like a number."""
    return value if isinstance(value, str) else f"{value:g}"


def _value(state: str) -> Value:
    if state in (STATE_ON, STATE_OFF):
        return state
    try:
        return float(state)
    except ValueError:
        return state
