"""What trembles is not written again and again, and what changes is."""

from homeassistant.core import HomeAssistant

from tests.bench import faults
from tests.bench.jk_bms import ClassicBoard, edit

from .conftest import CHARGING, AddEntry
from .steps import refresh, value

CELL = "sensor.jk_b1a24s15p_cell_{}_voltage"
LOWEST = "sensor.jk_b1a24s15p_lowest_cell"
MILLIVOLTS = [3320] * 16


def board_with(millivolts: list[int]) -> bytes:
    return edit(CHARGING, {0x83: f"{sum(millivolts) // 10:04X}"}, millivolts)


async def test_cells(hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry) -> None:
    board.reply = board_with([3319, *MILLIVOLTS[1:]])
    entry = await add_entry("classic")
    assert [value(hass, each) for each in (CELL.format(2), LOWEST)] == ["3.32", "1"]

    async def then(*first: int) -> list[str]:
        board.reply = board_with([*first, *MILLIVOLTS[len(first) :]])
        await refresh(hass, entry)
        return [value(hass, each) for each in (CELL.format(2), LOWEST)]

    assert await then(3320, 3318) == ["3.32", "1"]
    assert await then(3319, 3321) == ["3.32", "1"]
    assert await then(3320, 3310) == ["3.31", "2"]
    assert await then(3320, 3311) == ["3.31", "2"]
    assert await then(3320, 3320, 3315) == ["3.32", "3"]


async def test_a_lowest_cell_that_is_gone(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    board.reply = board_with([*MILLIVOLTS[1:], 3300])
    entry = await add_entry("classic")
    assert value(hass, LOWEST) == "16"
    # A count of cells is believed when it came a few times.
    board.reply = board_with([3300, *MILLIVOLTS[9:]])
    for _ in range(4):
        await refresh(hass, entry)
    assert value(hass, LOWEST) == "1"


async def test_what_is_back_is_shown_whatever_it_is(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    board.reply = board_with(MILLIVOLTS)
    entry = await add_entry("classic")
    board.fault = faults.silent
    await refresh(hass, entry)
    assert value(hass, CELL.format(1)) == "unavailable"
    board.fault = faults.none
    board.reply = board_with([3321, *MILLIVOLTS[1:]])
    await refresh(hass, entry)
    assert value(hass, CELL.format(1)) == "3.321"
