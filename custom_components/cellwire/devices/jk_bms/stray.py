"""Bytes that nobody sent: a line that floats while nobody speaks makes some.

Source: docs/devices/jk_bms.md, "Stray bytes".
"""

# So many other bytes between them are still noise. Opening a port may make a few as well.
STRAY = 8


def _is_one_pulse(byte: int) -> bool:
    """Tell whether a line that is low for once within a byte makes this one."""
    low = ~byte & 0xFF
    return not low & (low + (low & -low))


# FF, FE, FC .. 00 and 7F, DF and the like: a receiver makes them of a single pulse. Nothing that is
# said consists of them.
PULSES = bytes(byte for byte in range(256) if _is_one_pulse(byte))


def is_stray(data: bytes) -> bool:
    """Tell whether these bytes are noise of an idle line and no speech."""
    return len(data.translate(None, PULSES)) <= STRAY
