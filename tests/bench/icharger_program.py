"""What a simulated charger makes of a preset: phases, currents, and the checks before them."""

from dataclasses import dataclass
from itertools import chain, repeat
import struct

from .icharger_memory import UNUSED, to_bytes
from .icharger_pack import Pack

CHARGE, DISCHARGE, BALANCE = 7, 13, 17
# The operations by their number: of lithium, and of all others.
LITHIUM = ("charge", "storage", "discharge", "cycle", "balance")
OTHERS = ("charge", "discharge", "cycle")
# Where the voltages of lithium are: charge, storage, discharge. Codes are the same everywhere.
VOLTAGES = {0: (80, 86, 92), 1: (82, 88, 94), 2: (84, 90, 96)}
NICKEL_VOLTAGES = (1500, 1300, 1000)
NO_OUTPUT, INTERNAL = 0x1403, 0x1000
NO_BALANCE_LEAD, BALANCE_LEAD, WRONG_COUNT = 0x1E00, 0x1D00, 0x1A00


@dataclass(frozen=True)
class Program:
    """Phases with their end voltages in V per cell; currents in A, and at which part they end."""

    phases: tuple[tuple[int, float], ...]
    currents: dict[int, float]
    ends: dict[int, float]
    error: int


def operation_number(word: str, preset: list[int]) -> int:
    """Return the number of an operation, which depends on the chemistry."""
    is_lithium = to_bytes(preset)[61] in VOLTAGES
    return (LITHIUM if is_lithium else OTHERS).index(word)


def to_program(operation: int, preset: list[int], pack: Pack | None) -> Program:
    """Work out what a preset does with a pack, or in which error it would end."""
    data = to_bytes(preset)
    is_lithium = data[61] in VOLTAGES
    up, keep, down = NICKEL_VOLTAGES
    if is_lithium:
        up, keep, down = (struct.unpack_from("<H", data, at)[0] for at in VOLTAGES[data[61]])
    charge, discharge, charge_end, discharge_end = struct.unpack_from("<4H", data, 98)
    voltages = pack.voltages() if pack else [0.0]
    is_low = sum(voltages) / len(voltages) < keep / 1000
    cycle = ((CHARGE, up), (DISCHARGE, down))
    phases = {
        "charge": [(CHARGE, up)],
        "storage": [(CHARGE if is_low else DISCHARGE, keep)],
        "discharge": [(DISCHARGE, down)],
        "cycle": list(chain.from_iterable(repeat(cycle, data[136]))),
        "balance": [(BALANCE, 0)],
    }[(LITHIUM if is_lithium else OTHERS)[operation]]
    return Program(
        phases=tuple((phase, voltage / 1000) for phase, voltage in phases),
        currents={CHARGE: charge / 100, DISCHARGE: discharge / 100},
        ends={CHARGE: charge_end / 100, DISCHARGE: discharge_end / 100},
        error=_check(data, pack, is_lithium=is_lithium),
    )


def _check(data: bytes, pack: Pack | None, *, is_lithium: bool) -> int:
    if int.from_bytes(data[:2], "little") == UNUSED:
        return INTERNAL
    if pack is None or not pack.main:
        return NO_OUTPUT
    if is_lithium and not pack.balance:
        return NO_BALANCE_LEAD
    if not is_lithium and pack.balance:
        return BALANCE_LEAD
    return WRONG_COUNT if data[62 if is_lithium else 63] not in (0, len(pack.cells)) else 0
