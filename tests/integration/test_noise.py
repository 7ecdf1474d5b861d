"""What trembles is not written again and again, and what changes is."""

from homeassistant.core import HomeAssistant

from custom_components.cellwire.diagnostics import async_get_config_entry_diagnostics
from tests.bench import faults
from tests.bench.jk_bms import ClassicBoard, edit

from .conftest import CHARGING, AddEntry
from .steps import refresh, value

CELL = "sensor.jk_b1a24s15p_cell_{}_voltage"
LOWEST = "sensor.jk_b1a24s15p_lowest_cell"
EXTREMES = [
    f"sensor.jk_b1a24s15p_{name}"
    for name in ("highest_cell_voltage", "highest_cell", "cell_voltage_difference")
]
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
    assert await then(3320, 3320, 3314) == ["3.32", "3"]


async def test_what_is_shown_agrees(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    board.reply = board_with([3324, *MILLIVOLTS[1:]])
    entry = await add_entry("classic")
    for first, extremes in (
        ((3324, 3321), ("3.324", "1", "0.004")),
        ((3321, 3325), ("3.324", "1", "0.004")),
        ((3320, 3326), ("3.326", "2", "0.006")),
    ):
        board.reply = board_with([*first, *MILLIVOLTS[2:]])
        await refresh(hass, entry)
        cells = [value(hass, CELL.format(number)) for number in range(1, 17)]
        highest, number, difference = (value(hass, each) for each in EXTREMES)
        assert (highest, number, difference) == extremes
        assert max(cells) == cells[int(number) - 1] == highest


async def test_a_developer_sees_what_was_read_and_what_is_shown(
    hass: HomeAssistant, board: ClassicBoard, add_entry: AddEntry
) -> None:
    board.reply = board_with(MILLIVOLTS)
    entry = await add_entry("classic")
    board.reply = board_with([3321, *MILLIVOLTS[1:]])
    await refresh(hass, entry)
    data = await async_get_config_entry_diagnostics(hass, entry)
    read, shown = data["readings"]["bms"], data["shown"]["bms"]
    assert read["cell_voltages"][:2] == (3.321, 3.32)
    assert shown["cell_voltages"][:2] == (3.32, 3.32)
    assert read["energy_in"] is None
    assert shown["energy_in"] == 0.0
    assert "soc" in read
    assert "soc" not in shown


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
