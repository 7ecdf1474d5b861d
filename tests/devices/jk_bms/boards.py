"""Two boards of the newer generation on one bus, and what they can say wrong."""

from custom_components.cellwire.devices.device import Identity
from custom_components.cellwire.devices.jk_bms import modbus
from custom_components.cellwire.devices.jk_bms.modbus import BusDevice
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.jk_bms import Bus, BusBoard, recorded_board, resum

ABOUT, SETTINGS, STATUS = 3, 1, 2


def two_boards() -> dict[int, BusBoard]:
    return {
        1: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1"),
        3: recorded_board("pb_real_16s_sw15.41_addr3", "SERIAL3"),
    }


def device_on(bus: Bus, **serials: str | None) -> BusDevice:
    known = {key.removeprefix("a"): serial for key, serial in serials.items()}
    identity = Identity(variant=modbus.VARIANT, serials=known or {"1": "SERIAL1", "3": "SERIAL3"})
    return BusDevice(SerialLink(bus.wire.address, 115200), identity)


def strange(board: BusBoard, cell: int = 1) -> bytes:
    """Return a status that says 8.192 V of a cell, and nothing of it in the pack."""
    status = board.frames[STATUS]
    assert status is not None
    at = 4 + 2 * cell
    return resum(status[:at] + b"\x00\x20" + status[at + 2 :])
