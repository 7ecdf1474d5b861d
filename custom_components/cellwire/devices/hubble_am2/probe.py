"""Which packs are on a bus, if any.

Source: docs/devices/hubble_am2.md, "The bus" and "Other protocols on the same sockets".
"""

from collections import Counter
from dataclasses import replace

from modbus_connection import ExceptionCode

from ...links.registers import RegisterLink
from ..bank import BANK
from ..device import Found, Identity, Line, LinkFactory, Progress
from ..errors import Declined, DeviceError, Garbled, Implausible, NoAnswer, OtherDevice
from ..wires import Wires
from .bank import UNIT, BankDevice
from .pack import MANNERS, Pack
from .reading import is_whole
from .words import ADDRESSES, NAME, VARIANT

# The usual speed, and that of some packs with such a BMS.
LINES = (Line(9600), Line(19200))
# Packs answer within 50 ms or so, and the answer takes 90 ms.
SCAN_TIMEOUT = 0.3
OTHER_PROTOCOL = "a PACE BMS whose RS485 protocol is not PACE_MODBUS"

_NOBODY = Identity(variant=VARIANT, serials={})


def create(link: RegisterLink, identity: Identity) -> BankDevice:
    """Make the device for an entry."""
    return BankDevice(link, identity)


async def probe(link_for: LinkFactory[RegisterLink], progress: Progress) -> Found:
    """Ask every address for its live registers, at each speed until somebody answers.

    Raises LinkError at once; OtherDevice for packs that are set to another protocol; NoAnswer,
    Garbled, Declined or Implausible for what came instead of packs.
    """
    problem: DeviceError = NoAnswer(NAME)
    for count, line in enumerate(LINES):
        link = link_for(line)
        try:
            await link.open()
            packs, err = await _scan(link, _share(progress, count))
        finally:
            await link.close()
        if packs:
            progress(1.0)
            return _found(packs, line)
        problem = _more_telling(problem, err)
        if not link.has_line:
            break
    raise problem


def _share(progress: Progress, count: int) -> Progress:
    """Return a progress for one line of several."""
    return lambda part: progress((count + part) / len(LINES))


def _found(packs: list[Pack], line: Line) -> Found:
    units = [pack.unit for pack in packs]
    # A number that two packs share identifies neither.
    known = Counter(unit.serial for unit in units)
    serials = {unit.key: unit.serial if known[unit.serial] == 1 else None for unit in units}
    return Found(
        identity=Identity(variant=VARIANT, serials={BANK: None, **serials}),
        units=(UNIT, *units),
        line=line,
    )


async def _scan(link: RegisterLink, progress: Progress) -> tuple[list[Pack], DeviceError]:
    """Return the packs that answer, and what else came."""
    wires = Wires(link)
    packs: list[Pack] = []
    problem: DeviceError = NoAnswer(NAME)
    for count, key in enumerate(ADDRESSES):
        progress(count / len(ADDRESSES))
        pack = Pack(wires, key, manners=replace(MANNERS, timeout=SCAN_TIMEOUT))
        try:
            await _meet(pack)
        except DeviceError as err:
            problem = _more_telling(problem, err)
        else:
            packs.append(pack)
    return packs, problem


async def _meet(pack: Pack) -> None:
    """Make sure that this is a pack. Damage is worth a second attempt, silence is not."""
    try:
        try:
            reading = await pack.read(_NOBODY, attempts=1)
        except Garbled:
            reading = await pack.read(_NOBODY, attempts=1)
    except Declined as err:
        if err.code == ExceptionCode.ILLEGAL_DATA_ADDRESS:
            raise OtherDevice(NAME, OTHER_PROTOCOL) from err
        raise
    if not is_whole(reading):
        raise Implausible(NAME, "values of a pack are missing")


def _more_telling(known: DeviceError, new: DeviceError) -> DeviceError:
    """Return which of two errors says more: an answer more than damage, damage than silence."""
    return new if _weight(new) > _weight(known) else known


def _weight(error: DeviceError) -> int:
    if isinstance(error, NoAnswer):
        return 0
    return 1 if isinstance(error, Garbled) else 2
