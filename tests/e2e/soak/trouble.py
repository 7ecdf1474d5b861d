"""What goes wrong with a device, and how: each kind of trouble ends by itself."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random

from tests.bench import faults
from tests.bench.faults import Fault
from tests.bench.hid_port import HidPort
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import TcpWire
from tests.e2e.devices import Device

# Trouble lasts so long, in seconds: less than one interval, or more than two or three.
SHORT, LONG = (0.5, 4.0), (11.5, 23.0)
NOISE = 200

type Cause = Callable[[Device, Random, float], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Kind:
    """A kind of trouble.

    If it is one in which nothing right comes, `gone_after` so many intervals nothing is shown. One
    that `may_miss_one` of several units leaves others alone.
    """

    name: str
    cause: Cause
    gone_after: int | None = None
    may_miss_one: bool = False


async def _unplug(device: Device, _dice: Random, seconds: float) -> None:
    await device.plug.unplug()
    try:
        await asyncio.sleep(seconds)
    finally:
        await device.plug.plug()


async def _hang_up(device: Device, dice: Random, _seconds: float) -> None:
    match device.plug:
        case TcpWire():
            device.plug.hang_up()
        case WebSocketWire():
            device.plug.cut(in_mid_frame=dice.random() < 0.5)


async def _noise(device: Device, dice: Random, seconds: float) -> None:
    """Send what nobody understands, between what is right."""
    end = asyncio.get_running_loop().time() + seconds
    if isinstance(device.plug, HidPort):
        # On USB nothing is damaged, but the charger may talk by itself.
        device.plug.is_logging = True
        await asyncio.sleep(seconds)
        device.plug.is_logging = False
        return
    while asyncio.get_running_loop().time() < end:
        await device.plug.send(dice.randbytes(dice.randrange(1, NOISE)))
        await asyncio.sleep(dice.uniform(0.05, 1.0))


def _spoil(make: Callable[[Random], Fault]) -> Cause:
    async def cause(device: Device, dice: Random, seconds: float) -> None:
        for speaker in device.speakers:
            speaker.fault = make(dice)
        try:
            await asyncio.sleep(seconds)
        finally:
            for speaker in device.speakers:
                speaker.fault = faults.none

    return cause


def _half(dice: Random) -> Fault:
    return lambda data: faults.truncated(dice.randrange(len(data)))(data)


def _flipped(dice: Random) -> Fault:
    """Flip a bit of every third answer."""

    def fault(data: bytes) -> faults.Pieces:
        if dice.random() > 1 / 3:
            return faults.none(data)
        return faults.corrupted(dice.randrange(len(data)), 1 << dice.randrange(8))(data)

    return fault


UNPLUG = Kind("unplug and replug", _unplug, gone_after=2)
SILENCE = Kind("silence", _spoil(lambda _dice: faults.silent), gone_after=3)
NOISES = Kind("noise", _noise, may_miss_one=True)
HANG_UP = Kind("hang-up", _hang_up)
# A beat of a device that talks has several frames, and half of it may have a whole one.
HALVES = Kind("half frames", _spoil(_half), may_miss_one=True)
FLIPS = Kind("flipped bits", _spoil(_flipped), may_miss_one=True)


def kinds(device: Device) -> tuple[Kind, ...]:
    """List what can go wrong with a device."""
    if isinstance(device.plug, HidPort):
        # Reports come whole and undamaged or not at all.
        return (UNPLUG, SILENCE, NOISES)
    if isinstance(device.plug, TcpWire | WebSocketWire):
        return (UNPLUG, SILENCE, NOISES, HANG_UP, HALVES, FLIPS)
    return (UNPLUG, SILENCE, NOISES, HALVES, FLIPS)


def duration(dice: Random) -> float:
    """Choose how long trouble lasts, in seconds."""
    return dice.uniform(*(SHORT if dice.random() < 0.5 else LONG))
