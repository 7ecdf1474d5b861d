"""Which boards of the newer generation are on a line, if any, and in which words they answer."""

from collections import Counter
from collections.abc import Iterable

from ...links.link import Link
from ..device import Found, Identity, Progress
from ..errors import DeviceError, Implausible
from ..model import Reading, Unit
from . import modbus, plain_bus
from .modbus import BusDevice
from .modbus_frame import Content
from .plain_bus import PlainBus
from .plausible import contradiction
from .roll_call import ADDRESSES, RollCall
from .words import NAME

# What every address is called with, round by round. Some software answers about its status only
# when something else was asked right before, and any answer can be lost.
CALLS = ((Content.STATUS,), (Content.SETTINGS, Content.STATUS))


async def search_bus(link: Link, progress: Progress, *, careful: bool) -> Found:
    """Find the boards on an open link, at any address.

    With `careful`, a device that answers plain Modbus only must be a board beyond doubt.
    Raises LinkError; NoAnswer, BadAnswer, OnlyEcho or another DeviceError if there is none.
    """
    call = RollCall(link)
    for count, contents in enumerate(CALLS):

        def tell(share: float, done: int = count) -> None:
            progress((done + share) / (len(CALLS) + 1))

        await call.round(contents, tell)
    problem = call.problem
    searches = ((BusDevice, modbus.VARIANT, call.candidates),)
    readable = [address for address in ADDRESSES if address in call.readable]
    for kind, variant, addresses in (*searches, (PlainBus, plain_bus.VARIANT, readable)):
        device = kind(link, Identity(variant=variant, serials=dict.fromkeys(addresses)))
        units = []
        for address in addresses:
            try:
                reading = await device.meet(address)
                if kind is PlainBus:
                    _check(reading, careful=careful)
            except DeviceError as err:
                problem = err
            else:
                units.append(device.units[address])
        if units:
            progress(1.0)
            return _found(variant, units)
    raise problem


def _check(reading: Reading, *, careful: bool) -> None:
    """Refuse what is no board. There are other devices with numbers in the same registers."""
    if not any(reading.cell_voltages) or (careful and contradiction(reading)):
        raise Implausible(NAME, "these are no cells")


def _found(variant: str, units: Iterable[Unit]) -> Found:
    units = tuple(units)
    known = Counter(unit.serial for unit in units)
    # A number that two boards share identifies neither.
    serials = {unit.key: unit.serial if known[unit.serial] == 1 else None for unit in units}
    identity = Identity(variant=variant, serials=serials)
    return Found(identity=identity, units=units, looks=len(CALLS))
