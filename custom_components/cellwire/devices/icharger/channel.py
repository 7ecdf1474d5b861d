"""The block of registers of one channel, and the reading that follows from it.

Source: docs/devices/icharger.md, "Channel".
"""

from collections.abc import Sequence

from ..model import NO_ERROR, RESTING_CURRENT, Reading, Status, Value, activity, total_voltage
from . import words
from .models import Model

SIZE = 58
# A place that the model does not have, in mV; a place without a cell reads 0.
NO_PLACE = 1024
# A place without a cell: an open balance lead reads the same. Whatever else a cell reads is shown,
# for it may be dead or overcharged, which somebody must see.
NO_CELL = 0
# In A: two outputs in parallel give 70 A at most (docs, "Ratings"); with room (our choice).
MOST_CURRENT = 100.0
# In Ah: the largest capacity that a preset can have is 999.9 Ah (docs, "Presets").
MOST_CHARGE = 1000.0
# In °C: what such sensors can measure (our choice). The charger cuts off at 80 °C at the latest.
COLDEST, HOTTEST = -40.0, 150.0
NO_SENSOR = (0, 0x7FFF)
# Without current, the output must fit the sum of the cells, or nothing is connected to it: as in
# johncclayton's "electric".
TOLERANCE = 0.03

_TIME, _CURRENT, _INPUT, _OUTPUT, _CHARGE, _INTERNAL, _EXTERNAL = 0, 4, 5, 6, 7, 9, 10
_CELLS, _BALANCE, _RESISTANCES = 11, 27, 35
_TOTAL, _LINE, _CYCLE, _CONTROL, _RUN, _ERROR, _DIALOG = 51, 52, 53, 54, 55, 56, 57


def address(channel: int) -> int:
    """Return where the block of a channel, counted from 1, begins."""
    return 0x100 * channel


def input_voltage(registers: Sequence[int]) -> float:
    """Return the voltage of the supply in V, which both channels report."""
    return registers[_INPUT] / 1000


def internal_temperature(registers: Sequence[int]) -> float | None:
    """Return the temperature inside the charger in °C."""
    return _temperature(registers[_INTERNAL])


def current(registers: Sequence[int]) -> float | None:
    """Return the current into the battery in A, None for more than any charger can do."""
    return _within(_signed(registers[_CURRENT]) / 100, MOST_CURRENT)


def connected_cells(registers: Sequence[int], model: Model) -> tuple[float | None, ...]:
    """Return the cells at the balance port in V, up to the last one; None stands for a hole."""
    voltages = registers[_CELLS : _CELLS + _places(registers, model)]
    cells = [value / 1000 if value not in (NO_CELL, NO_PLACE) else None for value in voltages]
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def to_status(run: int, current: float | None, *, failed: bool) -> Status:
    """Name what a channel does: by the numbers that are certain, else by the current in A.

    The number of a phase differs between sources; whether current flows does not.
    """
    if status := words.CERTAIN.get(run):
        return status
    if failed:
        return Status.FAULT
    flow = activity(current)
    if flow in (Status.CHARGING, Status.DISCHARGING):
        return flow
    return Status.BALANCING if run == words.BALANCING else Status.PREPARING


def error_code(register: int) -> str:
    """Write an error as the panel does: 0x1D00 is 2900."""
    category, detail = divmod(register, 256)
    return f"{category:02}{detail:02}"


def resistances(registers: Sequence[int]) -> tuple[int, ...]:
    """Return what the charger measured last: the cells, their sum and the line, in 0.1 mΩ."""
    return tuple(registers[_RESISTANCES : _LINE + 1])


def without_resistances(registers: Sequence[int]) -> tuple[int, ...]:
    """Return the block as if nothing was measured yet."""
    none = (0,) * (_LINE + 1 - _RESISTANCES)
    return (*registers[:_RESISTANCES], *none, *registers[_LINE + 1 :])


def odd_codes(registers: Sequence[int]) -> set[tuple[str, int]]:
    """Collect the codes that are not known, with what they stand for."""
    run, control, error = registers[_RUN], registers[_CONTROL], registers[_ERROR]
    known = {
        ("run status", run): run in (*words.AT_REST, *words.UNDER_WAY, words.BALANCING),
        ("control status", control): control < len(words.CONTROL),
        ("error", error): error == 0 or error >> 8 in words.CATEGORIES,
    }
    return {code for code, is_known in known.items() if not is_known}


