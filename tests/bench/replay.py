"""Plays the last bytes of a diagnostics download as a device on a port: `scripts/replay`."""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
import itertools
import json
from pathlib import Path
import signal
import statistics
import sys
import tempfile
from typing import Any, override

from custom_components.cellwire.devices.registry import FAMILIES
from custom_components.cellwire.links.health import Direction

from .modbus import ILLEGAL_ADDRESS, Refusal, RtuBus, Slave
from .victron_charger import Charger
from .wire import PtyWire, Wire

# What is kept of long ago is played after such a pause at most, and the beginning after such a one
# behind the end at least, in seconds.
LONGEST_PAUSE = 2.0
SHORTEST_PAUSE = 0.1
HEAD = 4
WRITE = 16
GET, ASYNC = b":7", b":A"

type Player = Callable[[Wire, Sequence[Kept]], Coroutine[None, None, None] | None]


class ReplayError(Exception):
    """A file can't be played."""


@dataclass(frozen=True)
class Kept:
    """Bytes as they were kept at a moment (wall clock, seconds)."""

    at: float
    direction: Direction
    data: bytes


@dataclass(frozen=True)
class Recording:
    """A diagnostics download."""

    entry: dict[str, Any]
    kept: tuple[Kept, ...]

    @property
    def family(self) -> str:
        """The key of the family."""
        family: str = self.entry["family"]
        return family


def load(text: str) -> Recording:
    """Read a download, as Home Assistant wraps it or bare. Raises ReplayError."""
    try:
        told = json.loads(text)
        told = told.get("data", told)
        kept = tuple(
            Kept(
                datetime.fromisoformat(each["at"]).timestamp(),
                Direction(each["direction"]),
                bytes.fromhex(each["hex"]),
            )
            for each in told["link"]["last_bytes"]
        )
        recording = Recording(told["entry"], kept)
        if recording.family not in FAMILIES:
            raise ReplayError(f"the family '{recording.family}' is not known")
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise ReplayError(f"this is no diagnostics download of Cellwire ({err!r})") from err
    if not kept:
        raise ReplayError("it holds no bytes: the device was never heard")
    return recording


class Answers:
    """Answers each request that was recorded with what came after it, one after the other."""

    def __init__(self, wire: Wire, kept: Iterable[Kept]) -> None:
        """Listen on a wire."""
        self.wire = wire
        answers: dict[bytes, list[bytes]] = defaultdict(list)
        request = b""
        for each in kept:
            if each.direction is Direction.SENT:
                request = each.data
                answers[request].append(b"")
            elif request:
                answers[request][-1] += each.data
        self._answers = {request: itertools.cycle(each) for request, each in answers.items()}
        self._input = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        wire.attach(self._receive)

    def _receive(self, data: bytes) -> None:
        self._input += data
        while (found := self._find()) is not None:
            end, request = found
            del self._input[:end]
            task = asyncio.create_task(self.wire.send(next(self._answers[request])))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        del self._input[: -max(map(len, self._answers), default=1)]

    def _find(self) -> tuple[int, bytes] | None:
        """Return where the first known request ends, and which it is."""
        places = ((self._input.find(request), request) for request in self._answers)
        return min(((at + len(what), what) for at, what in places if at >= 0), default=None)


class RecordedUnit(Slave):
    """A unit that reads what was read of it, block by block, and refuses all else."""

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__()
        self._blocks: dict[tuple[int, int, int], list[list[int]]] = defaultdict(list)
        self._last: dict[tuple[int, int], int] = {}
        self._turns: dict[tuple[int, int, int], int] = defaultdict(int)

    def add(self, function: int, first: int, values: list[int]) -> None:
        """Take in a recorded answer."""
        self._blocks[function, first, len(values)].append(values)
        self._last.update(((function, first + at), value) for at, value in enumerate(values))

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        block = (function, address, count)
        if answers := self._blocks.get(block):
            turn = self._turns[block]
            self._turns[block] += 1
            return answers[turn % len(answers)]
        # Another version of Cellwire may ask for other pieces.
        try:
            return [self._last[function, at] for at in range(address, address + count)]
        except KeyError as err:
            raise Refusal(ILLEGAL_ADDRESS) from err


