"""Replies of a classic JK board with 16 cells whose values move and tremble as real ones do."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from .captures import reply
from .jk_bms import edit

CELLS = 16
# Of the values that a board sends: mV of a cell, A, and °C.
CELL_NOISE, CURRENT_NOISE, WARMTH_NOISE = 0.7, 0.15, 0.25
POLLS_AN_HOUR = 720
# A load or a cloud comes and goes after so many polls on average, in A.
CHANGE_AFTER, CHANGE = 90, 6.0
CAPACITY = 280.0
# mΩ of a cell, and mV that it gains with each percent on the flat part of its curve.
RESISTANCE, SLOPE = 0.25, 1.5
CHARGING_BIT = 0x8000


@dataclass(frozen=True)
class Use:
    """What a pack does: its mean current in A."""

    current: float


USES = {"idle": Use(0.0), "charging": Use(30.0), "discharging": Use(-20.0)}


def noisy_replies(use: Use, seed: int = 1) -> Iterator[bytes]:
    """Give one reply after the other, 5 s apart."""
    dice = Random(seed)  # noqa: S311
    recorded = reply("real_16s_sw11.262H_charging_10A")
    offsets = [dice.uniform(-4, 4) for _ in range(CELLS)]
    soc, target, warmth = 50.0, use.current, 20.0 + dice.random()
    while True:
        if use.current and dice.random() < 1 / CHANGE_AFTER:
            target = use.current + dice.uniform(-CHANGE, CHANGE)
        current = round(dice.gauss(target, CURRENT_NOISE), 2) if use.current else 0.0
        soc += current / POLLS_AN_HOUR / CAPACITY * 100
        warmth += abs(current) / 20 / POLLS_AN_HOUR
        middle = 3290 + SLOPE * (soc - 50) + RESISTANCE * current
        cells = [round(dice.gauss(middle + each, CELL_NOISE)) for each in offsets]
        warm = [f"{round(dice.gauss(warmth + each, WARMTH_NOISE)):04X}" for each in (3, 0, 0.6)]
        hundredths = round(abs(current) * 100) | (CHARGING_BIT if current > 0 else 0)
        values = {
            **dict(zip((0x80, 0x81, 0x82), warm, strict=True)),
            0x83: f"{round(sum(cells) / 10):04X}",
            0x84: f"{hundredths:04X}",
            0x85: f"{int(soc):02X}",
        }
        yield edit(recorded, values, cells)
