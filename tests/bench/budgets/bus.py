"""How long a cycle over a bus of packs takes, against the time that its bytes need on the wire."""

import statistics
import time

from custom_components.cellwire.devices.bank import BANK
from custom_components.cellwire.devices.device import Identity, Line
from custom_components.cellwire.devices.hubble_am2 import FAMILY, reading, settings
from custom_components.cellwire.devices.hubble_am2.bank import BankDevice
from custom_components.cellwire.devices.hubble_am2.pack import MANNERS
from custom_components.cellwire.devices.hubble_am2.words import VARIANT
from tests.bench.hubble_am2 import BAUDRATE, DELAY
from tests.bench.modbus import READ_SIZE
from tests.bench.modbus_link import Owner, make_link
from tests.bench.wire import BITS

from .bench import playing
from .figure import Figure

PACKS = 15
CYCLES = 5
ALONE_CYCLES = 12
RATIO = 1.15
# Address, function, number of bytes and checksum around the registers of an answer.
AROUND = 5


def exchange(registers: int) -> int:
    """Return the number of bytes of a question for registers and its answer."""
    return READ_SIZE + AROUND + 2 * registers


async def cycles(kind: str, packs: int, count: int) -> list[float]:
    """Return the times of some cycles after the first one, which asks who is there."""
    times = []
    async with playing(kind, packs) as bench:
        link = make_link(Owner(bench.addresses[0], Line(BAUDRATE)), bench.addresses[0])
        serials = dict.fromkeys((BANK, *map(str, range(1, PACKS + 1))))
        device = BankDevice(link, Identity(variant=VARIANT, serials=serials))
        await device.start()
        try:
            for _ in range(count):
                begin = time.perf_counter()
                await device.read()
                times.append(time.perf_counter() - begin)
        finally:
            await device.close()
    return times


async def full_bus() -> list[Figure]:
    """Measure a cycle over as many packs as a bus can have."""
    took = statistics.median(await cycles("hubble", PACKS, CYCLES))
    # In each cycle the settings of one pack are read as well.
    count = PACKS * exchange(reading.COUNT) + exchange(settings.COUNT)
    wire = count * BITS / BAUDRATE
    rest = (PACKS + 1) * (DELAY + MANNERS.spacing)
    limit = (
        f"1 = {count} bytes, {wire:.2f} s; then {rest:.2f} s, in which the packs answer and want"
        " the bus to be silent"
    )
    what = f"Hubble: a cycle over {PACKS} packs by the time of its bytes on the wire"
    return [Figure(what, (took - rest) / wire, "", RATIO, limit)]


async def lonely_pack() -> list[Figure]:
    """Measure cycles in which all packs but one are silent."""
    took = max(await cycles("hubble", 1, ALONE_CYCLES))
    what = f"Hubble: the longest cycle while {PACKS - 1} of {PACKS} packs are silent"
    limit = f"{MANNERS.timeout} s for the one silent pack that is asked"
    return [Figure(what, took, "s", FAMILY.interval, limit)]