def recorded_units(kept: Iterable[Kept]) -> dict[int, Slave]:
    """Build units of what was traced: unit, function, first register, then the registers."""
    units: dict[int, Slave] = {}
    for each in kept:
        address, function, first = each.data[0], each.data[1], int.from_bytes(each.data[2:HEAD])
        if each.direction is not Direction.RECEIVED or function == WRITE:
            continue
        unit = units.setdefault(address, RecordedUnit())
        assert isinstance(unit, RecordedUnit)
        values = each.data[HEAD:]
        unit.add(
            function,
            first,
            [int.from_bytes(values[at : at + 2]) for at in range(0, len(values), 2)],
        )
    return units


async def talk(wire: Wire, kept: Sequence[Kept]) -> None:
    """Send what was received, over and over, with the pauses that there were."""
    heard = [each for each in kept if each.direction is not Direction.SENT]
    pauses = [after.at - each.at for each, after in itertools.pairwise(heard)]
    usual = max(statistics.median(pauses), SHORTEST_PAUSE) if pauses else LONGEST_PAUSE
    for each, pause in itertools.cycle(zip(heard, [*pauses, usual], strict=True)):
        await wire.send(each.data)
        await asyncio.sleep(min(max(pause, 0.0), LONGEST_PAUSE))


def _registers(wire: Wire, kept: Sequence[Kept]) -> None:
    RtuBus(wire, recorded_units(kept))


def _asked(wire: Wire, kept: Sequence[Kept]) -> None:
    Answers(wire, kept)


def _victron(wire: Wire, kept: Sequence[Kept]) -> Coroutine[None, None, None]:
    """Talk as it did, and answer with the registers that it told."""
    heard = [each for each in kept if each.direction is not Direction.SENT]
    blocks = [at for at, each in enumerate(heard) if each.data[:1] == b"\r"]
    if not blocks:
        raise ReplayError("it holds no text block of the charger")
    registers = {}
    for each in heard:
        if each.data[:2] in (GET, ASYNC):
            data = bytes.fromhex(each.data[2:-1].decode())
            registers[int.from_bytes(data[:2], "little")] = data[3:-1]
    ends = [0, *blocks[1:], len(heard)]
    seconds = [
        b"".join(each.data for each in heard[start:end] if each.data[:2] != GET)
        for start, end in itertools.pairwise(ends)
    ]
    return Charger(wire, seconds, registers).run()


# Families that do both: talk and answer.
_BOTH: dict[str, Player] = {"victron_charger": _victron}


def player(recording: Recording) -> Player:
    """Choose how to play by what the family does, and whether anything was asked."""
    family = FAMILIES[recording.family]
    if own := _BOTH.get(recording.family):
        return own
    if family.has_registers:
        return _registers
    asked = any(each.direction is Direction.SENT for each in recording.kept)
    return _asked if asked else talk


@asynccontextmanager
async def replaying(recording: Recording, wire: Wire) -> AsyncIterator[None]:
    """Play a recording on a plugged wire until the context ends. Raises ReplayError."""
    talking = player(recording)(wire, recording.kept)
    task = asyncio.create_task(talking) if talking else None
    try:
        yield
    finally:
        if task:
            task.cancel()
            await asyncio.wait([task])


async def show(recording: Recording, port: Path) -> None:
    """Play until somebody ends it. Raises ReplayError."""
    family = FAMILIES[recording.family]
    wire = PtyWire(port, family.baudrate)
    await wire.plug()
    try:
        async with replaying(recording, wire):
            print(f"Add a '{family.name}' with this port:  {port}")
            if family.has_registers:
                print("as Modbus on a serial port, whatever it was recorded on.")
            print(f"{len(recording.kept)} pieces are played. Ctrl-C ends it.", flush=True)
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await stop.wait()
    finally:
        await wire.unplug()


def main() -> int:
    """Play the file that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/replay", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the diagnostics download")
    parser.add_argument("--port", type=Path, metavar="PATH", help="where the port appears")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cellwire-replay-") as folder:
        port = arguments.port or Path(folder) / "port"
        try:
            asyncio.run(show(load(arguments.file.read_text(encoding="utf-8")), port))
        except (ReplayError, OSError, UnicodeError) as err:
            print(f"replay: {err}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
