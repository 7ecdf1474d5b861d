"""Which cells a board has, and what a cell of 0 mV means.

Source: docs/devices/jk_bms.md, "Cells of 0 mV".
"""

from collections.abc import Sequence

# Pack voltage and sum of the cells agree within 15 mV in all recordings; owners of other drivers
# needed this much, since boards measure the one after the other.
SUM_TOLERANCE = (0.01, 0.05)


def tolerance(pack: float) -> float:
    """Return by how much the sum of the cells may differ from a pack voltage, both in V."""
    relative, absolute = SUM_TOLERANCE
    return relative * pack + absolute


def to_cells(
    millivolts: Sequence[int], connected: int, pack: float | None
) -> tuple[float | None, ...]:
    """Turn readings in mV into cells in V; `connected` has a bit for each cell that there is.

    A connected cell of 0 mV is a dead one, which is what the board is there to show, unless the
    pack (in V) has more than the other cells together: then this one was not measured.
    """
    if not any(millivolts):
        # The board lives on its cells, so they can't all be dead.
        return (None,) * len(millivolts)
    measured = pack is None or pack - sum(millivolts) / 1000 <= tolerance(pack)
    return tuple(
        value / 1000 if value or (measured and connected >> cell & 1) else None
        for cell, value in enumerate(millivolts)
    )
