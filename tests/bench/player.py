"""Simulated devices in a process of their own, so that they take no time from what is measured.

Speaks JSON lines: prints the addresses of the devices, then plugs and unplugs them as it is told.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
import itertools
import json
from pathlib import Path
import selectors
import sys
import tempfile

from .captures import reply
from .faults import Fault
from .hubble_am2 import BAUDRATE as HUBBLE_SPEED, charging_packs
from .jk_bms import BAUDRATE as JK_SPEED, Bus, ClassicBoard, edit, recorded_board
from .modbus import RtuBus
from .noisy_pack import USES, noisy_replies
from .victron_charger import BAUDRATE as VICTRON_SPEED, Charger
from .wire import PtyWire, TcpWire, Wire

CELLS = 16
DIFFERENT = 97


def lively_replies() -> Iterator[bytes]:
    """Give replies of a 16-cell pack in which every measured value differs from the last one."""
    recorded = reply("real_16s_sw11.262H_charging_10A")
    replies = []
    for count in range(DIFFERENT):
        cells = [3300 + (count * 3 + cell * 5) % 48 for cell in range(CELLS)]
        values = {
            0x80: f"{20 + count % 9:04X}",
            0x81: f"{18 + count % 5:04X}",
            0x82: f"{19 + count % 7:04X}",
            0x83: f"{round(sum(cells) / 10):04X}",
            0x84: f"{0x8000 + 1000 + count:04X}",
            0x85: f"{30 + count % 50:02X}",
            0x87: f"{100 + count:04X}",
        }
        replies.append(edit(recorded, values, cells))
    return itertools.cycle(replies)


def _instead(replies: Iterator[bytes]) -> Fault:
    return lambda _answer: [(0.0, next(replies))]


@asynccontextmanager
async def playing(kind: str, count: int) -> AsyncIterator[list[Wire]]:
    """Run devices of a kind on links of their own, or so many packs on one bus."""
    with tempfile.TemporaryDirectory(prefix="cellwire-bench-") as folder:
        wires: list[Wire] = []
        talking = []
        for number in range(1 if kind == "hubble" else count):
            wire: Wire
            if kind == "victron":
                wire = TcpWire(VICTRON_SPEED)
                talking.append(asyncio.create_task(Charger(wire).run()))
            elif kind == "hubble":
                wire = PtyWire(Path(folder) / "bus", HUBBLE_SPEED)
                RtuBus(wire, charging_packs(count))
            else:
                wire = PtyWire(Path(folder) / f"port{number}", JK_SPEED)
                if kind == "bus":
                    Bus(wire, {1: recorded_board("pb_real_16s_sw15.41_addr3")})
                else:
                    board = ClassicBoard(wire, reply("real_16s_sw11.262H_charging_10A"))
                    use = USES.get(kind)
                    board.fault = _instead(noisy_replies(use) if use else lively_replies())
            await wire.plug()
            wires.append(wire)
        try:
            yield wires
        finally:
            for task in talking:
                task.cancel()
            for wire in wires:
                await wire.unplug()


async def play(kind: str, count: int) -> None:
    """Play until the other side hangs up. A line is "plug" or "unplug" for all devices."""
    loop = asyncio.get_running_loop()
    async with playing(kind, count) as wires:
        print(json.dumps([wire.address for wire in wires]), flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            for wire in wires:
                await (wire.plug() if line.strip() == "plug" else wire.unplug())
            print(json.dumps("done"), flush=True)


def main() -> None:
    """Play what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("classic", "bus", "victron", "hubble", *USES))
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    # epoll sleeps whole milliseconds, too coarse for the gaps between bytes.
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(play(arguments.kind, arguments.count))


if __name__ == "__main__":
    main()
