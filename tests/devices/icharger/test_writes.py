"""The table of all that may be written, and that nothing else can be."""

from pathlib import Path

from hypothesis import given, strategies as st
import pytest

from custom_components.cellwire.devices.icharger import writes
from custom_components.cellwire.devices.icharger.writes import BLOCKS, is_order
from tests.bench.icharger import SimulatedCharger

from .conftest import MakeDevice

FOLDER = Path(writes.__file__).parent


@pytest.mark.parametrize(
    ("address", "values"),
    [
        (0x8001, (63,)),
        (0x8000, (4, 63, 1, 0x55AA, 1)),
        (0x8002, (1, 0x55AA, 0)),
        (0x8003, (0x55AA, 3)),
        (0x8003, (0x55AA, 5)),
        (0x8003, (0,)),
    ],
)
def test_what_may_be_written(address: int, values: tuple[int, ...]) -> None:
    assert is_order(address, values)
    assert not is_order(address + 1, values)
    assert not is_order(address, (*values, 0))


@pytest.mark.parametrize(
    ("address", "values"),
    [
        (0x8001, (64,)),
        (0x8000, (5, 0, 0, 0x55AA, 1)),
        (0x8000, (0, 0, 2, 0x55AA, 1)),
        # MODIFY, a new list, the log off, dialogs.
        (0x8002, (0, 0x55AA, 2)),
        (0x8003, (0x55AA, 2)),
        (0x8003, (0x55AA, 4)),
        (0x8003, (0x55AA, 7)),
        (0x8002, (0, 0x55AA, 8)),
        (0x8003, (0x55AA,)),
        (0x8800, (7,)),
    ],
)
def test_what_may_not(address: int, values: tuple[int, ...]) -> None:
    assert not is_order(address, values)


@given(st.integers(0, 0xFFFF), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=28))
def test_anything_else_is_refused(address: int, values: list[int]) -> None:
    if is_order(address, values):
        assert address in range(0x8000, 0x8004)
        assert len(values) <= 5


def test_only_settings_of_old_duos_and_presets_are_blocks() -> None:
    assert {address: sorted(sizes) for address, sizes in BLOCKS.items()} == {
        0x8400: [59, 60],
        0x8C00: [84, 87, 96],
    }


async def test_other_sizes_and_orders_can_not_be_written(make_device: MakeDevice) -> None:
    charger = SimulatedCharger()
    device = make_device(charger)
    await device.start()
    with pytest.raises(ValueError, match="78 registers are no block at 0x8400"):
        await device.conversation.writes.fill(0x8400, [0] * 78)
    with pytest.raises(KeyError):
        await device.conversation.writes.fill(0x8800, [0] * 33)
    with pytest.raises(ValueError, match="may not be written at 0x8001"):
        await device.conversation.writes.select(64)
    assert charger.writes == 0


def test_there_is_no_other_way_to_write() -> None:
    writing = [path.name for path in FOLDER.glob("*.py") if "registers.write(" in path.read_text()]
    assert writing == ["writes.py"]
