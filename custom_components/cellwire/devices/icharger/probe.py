"""Whether an iCharger answers, and how its serial line is set."""

from functools import partial, reduce
from operator import xor
import re

from ...links.errors import LinkError, LinkFault
from ...links.registers import RegisterLink
from ..device import Device, Found, Identity, Line, LinkFactory, Progress
from ..errors import DeviceError, Garbled, NoAnswer
from ..hearing import Speaker
from ..registers import Manners, Registers
from ..wires import Wires
from . import conversation, info
from .charger import ChargerDevice
from .patience import FIRST_SILENCES, Patience
from .words import NAME, VARIANT

BAUDRATE = 9600
# What the charger can be set to: the setting from the factory, then the usual ones.
LINES = (
    Line(BAUDRATE),
    Line(115200, "E"),
    Line(115200),
    Line(19200),
    Line(38400),
    Line(57600),
    Line(9600, "E"),
    Line(19200, "E"),
    Line(38400, "E"),
    Line(57600, "E"),
)
# At the slowest speed an answer is here within a tenth of this, in seconds.
LINE_TIMEOUT = 0.5
# One answer in some may be damaged or lost.
ROUNDS = 2

TEXT_NAME = (
    "iCharger that sends text lines, which can't be read this way "
    "(set its communication to USB or to Modbus)"
)
# Text lines end with the exclusive or of all bytes from the dollar on, in decimal.
_TEXT_LINE = re.compile(rb"(\$[12];\d+;[-\d;]*;)(\d{1,3})\r?\n")


def recognise(data: bytes) -> Speaker | None:
    """Name the iCharger whose text lines some received bytes are, None if they are none."""
    lines = _TEXT_LINE.finditer(data)
    heard = any(reduce(xor, line[1]) == int(line[2]) for line in lines)
    return Speaker(TEXT_NAME, is_ours=False) if heard else None


def create(link: RegisterLink, identity: Identity) -> Device[RegisterLink]:
    """Make the device for an entry."""
    return ChargerDevice(link, identity)


async def probe(link_for: LinkFactory[RegisterLink], progress: Progress) -> Found:
    """Ask for a charger, on a serial line with each setting that it may have; all that twice.

    Raises LinkError; OtherDevice for something else that answers; NoAnswer, Garbled, Declined.
    """
    has_line = link_for(LINES[0]).has_line
    lines = ROUNDS * (LINES if has_line else LINES[:1])
    problem: DeviceError = NoAnswer(NAME)
    for count, line in enumerate(lines):
        progress(count / len(lines))
        try:
            found = await _try(link_for, line, has_line=has_line)
        except (NoAnswer, Garbled) as err:
            # Bytes tell more than silence, and the first ones most.
            problem = err if isinstance(problem, NoAnswer) else problem
            continue
        progress(1.0)
        return found
    raise problem


async def _try(link_for: LinkFactory[RegisterLink], line: Line, *, has_line: bool) -> Found:
    """Look for a charger on a line that is set like this; once more when the link was lost.

    A poll would open it again too.
    """
    try:
        return await _find(link_for, line, has_line=has_line)
    except LinkError as err:
        if err.fault is not LinkFault.LOST:
            raise
    return await _find(link_for, line, has_line=has_line)


async def _find(link_for: LinkFactory[RegisterLink], line: Line, *, has_line: bool) -> Found:
    await _call(link_for(line), has_line=has_line)
    return await _look(link_for(line), line if has_line else None)


async def _call(link: RegisterLink, *, has_line: bool) -> None:
    """Ask for what every charger answers. On a line it is silent unless the setting is right."""
    timeout = LINE_TIMEOUT if has_line else conversation.TIMEOUT
    manners = Manners(device=NAME, timeout=timeout, secret=conversation.SECRET)
    registers = Registers(Wires(link), conversation.ADDRESS, manners)
    patience = Patience()
    patience.begin(first=1 if has_line else FIRST_SILENCES)
    try:
        await link.open()
        await patience.ask(partial(registers.input, info.ADDRESS, info.size(1)))
    finally:
        await link.close()


async def _look(link: RegisterLink, line: Line | None) -> Found:
    """Learn who it is."""
    device = ChargerDevice(link, Identity(variant=VARIANT, serials={}))
    try:
        await device.start()
    finally:
        await device.close()
    return Found(identity=device.identity, units=tuple(device.units.values()), line=line)
