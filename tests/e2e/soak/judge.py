"""The rules that are judged when all is over: the log, and every state that was ever recorded."""

from collections import Counter, defaultdict
from collections.abc import Iterable
import json
from pathlib import Path
import re
import sqlite3

from tests.e2e.soak.watch import GONE

_RECORD = re.compile(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_DOWN = re.compile(r"\[custom_components\.cellwire\S*\] Error fetching (.+) data: ")
_UP = re.compile(r"\[custom_components\.cellwire\S*\] Fetching (.+) data recovered")
_KNOWN = (
    "which has not been tested by Home Assistant",
    # A unit of a bus, and what is read late.
    "does not answer",
    "answers again",
    # The library of Home Assistant's own Modbus, for each piece of noise.
    "[tmodbus.transport",
    "Module tmodbus.transport.async_rtu is logging too frequently",
    # While the disk is full, Home Assistant's own storage too.
    "No space left on device",
    "can be written again",
)
# What bench devices can measure: volts of a cell and of a pack or charger, by family.
BOUNDS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "jk_bms": ((3.2, 3.5), (53.0, 53.3)),
    "victron_charger": ((0, 0), (24.0, 29.0)),
    "chargery": ((2.5, 4.3), (40.0, 70.0)),
    "hubble_am2": ((3.79, 4.18), (49.0, 54.5)),
    "icharger": ((2.9, 4.25), (8.0, 26.0)),
}
# Their simulators stand still: every number is one that was there at first.
STILL = ("jk_bms", "chargery")
_CELL = re.compile(r"_cell_\d+_voltage$|_(?:lowest|highest|average)_cell_voltage$")
# What is counted here, or foretold from it.
_COUNTED = re.compile(r"_(?:energy|charge)_(?:in|out)$|_time_to_(?:full|empty)$|_cycles$")
_PACK = re.compile(r"(?<!cell)(?<!input)(?<!charger)(?<!sense)_voltage$")


def records(log: str) -> list[str]:
    """Split a log into its records, tracebacks included."""
    return _RECORD.split(log)


def log_lines(log: str, quiet_from: Iterable[int]) -> tuple[Counter[str], Counter[str], list[str]]:
    """Count devices going down and coming up by name, and list what should not be in a log.

    What others log while Home Assistant starts is not looked at: `quiet_from` are the numbers of
    characters at which each start was over.
    """
    down: Counter[str] = Counter()
    up: Counter[str] = Counter()
    wrong = []
    starts = [match.start() for match in re.finditer("Skipping pip installation", log)]
    busy = list(zip(starts, quiet_from, strict=False))
    at = 0
    for record in records(log):
        place, at = at, at + len(record)
        if match := _DOWN.search(record):
            down[match[1]] += 1
            if "Traceback" not in record:
                continue
        elif match := _UP.search(record):
            up[match[1]] += 1
            continue
        if any(known in record for known in _KNOWN):
            continue
        starting = any(start - 100 <= place < end for start, end in busy)
        level = re.search(r" (WARNING|ERROR|CRITICAL) ", record)
        if "cellwire" in record or (level and not starting):
            wrong.append(record.strip())
    return down, up, wrong


def recorded(database: Path) -> dict[str, list[tuple[str, dict[str, object]]]]:
    """Return all states by entity, the oldest first, with their attributes."""
    history = defaultdict(list)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "select meta.entity_id, state, shared_attrs from states"
            " join states_meta as meta using (metadata_id)"
            " left join state_attributes using (attributes_id) order by state_id"
        )
        for entity, state, attributes in rows:
            # The recorder writes nothing where an entity vanished.
            history[entity].append((state or GONE[0], json.loads(attributes or "{}")))
    return dict(history)


def wrong_states(
    history: dict[str, list[tuple[str, dict[str, object]]]],
    families: dict[str, str],
    at_first: dict[str, str],
) -> list[str]:
    """List counters that fell and values that no simulator sent; `families` are by entity."""
    wrong = []
    for entity, family in families.items():
        last = float("-inf")
        for state, attributes in history.get(entity, ()):
            if state in GONE or not entity.startswith("sensor."):
                continue
            # What counts for a day begins anew by itself.
            if attributes.get("state_class") == "total_increasing" and "_today" not in entity:
                if float(state) < last:
                    wrong.append(f"{entity} fell from {last} to {state}")
                last = float(state)
            if not _was_sent(entity, family, state, at_first):
                wrong.append(f"{entity} was {state}, which nobody sent")
    return wrong


def _was_sent(entity: str, family: str, state: str, at_first: dict[str, str]) -> bool:
    if _COUNTED.search(entity):
        return float(state) >= 0
    if family in STILL:
        return state == at_first.get(entity, state)
    cell, pack = BOUNDS[family]
    if _CELL.search(entity):
        return cell[0] <= float(state) <= cell[1]
    if _PACK.search(entity):
        return pack[0] <= float(state) <= pack[1]
    return True


def too_much(
    history: dict[str, list[tuple[str, dict[str, object]]]],
    families: dict[str, str],
    at_first: dict[str, str],
    hours: float,
) -> list[str]:
    """List counters of energy in kWh that grew more than can have flowed in so many hours."""
    wrong = []
    for entity, family in families.items():
        if family not in STILL or not entity.endswith(("_energy_in", "_energy_out")):
            continue
        power = float(
            at_first[entity.replace("_energy_in", "_power").replace("_energy_out", "_power")]
        )
        flowed = max(0.0, power if entity.endswith("in") else -power) * hours / 1000
        counted = [float(state) for state, _ in history.get(entity, ()) if state not in GONE]
        if counted and counted[-1] - counted[0] > flowed:
            wrong.append(
                f"{entity} counted {counted[-1] - counted[0]}, of {flowed:.4f} that flowed"
            )
    return wrong
