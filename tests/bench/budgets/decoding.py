"""From bytes to a reading, without a link."""

from collections.abc import Callable
import statistics
import time

from custom_components.cellwire.devices.jk_bms.fields import CELLS, split
from custom_components.cellwire.devices.jk_bms.frame import FrameScanner
from custom_components.cellwire.devices.jk_bms.modbus_frame import SpeechScanner, Spoken
from custom_components.cellwire.devices.jk_bms.modbus_reading import to_reading as from_status
from custom_components.cellwire.devices.jk_bms.plausible import Judge
from custom_components.cellwire.devices.jk_bms.reading import to_reading as from_fields
from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import reply
from tests.bench.jk_bms import recorded_board
from tests.bench.modbus import crc

from .figure import Figure

ROUNDS = 30
FRAMES = 200
CELLS_OF_A_PACK = 16
FRAME_BUDGET = 150.0


def microseconds(work: Callable[[], object], times: int) -> float:
    """Return the CPU time of one call, the median of several rounds."""
    results = []
    for _ in range(ROUNDS):
        begin = time.thread_time()
        for _ in range(times):
            work()
        results.append((time.thread_time() - begin) / times * 1e6)
    return statistics.median(results)


def figure(
    what: str, work: Callable[[], object], times: int, budget: float | None = None
) -> Figure:
    """Measure the CPU time of one call."""
    return Figure(what, microseconds(work, times), "µs", budget, is_cpu_time=True)


def classic() -> Callable[[], Reading]:
    """Decode the reply of a classic board."""
    health = LinkHealth()
    scanner, judge = FrameScanner(health), Judge(health)
    data = reply("real_16s_sw11.262H_charging_10A")

    def decode() -> Reading:
        (frame,) = scanner.feed(data)
        fields = split(frame.info)
        return judge.check(from_fields(fields, 0.0), fields.values[CELLS])

    return decode


def newer() -> Callable[[], Reading]:
    """Decode the status of a board of the newer generation."""
    health = LinkHealth()
    scanner, judge = SpeechScanner(health), Judge(health)
    status = recorded_board("pb_real_16s_sw15.41_addr3").frames[2]
    if status is None:
        raise ValueError("the recording has no status")
    head = bytes.fromhex("031016200001")
    data = status + head + crc(head)

    def decode() -> Reading:
        spoken = next(each for each in scanner.feed(data) if isinstance(each, Spoken))
        return judge.check(from_status(spoken.data or b"", {}, 0.0))

    return decode


async def decoding() -> list[Figure]:
    """Measure all decoders; makes sure first that they decode."""
    frame = "one frame of a 16-cell pack to a reading"
    for name, make in (("JK classic", classic), ("JK newer", newer)):
        if len(make()().cell_voltages) != CELLS_OF_A_PACK:
            raise ValueError(f"{name} does not decode")
    return [
        figure(f"JK classic: {frame}", classic(), FRAMES, FRAME_BUDGET),
        figure(f"JK newer: {frame}", newer(), FRAMES, FRAME_BUDGET),
    ]
