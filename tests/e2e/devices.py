"""The simulated devices of the demo: every family, each on a link of another kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import chargery, hubble_am2, jk_bms, victron_charger
from tests.bench.captures import reply
from tests.bench.hid_port import HidPort
from tests.bench.icharger import SimulatedCharger
from tests.bench.modbus import RtuBus
from tests.bench.websocket import WebSocketWire
from tests.bench.wire import PtyWire, TcpWire, Wire

PACKS = 3


@dataclass(frozen=True)
class Device:
    """A simulated device: its family, what kind of link leads to it, and its address there.

    `kind` is empty where the family has only one.
    """

    family: str
    address: str
    kind: str = ""


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[list[Device]]:
    """Run all simulated devices; those on USB appear in a folder `usb`."""
    jk = PtyWire(folder / "ttyUSB-jk", jk_bms.BAUDRATE)
    victron = TcpWire(victron_charger.BAUDRATE)
    chargery_ = WebSocketWire(chargery.BAUDRATE)
    bus = PtyWire(folder / "ttyUSB-hubble", hubble_am2.BAUDRATE)
    wires: tuple[Wire, ...] = (jk, victron, chargery_, bus)
    async with AsyncExitStack() as stack:
        for wire in wires:
            await wire.plug()
            stack.push_async_callback(wire.unplug)
        jk_bms.ClassicBoard(jk, reply("real_16s_sw11.262H_charging_10A"))
        talking = asyncio.create_task(victron_charger.Charger(victron).run())
        stack.callback(talking.cancel)
        await stack.enter_async_context(chargery.talking(chargery.Bms(chargery_)))
        RtuBus(bus, {number: hubble_am2.ChargingPack(number) for number in range(1, PACKS + 1)})
        yield [
            Device("jk_bms", jk.address),
            Device("victron_charger", victron.address),
            Device("chargery", chargery_.address, "websocket"),
            Device("hubble_am2", bus.address, "modbus_rtu"),
        ]
