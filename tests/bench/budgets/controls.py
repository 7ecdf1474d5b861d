"""How long it takes from a wish to its verified state, at the line speeds of the devices."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
import tempfile
import time

from custom_components.cellwire.devices.device import Device, Identity, Settings
from custom_components.cellwire.devices.jk_bms import classic
from custom_components.cellwire.devices.jk_bms.classic import ClassicDevice
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.devices.vedirect.device import VARIANT
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import jk_bms, victron_charger
from tests.bench.captures import reply
from tests.bench.jk_switches import SwitchedBoard
from tests.bench.victron_writes import PHOENIX, SettableCharger
from tests.bench.wire import PtyWire
from tests.waiting import until

from .figure import Figure

ROUNDS = 6
MOST = 1.5
OFFERED_WITHIN = 30.0


async def seconds(device: Device, unit: str, key: str, wishes: tuple[Value, Value]) -> float:
    """Return the longest time that a control took, its wishes in turn."""
    device.settings = Settings(allow_control=True)
    await device.start()
    times = []
    try:
        await until(
            lambda: key in [each.id for each in device.controls.get(unit, ())], OFFERED_WITHIN
        )
        for count in range(ROUNDS):
            begin = time.perf_counter()
            await device.apply(unit, key, wishes[count % 2])
            times.append(time.perf_counter() - begin)
    finally:
        await device.close()
    return max(times)


async def round_trips() -> list[Figure]:
    """Switch a board, and limit a charger whose limit is not stored while it floods its line."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cellwire-bench-")))
        board = PtyWire(folder / "board", jk_bms.BAUDRATE)
        charger = PtyWire(folder / "charger", victron_charger.BAUDRATE)
        for wire in (board, charger):
            await wire.plug()
            stack.push_async_callback(wire.unplug)
        SwitchedBoard(board, reply("real_16s_sw11.262H_charging_10A"))
        phoenix = SettableCharger(charger, registers=PHOENIX, clamp=(12.5, 50.0))
        talking = asyncio.create_task(phoenix.run())
        stack.callback(talking.cancel)
        jk = ClassicDevice(
            SerialLink(board.address, jk_bms.BAUDRATE),
            Identity(variant=classic.VARIANT, serials={classic.UNIT: None}),
        )
        victron = ChargerDevice(
            SerialLink(charger.address, victron_charger.BAUDRATE),
            Identity(variant=VARIANT, serials={}),
        )
        switched = await seconds(jk, classic.UNIT, "charge_mosfet_switch", (False, True))
        limited = await seconds(victron, "charger", "charge_current_limit", (20.0, 25.0))
    what = "from a wish to its verified state"
    return [
        Figure(f"JK classic, a switch: {what}", switched, "s", MOST),
        Figure(f"Victron, a limit in the flood: {what}", limited, "s", MOST),
    ]
