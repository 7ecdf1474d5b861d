"""A simulated Chargery BMS: talks by itself, in recorded or made frames, and hears nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
import itertools

from . import faults
from .captures import capture
from .faults import Fault
from .wire import Wire

BAUDRATE = 115200
SPACER = b"h::3\r\n"
# How many frames with pack values come for each of the others.
CELLS_EVERY = 2
SPACER_EVERY = 4
DISCHARGE, CHARGE, STORAGE = 0, 1, 2
NO_PROBE = -22.3


def frame(command: int, payload: bytes) -> bytes:
    """Build a frame."""
    body = b"\x24\x24" + bytes((command, len(payload) + 5)) + payload
    return body + bytes((sum(body) & 0xFF,))


def cells_frame(
    millivolts: Sequence[int], *, left: tuple[int, int] | None = None, soc: int | None = None
) -> bytes:
    """Build a frame with cells: with mWh and mAh that are left, with an SoC, or with neither."""
    payload = b"".join(each.to_bytes(2) for each in millivolts)
    if left:
        payload += b"".join(each.to_bytes(4, "little") for each in left)
    elif soc is not None:
        payload += bytes((soc,))
    return frame(0x56, payload)


def pack_frame(
    current: float = 10.0,
    *,
    mode: int = CHARGE,
    temperatures: tuple[float, float] = (21.3, 21.5),
    soc: int | None = 50,
    stopped: tuple[int, int] | None = (0, 0),
) -> bytes:
    """Build a frame with pack values; without `stopped` an older one, without `soc` the oldest."""
    payload = (3650).to_bytes(2) + bytes((mode,)) + round(current * 10).to_bytes(2)
    payload += b"".join(round(each * 10).to_bytes(2, signed=True) for each in temperatures)
    if soc is not None:
        payload += bytes((soc,))
    if stopped is not None:
        payload += (2800).to_bytes(2) + bytes(stopped)
    return frame(0x57, payload)


def resistances_frame(tenths: Sequence[int], *, current: float = 22.8, mode: int = CHARGE) -> bytes:
    """Build a frame with cell resistances in 0.1 mΩ."""
    payload = bytes((mode,)) + round(current * 10).to_bytes(2, "little")
    return frame(0x58, payload + b"".join(each.to_bytes(2, "little") for each in tenths))


def recorded(name: str) -> bytes:
    """Return a recorded stream."""
    return bytes.fromhex(capture("chargery", name)["stream_hex"])


def recorded_frames(name: str) -> dict[int, bytes]:
    """Return the last recorded frame of each command."""
    frames = [bytes.fromhex(each["hex"]) for each in capture("chargery", name)["frames"]]
    return {each[2]: each for each in frames if each[:2] == b"\x24\x24"}


class Bms:
    """Sends pack values at each beat, and cells, resistances and the spacer in between."""

    def __init__(
        self, wire: Wire, frames: dict[int, bytes] | None = None, *, period: float = 1.0
    ) -> None:
        """Send `frames` by command, the recorded ones of a BMS16T if there are none given.

        They can be changed at any time. Resistances are sent when they change and when the current
        turns.
        """
        self.wire = wire
        self.frames = dict(recorded_frames("real_v1_25_frames_16s") if frames is None else frames)
        self.period = period
        self.fault: Fault = faults.none
        # The display is off, as some say.
        self.is_silent = False
        self._told: bytes | None = None

    async def run(self) -> None:
        """Talk until cancelled."""
        for count in itertools.count():
            if not self.is_silent:
                for pause, piece in self.fault(self._beat(count)):
                    await asyncio.sleep(pause)
                    await self.wire.send(piece)
            await asyncio.sleep(self.period)

    def turn(self) -> None:
        """Let the current turn, which is when resistances are sent."""
        self._told = None

    def _beat(self, count: int) -> bytes:
        beat = self.frames.get(0x57, b"")
        if count % CELLS_EVERY == 0:
            beat += self.frames.get(0x56, b"")
        resistances = self.frames.get(0x58, b"")
        if resistances != self._told:
            self._told = resistances
            beat += resistances
        return beat + SPACER if count % SPACER_EVERY == 0 else beat


@asynccontextmanager
async def talking(bms: Bms) -> AsyncIterator[Bms]:
    """Let a BMS talk."""
    task = asyncio.create_task(bms.run())
    try:
        yield bms
    finally:
        task.cancel()
        await asyncio.wait([task])
