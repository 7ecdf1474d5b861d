"""What devices that talk cost: recorded streams, in the pieces in which they arrive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import re

from custom_components.cellwire.devices.chargery.bms import BmsDevice
from custom_components.cellwire.devices.chargery.words import UNIT as BMS, VARIANT as CHARGERY
from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.devices.streaming import StreamingDevice
from custom_components.cellwire.devices.vedirect.device import VARIANT as VEDIRECT
from custom_components.cellwire.devices.victron_charger.charger import ChargerDevice
from custom_components.cellwire.devices.victron_charger.reading import UNIT as CHARGER
from custom_components.cellwire.links.serial import SerialLink
from tests.bench import chargery, victron_charger

from .decoding import microseconds
from .figure import Figure

TIMES = 4
# What each second of a stream may cost, in µs: 0.65 of what the charger and 0.6 of what the BMS
# took when each frame was decoded again although it said the same.
CHARGER_BUDGET = 270.0
BMS_BUDGET = 45.0
# A frame, or a block of text, is a piece. Pack values of the BMS come once a second.
_CHARGER_PIECE = re.compile(rb"(?=:A)")
_BMS_PIECE = re.compile(rb"(?=\$\$[VWX])")
_BMS_SECOND = b"$$W"

type Second = tuple[bytes, ...]


@dataclass(frozen=True)
class Stream:
    """A recorded stream by its seconds, and the device that hears it."""

    name: str
    device: StreamingDevice
    unit: str
    seconds: Sequence[Second]

    def play(self) -> Reading:
        """Hear all of it, with a reading for each second."""
        for second in self.seconds:
            for piece in second:
                self.device.receive(piece)
            readings = self.device.fresh()
        return readings[self.unit]


def charger() -> Stream:
    """Return the flood of an IP22: a block of text a second, and 25 frames."""
    identity = Identity(variant=VEDIRECT, serials={CHARGER: victron_charger.SERIAL})
    device = ChargerDevice(SerialLink("nowhere", victron_charger.BAUDRATE), identity)
    parts = victron_charger.recorded_seconds()
    seconds = [tuple(filter(None, _CHARGER_PIECE.split(part))) for part in parts]
    return Stream("Victron", device, CHARGER, seconds)


def bms() -> Stream:
    """Return what a BMS16T says: pack values each second, cells each third."""
    identity = Identity(variant=CHARGERY, serials={BMS: None})
    device = BmsDevice(SerialLink("nowhere", chargery.BAUDRATE), identity)
    recorded = chargery.recorded("real_v1_22_stream_16slots_3cells")
    seconds: list[Second] = [()]
    for piece in _BMS_PIECE.split(recorded):
        if piece.startswith(_BMS_SECOND):
            seconds.append(())
        seconds[-1] += (piece,)
    return Stream("Chargery", device, BMS, seconds)


async def streams() -> list[Figure]:
    """Measure a second of each stream; makes sure first that it makes readings."""
    return [_figure(charger, CHARGER_BUDGET), _figure(bms, BMS_BUDGET)]


def _figure(make: Callable[[], Stream], budget: float) -> Figure:
    stream = make()
    if stream.play().voltage is None:
        raise ValueError(f"{stream.name} is not understood")
    count = len(stream.seconds)
    pieces = sum(map(len, stream.seconds)) / count
    return Figure(
        f"{stream.name}: a second of its stream to a reading",
        microseconds(stream.play, TIMES) / count,
        "µs",
        budget,
        f"{pieces:.1f} pieces a second",
        is_cpu_time=True,
    )
