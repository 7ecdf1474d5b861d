"""The simulated devices of the demo: every family, each on a link of another kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Protocol

from tests.bench import chargery, hubble_am2, jk_bms, victron_charger
from tests.bench.captures import reply
from tests.bench.faults import Fault
from tests.bench.hid_port import HidPort
from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack
from tests.bench.jk_switches import SwitchedBoard
from tests.bench.modbus import RtuBus
from tests.bench.usb import hidraw
from tests.bench.victron_writes import SettableCharger
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import PtyWire, TcpWire, Wire

PACKS = 3
# The folder in which chargers on USB appear.
USB = "usb"
# A charge of some hours takes some minutes.
SPEED = 20.0


class Speaker(Protocol):
    """A simulator whose answers can be spoilt."""

    fault: Fault


@dataclass(frozen=True)
class Device:
    """A simulated device: its family, what kind of link leads to it, and its address there.

    `kind` is empty where the family has only one. `plug` is what can be pulled, `speakers` are
    what has a `fault`.
    """

    family: str
    address: str
    plug: Wire | HidPort
    speakers: tuple[Speaker, ...]
    kind: str = ""


def usb_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which a process finds the simulated USB instead of the real one."""
    stand_in = Path(hidraw.__file__).parent
    return {"PYTHONPATH": str(stand_in), hidraw.FOLDER: str(folder / USB)}


def busy_charger() -> SimulatedCharger:
    """Make a charger that charges one pack and discharges another."""
    charger = SimulatedCharger("4010 DUO 2.19", clock=time.monotonic, speed=SPEED)
    charger.plug(1, Pack([0.32, 0.3, 0.31, 0.29, 0.3, 0.33]))
    charger.plug(2, Pack([0.8, 0.82, 0.81]))
    charger.start(1, "charge")
    charger.start(2, "discharge")
    return charger


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[list[Device]]:
    """Run all simulated devices; those on USB appear in a folder `usb`."""
    jk = PtyWire(folder / "ttyUSB-jk", jk_bms.BAUDRATE)
    victron = TcpWire(victron_charger.BAUDRATE)
    chargery_ = WebSocketWire(chargery.BAUDRATE)
    bus = PtyWire(folder / "ttyUSB-hubble", hubble_am2.BAUDRATE)
    wires: tuple[Wire, ...] = (jk, victron, chargery_, bus)
    (folder / USB).mkdir()
    async with AsyncExitStack() as stack:
        for wire in wires:
            await wire.plug()
            stack.push_async_callback(wire.unplug)
        board = SwitchedBoard(jk, reply("real_16s_sw11.262H_charging_10A"))
        blue = SettableCharger(victron)
        talking = asyncio.create_task(blue.run())
        stack.callback(talking.cancel)
        bms = await stack.enter_async_context(chargery.talking(chargery.Bms(chargery_)))
        packs = hubble_am2.charging_packs(PACKS)
        RtuBus(bus, packs)
        charger = busy_charger()
        usb = HidPort(folder / USB, charger.product, charger.serial, charger)
        await usb.plug()
        stack.push_async_callback(usb.unplug)
        yield [
            Device("jk_bms", jk.address, jk, (board,)),
            Device("victron_charger", victron.address, victron, (blue,)),
            Device("chargery", chargery_.address, chargery_, (bms,), "websocket"),
            Device("hubble_am2", bus.address, bus, tuple(packs.values()), "modbus_rtu"),
            Device("icharger", f"hid://{charger.serial}", usb, (charger,), "hid"),
        ]
