"""A dead cell is shown as what it is, in both generations."""

from collections.abc import Callable
import struct

import pytest

from custom_components.cellwire.devices.jk_bms.cells import to_cells
from custom_components.cellwire.devices.jk_bms.fields import CELLS
from custom_components.cellwire.devices.jk_bms.modbus_reading import to_reading
from custom_components.cellwire.devices.jk_bms.plausible import Judge
from custom_components.cellwire.devices.model import Reading
from custom_components.cellwire.links.health import LinkHealth
from tests.bench.captures import reply
from tests.bench.jk_bms import edit, recorded_board, resum

from .test_reading import fields_of, reading_of

type Board = Callable[[list[int], int], Reading]

HEALTHY = 3300
STATUS = 2


def shown_by_a_classic_board(cells: list[int], pack: int, **fields: str) -> Reading:
    values = {int(name, 16): value for name, value in fields.items()} | {0x83: f"{pack:04X}"}
    data = edit(reply("real_16s_sw11.262H_charging_10A"), values, cells)
    return Judge(LinkHealth()).check(reading_of(data), fields_of(data).values[CELLS])


def shown_by_a_newer_board(cells: list[int], pack: int, present: int = 0xFFFF) -> Reading:
    frame = recorded_board("pb_real_16s_sw15.41_addr3").frames[STATUS]
    assert frame
    data = bytearray(frame)
    struct.pack_into("<32HI", data, 6, *cells, *(32 - len(cells)) * [0], present)
    struct.pack_into("<I", data, 6 + 0x90, 10 * pack)
    return Judge(LinkHealth()).check(to_reading(resum(bytes(data)), {}, 0.0))


def with_cell_13_at(millivolts: int) -> list[int]:
    return [*12 * [HEALTHY], millivolts, *3 * [HEALTHY]]


@pytest.mark.parametrize("board", [shown_by_a_classic_board, shown_by_a_newer_board])
@pytest.mark.parametrize("millivolts", [499, 300, 1, 0])
def test_a_dead_cell_is_the_lowest(board: Board, millivolts: int) -> None:
    reading = board(with_cell_13_at(millivolts), 4950 + millivolts // 10)
    assert reading.cell_voltages[12] == millivolts / 1000
    assert (reading.cell_voltage_min, reading.cell_min_number) == (millivolts / 1000, 13)
    assert reading.cell_voltage_delta == pytest.approx(3.3 - millivolts / 1000)
    assert reading.voltage == pytest.approx(49.5 + millivolts / 1000, abs=0.01)


@pytest.mark.parametrize("number", [1, 16])
@pytest.mark.parametrize("board", [shown_by_a_classic_board, shown_by_a_newer_board])
def test_a_dead_cell_at_either_end(board: Board, number: int) -> None:
    cells = 16 * [HEALTHY]
    cells[number - 1] = 0
    assert board(cells, 4950).cell_min_number == number


@pytest.mark.parametrize("board", [shown_by_a_classic_board, shown_by_a_newer_board])
def test_a_cell_that_was_not_measured_is_unknown(board: Board) -> None:
    """The pack has its voltage all the same."""
    reading = board(with_cell_13_at(0), 5280)
    assert reading.cell_voltages[12] is None
    assert reading.cell_voltage_delta == 0.0


def test_inputs_without_a_cell_are_none() -> None:
    cells = [*14 * [HEALTHY], 0, 0]
    for fields in ({"A9": "0E"}, {"A9": "00", "8A": "000E"}, {"A9": "00", "8A": "0000"}):
        reading = shown_by_a_classic_board(cells, 4620, **fields)
        assert reading.cell_voltages == (*14 * [3.3], None, None)
    # Other boards count them out by bits.
    assert shown_by_a_newer_board(cells, 4620, 0x3FFF).cell_voltages == (*14 * [3.3],)
    assert shown_by_a_newer_board(with_cell_13_at(0), 4950, 0xEFFF).cell_voltages[12] is None


def test_no_cell_was_measured_at_all() -> None:
    assert to_cells([0, 0], 0b11, 0.0) == (None, None)
    assert to_cells([], 0, None) == ()


def test_without_a_pack_voltage_nothing_speaks_against_a_dead_cell() -> None:
    assert to_cells([3300, 0, 3300], 0b111, None) == (3.3, 0.0, 3.3)
