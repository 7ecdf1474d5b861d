"""From the newest frame of each kind to a reading and a unit.

Source: docs/devices/chargery.md, "Cells and places", "Signs and modes" and "How often".
"""

from ..model import (
    BATTERY_STATUSES,
    CURRENT_MAGNITUDE,
    Reading,
    Unit,
    UnitKind,
    Value,
    total_voltage,
)
from . import words
from .content import Cells, Pack, Resistances, layout, to_cells, to_pack, to_resistances
from .frame import Command, Frame

# Below this a place without a known cell is not connected: such places read noise, not zero.
NO_CELL = 1.0
# What is older was not repeated when it should have been. Resistances come when the current turns,
# which may be once a day. In seconds.
AGES = {Command.PACK: 10.0, Command.CELLS: 12.0, Command.RESISTANCES: float("inf")}

_STEADY = (Command.PACK, Command.CELLS)
_SIGNS = {words.CHARGE: 1, words.DISCHARGE: -1}


class Latest:
    """The newest frame of each kind, and when it came (monotonic seconds).

    A BMS repeats most of its frames, so each is decoded only when it says something else.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._frames: dict[Command, bytes] = {}
        self._at: dict[Command, float] = {}
        self._pack: Pack | None = None
        self._cells: Cells | None = None
        self._resistances: Resistances | None = None

    def add(self, frame: Frame, at: float) -> bool:
        """Take in a frame; tell if it says something else than the one before."""
        command, raw = frame.command, frame.raw
        self._at[command] = at
        if self._frames.get(command) == raw:
            return False
        before, self._frames[command] = self._frames.get(command), raw
        if command is Command.PACK:
            self._pack = to_pack(raw)
            if before is None or len(before) != len(raw):
                self._lay_out()
        elif command is Command.CELLS:
            self._lay_out()
        else:
            self._resistances = to_resistances(raw)
        return True

    def renewed(self, now: float, limit: float) -> Latest:
        """Begin anew, with the resistances if something was heard within `limit` seconds."""
        latest = Latest()
        known = self._frames.get(Command.RESISTANCES)
        if known and now - self.at <= limit:
            latest.add(Frame(Command.RESISTANCES, known), self._at[Command.RESISTANCES])
        return latest

    @property
    def at(self) -> float:
        """When the last frame came that comes all the time."""
        return max((self._at[kind] for kind in _STEADY if kind in self._at), default=float("-inf"))

    def length(self, command: Command) -> int | None:
        """Return the length of the newest frame of a kind, however old: a layout does not age."""
        raw = self._frames.get(command)
        return None if raw is None else len(raw)

    def pack(self, now: float) -> Pack | None:
        """Return the pack values if they are fresh."""
        return self._pack if self._is_fresh(Command.PACK, now) else None

    def cells(self, now: float) -> Cells | None:
        """Return the cells if they are fresh and their layout is clear."""
        return self._cells if self._is_fresh(Command.CELLS, now) else None

    def resistances(self, now: float) -> Resistances | None:
        """Return the resistances that were measured last."""
        return self._resistances if self._is_fresh(Command.RESISTANCES, now) else None

    @property
    def places(self) -> int | None:
        """Return how many cells the model has places for; that does not age either."""
        return len(self._cells.voltages) if self._cells else None

    @property
    def layout(self) -> str | None:
        """Name the protocol versions that fit."""
        return layout(self.length(Command.PACK), self.length(Command.CELLS))

    def _lay_out(self) -> None:
        """Decode the cells, whose layout hangs on the length of the other frame."""
        if raw := self._frames.get(Command.CELLS):
            self._cells = to_cells(raw, self.length(Command.PACK))

    def _is_fresh(self, command: Command, now: float) -> bool:
        return now - self._at.get(command, float("-inf")) <= AGES[command]


def to_unit(latest: Latest) -> Unit:
    """Describe the BMS. It says neither model nor serial number nor firmware.

    The model follows from the number of places; in place of the firmware stands the protocol.
    """
    protocol = latest.layout
    return Unit(
        key=words.UNIT,
        kind=UnitKind.BATTERY,
        manufacturer=words.MANUFACTURER,
        model=words.MODELS.get(latest.places or 0),
        firmware=protocol and f"protocol {protocol}",
        statuses=BATTERY_STATUSES,
        alarms=words.ALARMS,
        quantities=words.QUANTITIES,
    )


def to_reading(latest: Latest, now: float) -> Reading:
    """Join what the frames said, as far as it is fresh at `now` (monotonic seconds)."""
    pack, cells, resistances = latest.pack(now), latest.cells(now), latest.resistances(now)
    count = _count(cells, resistances)
    voltages = _connected(cells, count)
    # A sum without one of the cells would look like another pack.
    whole = cells is not None and not cells.refused
    return Reading(
        at=latest.at,
        status=words.MODES.get(pack.mode) if pack else None,
        voltage=total_voltage(voltages) if whole else None,
        current=_signed(pack.current, pack.mode) if pack else None,
        soc=_soc(pack, cells),
        remaining_capacity=cells.charge if cells else None,
        cell_voltages=voltages,
        cell_resistances=resistances.cells if resistances else (),
        temperatures=dict(zip(("1", "2"), pack.temperatures, strict=True)) if pack else {},
        alarms=_alarms(pack),
        values=_values(pack, cells, resistances),
        raw=_raw(latest, pack, cells),
    )


def _count(cells: Cells | None, resistances: Resistances | None) -> int | None:
    """Return the number of cells that there are, if it was told."""
    if cells is None or resistances is None or len(resistances.cells) > len(cells.voltages):
        return None
    return len(resistances.cells)


def _connected(cells: Cells | None, count: int | None) -> tuple[float | None, ...]:
    if cells is None:
        return ()
    if count is not None:
        # A dying cell stays a cell, however low.
        return cells.voltages[:count]
    return tuple(each if each is None or each >= NO_CELL else None for each in cells.voltages)


def _signed(magnitude: float, mode: int) -> float | None:
    """Return the current, positive into the battery; None where its direction is not sent."""
    if not magnitude:
        return 0.0
    return magnitude * _SIGNS[mode] if mode in _SIGNS else None


def _soc(pack: Pack | None, cells: Cells | None) -> int | None:
    if pack and pack.soc is not None:
        return pack.soc
    return cells.soc if cells else None


def _alarms(pack: Pack | None) -> frozenset[str] | None:
    """Return what stopped charging or discharging; None if the version does not tell."""
    if pack is None:
        return None
    flags = dict(zip(words.ALARMS, (pack.charge_stopped, pack.discharge_stopped), strict=True))
    active = frozenset(alarm.key for alarm, flag in flags.items() if flag)
    return active if active or None not in flags.values() else None


def _values(
    pack: Pack | None, cells: Cells | None, resistances: Resistances | None
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if pack:
        values[CURRENT_MAGNITUDE.id] = pack.current
        values[words.CHARGE_END.id] = pack.charge_end
        values[words.DISCHARGE_END.id] = pack.discharge_end
    if cells:
        values[words.REMAINING_ENERGY.id] = cells.energy
    if resistances:
        current = _signed(resistances.current, resistances.mode)
        values[words.RESISTANCE_CURRENT.id] = current
        values[words.CELL_COUNT.id] = len(resistances.cells)
    return values


def _raw(latest: Latest, pack: Pack | None, cells: Cells | None) -> dict[str, int | str]:
    """Collect codes and what was refused."""
    raw: dict[str, int | str] = {"layout": latest.layout or "unknown"}
    refused: list[str] = []
    if pack:
        raw["mode"] = pack.mode
        raw |= {
            f"temperature_{number}": f"{code:04X}"
            for number, code in enumerate(pack.temperature_codes, 1)
        }
        refused += pack.refused
    if cells:
        raw["places"] = len(cells.voltages)
        refused += cells.refused
    if refused:
        raw["refused"] = " ".join(refused)
    return raw
