"""The block of registers that says what charger this is.

Source: docs/devices/icharger.md, "Information".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .models import Layout

ADDRESS = 0x0000
# The number, the serial number, two versions, two lengths, and a status word for each channel.
FIRST_WORD = 11
SERIAL_REGISTERS = range(1, 7)
# A charger with early firmware calls itself so.
NO_SERIAL = ("", "NULL")
# Lengths in bytes that blocks of settings and presets could have; known are 118 to 180, 167 to 192.
SYSTEM_LENGTHS = range(60, 401)
MEMORY_LENGTHS = range(120, 401)

ERROR_BIT = 0x02


@dataclass(frozen=True, slots=True)
class Info:
    """What a charger says of itself. Lengths are in bytes."""

    device_id: int
    serial: str | None
    software: int
    hardware: int
    system_length: int
    memory_length: int
    is_plausible: bool


def size(channels: int) -> int:
    """Return how many registers the block has."""
    return FIRST_WORD + channels


def has_error(registers: Sequence[int], channel: int) -> bool:
    """Tell whether a channel, counted from 1, reports an error in its status word."""
    return bool(registers[FIRST_WORD + channel - 1] & ERROR_BIT)


def to_info(registers: Sequence[int]) -> Info:
    """Decode the block of a charger with one channel (12 registers) or two (13)."""
    raw = b"".join(registers[at].to_bytes(2, "little") for at in SERIAL_REGISTERS)
    serial = raw.partition(b"\0")[0].decode("ascii", "replace").strip()
    device_id, system_length, memory_length = registers[0], registers[9], registers[10]
    return Info(
        device_id=device_id,
        serial=None if serial in NO_SERIAL else serial,
        software=registers[7],
        hardware=registers[8],
        system_length=system_length,
        memory_length=memory_length,
        is_plausible=device_id != 0
        and serial.isascii()
        and (serial.isalnum() or not serial)
        and system_length in SYSTEM_LENGTHS
        and memory_length in MEMORY_LENGTHS,
    )


def version(number: int, layout: Layout | None) -> str:
    """Write a version as the charger does: 2107 is 2.17 on an old DUO, 2008 is 2.0.8 elsewhere."""
    major, rest = divmod(number, 1000)
    middle, patch = divmod(rest, 100)
    if layout is Layout.OLD_DUO and patch < 10:
        return f"{major}.{middle}{patch}"
    return f"{major}.{middle}.{patch}"
