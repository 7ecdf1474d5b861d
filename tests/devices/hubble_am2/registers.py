"""Registers of a pack, and what they read as."""

from custom_components.cellwire.devices.hubble_am2.reading import to_reading
from custom_components.cellwire.devices.model import Reading
from tests.bench.hubble_am2 import vector


def live(**changes: int) -> list[int]:
    """Return the registers of a pack that was read, with others (r12=5) in some places."""
    registers = list(vector("live_block_pack_1")["registers"])
    for name, value in changes.items():
        registers[int(name.removeprefix("r"))] = value & 0xFFFF
    return registers


def read(registers: list[int], cells: int | None = 13) -> Reading:
    return to_reading(registers, cells, {}, 1.0)