def to_reading(
    registers: Sequence[int], model: Model, at: float, *, error_bit: bool, settled: bool
) -> Reading:
    """Decode the block of a channel, read at `at` (monotonic seconds).

    `error_bit` is that of its status word. Unless `settled`, cells are just being plugged in or
    out, and nothing is said of them.
    """
    cells = connected_cells(registers, model) if settled else ()
    flow = current(registers)
    run, code = registers[_RUN], registers[_ERROR]
    # A code may stand there during an operation that goes on: then it is a notice.
    flows = activity(flow) in (Status.CHARGING, Status.DISCHARGING)
    failed = run == words.FAILED or (code != 0 and error_bit and not flows)
    status = to_status(run, flow, failed=failed)
    strengths = _strengths(registers)[: len(cells)]
    return Reading(
        at=at,
        status=status,
        voltage=_battery_voltage(registers[_OUTPUT] / 1000, flow, cells, model, settled=settled),
        current=flow,
        cell_voltages=cells,
        cell_resistances=tuple(
            value / 10 if value else None
            for value in registers[_RESISTANCES : _RESISTANCES + len(cells)]
        ),
        cells_balancing=tuple(strength > 0 for strength in strengths),
        balancing=any(strengths) if cells else None,
        temperatures={"battery": _external(registers[_EXTERNAL])},
        error=_error(code) if failed else NO_ERROR,
        # The counter keeps its last value when the program is over.
        program_time=None if status is Status.IDLE else _long(registers, _TIME) / 1000,
        values=_values(registers, cells, strengths),
        raw={
            "run_status": run,
            "control_status": registers[_CONTROL],
            "run_error": code,
            "dialog": registers[_DIALOG],
            "output_voltage": registers[_OUTPUT],
        },
    )


def _values(
    registers: Sequence[int], cells: Sequence[float | None], strengths: Sequence[int]
) -> dict[str, Value]:
    charge = _long(registers, _CHARGE)
    control = registers[_CONTROL]
    values: dict[str, Value] = {
        words.PROGRAM_CHARGE.id: _within(
            (charge - (1 << 32) if charge >> 31 else charge) / 1000, MOST_CHARGE
        ),
        words.PROGRAM_CYCLE.id: registers[_CYCLE],
        words.CONTROL_STATUS.id: words.CONTROL[control] if control < len(words.CONTROL) else None,
        words.RUN_STATUS.id: registers[_RUN],
        words.ERROR_CODE.id: error_code(registers[_ERROR]),
        words.CELL_RESISTANCE_TOTAL.id: (registers[_TOTAL] / 10 or None) if cells else None,
        words.LINE_RESISTANCE.id: (registers[_LINE] / 10 or None) if cells else None,
    }
    return values | {
        quantity.id: strength
        for quantity, strength in zip(words.BALANCE_STRENGTH, strengths, strict=False)
    }


def _battery_voltage(
    voltage: float,
    current: float | None,
    cells: Sequence[float | None],
    model: Model,
    *,
    settled: bool,
) -> float | None:
    """Return the output voltage in V if it is that of a battery: it floats when there is none."""
    if abs(current or 0.0) >= RESTING_CURRENT:
        return voltage
    if not settled:
        return None
    if total := total_voltage(cells):
        return voltage if abs(voltage - total) <= TOLERANCE * total else None
    if model.floating is None or not 0 < voltage < model.floating:
        return None
    return voltage


def _error(code: int) -> str:
    return words.CATEGORIES.get(code >> 8, words.UNKNOWN_ERROR)


def _places(registers: Sequence[int], model: Model) -> int:
    """Return how many cells there are places for; of an unknown model up to the last real one."""
    if model.cells is not None:
        return model.cells
    voltages = registers[_CELLS : _CELLS + words.MOST_CELLS]
    return max((at for at, value in enumerate(voltages, 1) if value != NO_PLACE), default=0)


def _strengths(registers: Sequence[int]) -> list[int]:
    """Return how strongly each cell is balanced; the first one is in the low byte."""
    pairs = registers[_BALANCE:_RESISTANCES]
    return [strength for pair in pairs for strength in (pair & 0xFF, pair >> 8)]


def _external(register: int) -> float | None:
    return None if register in NO_SENSOR else _temperature(register)


def _temperature(register: int) -> float | None:
    degrees = _signed(register) / 10
    return degrees if COLDEST <= degrees <= HOTTEST else None


def _within(value: float, most: float) -> float | None:
    return value if abs(value) <= most else None


def _signed(register: int) -> int:
    return register - 0x10000 if register & 0x8000 else register


def _long(registers: Sequence[int], at: int) -> int:
    """Return a number of two registers, the low one first."""
    return registers[at] | registers[at + 1] << 16
