"""What may be written at all, and how it looks on the wire."""

import pytest

from custom_components.cellwire.devices.vedirect.hex import Command, parse
from custom_components.cellwire.devices.vedirect.products import PRODUCTS, rated_current
from custom_components.cellwire.devices.vedirect.questions import Question
from custom_components.cellwire.devices.vedirect.writing import setting as make_setting
from custom_components.cellwire.devices.victron_charger.controls import to_raw
from custom_components.cellwire.devices.victron_charger.writing import WRITABLE
from tests.bench.captures import capture

VECTORS = capture("victron_charger", "06_hex_command_vectors")
LIMIT = 0xEDF0


def setting(register: int, raw: int) -> Question:
    return make_setting(WRITABLE, register, raw)


def frame(register: int, amperes: float) -> str:
    return setting(register, to_raw(amperes)).frame.decode()


@pytest.mark.parametrize("row", VECTORS["set_0xEDF0"]["rows"], ids=lambda row: str(row["amps"]))
def test_the_frames_of_the_vectors(row: dict[str, float]) -> None:
    assert frame(LIMIT, row["amps"]) == f"{row['request']}\n"


def test_every_step_of_every_model_makes_the_right_frame() -> None:
    highest = max(rated_current(product) or 0.0 for product in PRODUCTS)
    for raw in range(round(highest * 10) + 1):
        # Written down by hand: two digits for each byte, low byte first, the check byte last.
        low, high = raw % 256, raw // 256
        expected = f":8F0ED00{low:02X}{high:02X}{(0x70 - low - high) % 256:02X}\n"
        assert frame(LIMIT, raw / 10) == expected
        back = parse(expected.strip().encode())
        assert back is not None
        assert (back.command, back.register) == (Command.SET, LIMIT)
        assert int.from_bytes(back.value, "little") == raw


@pytest.mark.parametrize("row", VECTORS["script_faults"]["rows"], ids=lambda row: str(row["amps"]))
def test_the_faults_of_a_published_script_are_not_repeated(row: dict[str, float | str]) -> None:
    if row["correct_frame"] is None:
        with pytest.raises(ValueError, match="EDF0"):
            frame(LIMIT, float(row["amps"]))
    else:
        assert frame(LIMIT, float(row["amps"])) == f"{row['correct_frame']}\n"


def test_other_commands_of_the_vectors() -> None:
    texts = {row["what"]: row["request"] for row in VECTORS["other_requests"]["rows"]}
    assert frame(0x2015, 12.5).strip() == texts["set volatile current limit 0x2015 to 12.5 A"]
    network = setting(0x200E, 5).frame.decode().strip()
    assert network == texts["set network mode 0x05 external control"]
    off = setting(0x0200, 4).frame.decode().strip()
    assert off == texts["set device mode off 4 (IP43; IP22 refuses)"]


@pytest.mark.parametrize(
    ("register", "raw"),
    [
        (0xEDF0, 0xFFFF),
        (0xEDF0, -1),
        (0x2015, 0xFFFF),
        (0x200E, 0x09),
        (0x200E, 0x0D),
        (0x0200, 0),
        (0x0200, 0xFD),
    ],
)
def test_what_a_register_must_not_hold_makes_no_command(register: int, raw: int) -> None:
    with pytest.raises(ValueError, match=f"{register:04X}"):
        setting(register, raw)


@pytest.mark.parametrize("register", [0x0004, 0x0090, 0x1030, 0xEDF1, 0xEDE8, 0x0206, 0xE001])
def test_no_other_register_can_be_written(register: int) -> None:
    with pytest.raises(KeyError):
        setting(register, 0)


def test_the_list_of_what_can_be_written() -> None:
    assert WRITABLE.keys() == {0xEDF0, 0x2015, 0x200E, 0x0200}
    assert {number for number, writable in WRITABLE.items() if writable.stored} == {0xEDF0, 0x0200}
