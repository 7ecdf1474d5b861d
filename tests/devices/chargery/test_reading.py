"""Frames joined to a reading: cells and places, signs, ages, and what each version can say."""

import pytest

from custom_components.cellwire.devices.chargery.frame import Command, Frame, FrameScanner
from custom_components.cellwire.devices.chargery.reading import Latest, to_reading, to_unit
from custom_components.cellwire.devices.model import Reading, Status, has_problem, worst_alarm
from tests.bench.captures import capture
from tests.bench.chargery import (
    CHARGE,
    DISCHARGE,
    STORAGE,
    cells_frame,
    pack_frame,
    recorded,
    resistances_frame,
)

NOW = 1000.0


def heard(*frames: bytes, at: float = NOW) -> Latest:
    latest = Latest()
    for frame in frames:
        latest.add(Frame(Command(frame[2]), frame), at)
    return latest


def heard_stream(stream: bytes) -> Latest:
    latest = Latest()
    for frame in FrameScanner().feed(stream):
        if frame.command is not Command.SPACER:
            latest.add(frame, NOW)
    return latest


def read(*frames: bytes) -> Reading:
    return to_reading(heard(*frames), NOW)


def test_a_recorded_pack_of_16_cells() -> None:
    latest = heard_stream(recorded("real_v1_25_frames_16s"))
    reading = to_reading(latest, NOW)
    assert reading.status is Status.CHARGING
    assert (reading.current, reading.soc) == (22.8, 91)
    assert reading.voltage == 53.294
    assert reading.power == pytest.approx(53.294 * 22.8, abs=0.01)
    assert reading.remaining_capacity == 922.723
    assert (reading.cell_voltage_min, reading.cell_min_number) == (3.323, 14)
    assert (reading.cell_voltage_max, reading.cell_max_number) == (3.343, 15)
    assert reading.cell_voltage_delta == 0.02
    assert reading.temperatures == {"1": 13.1, "2": 13.2}
    assert reading.cell_resistances[:4] == (0.1, 0.3, 0.3, 0.3)
    # Below the resolution is not missing.
    assert reading.cell_resistances[6] == 0.0
    assert reading.alarms is None
    assert reading.values == {
        "current_magnitude": 22.8,
        "cell_overvoltage_protection": 3.62,
        "cell_undervoltage_protection": None,
        "remaining_energy": 47578.742,
        "resistance_current": 22.8,
        "cell_count_setting": 16,
    }
    unit = to_unit(latest)
    assert (unit.manufacturer, unit.model, unit.firmware) == (
        "Chargery",
        "BMS16T",
        "protocol V1.24-V1.25",
    )
    assert unit.serial is None
    assert has_problem(unit, reading) is None


def test_a_recorded_bench_with_three_cells_and_no_probes() -> None:
    latest = heard_stream(recorded("real_v1_22_stream_16slots_3cells"))
    reading = to_reading(latest, NOW)
    assert reading.cell_voltages == (3.932, 3.948, 3.94, *[None] * 13)
    assert reading.voltage == 11.82
    assert (reading.current, reading.status) == (-1.0, Status.DISCHARGING)
    assert reading.temperatures == {"1": None, "2": None}
    assert reading.raw["temperature_1"] == reading.raw["temperature_2"] == "FF21"
    assert reading.soc == 0
    assert (reading.remaining_capacity, reading.values["remaining_energy"]) == (None, None)
    assert to_unit(latest).firmware == "protocol V1.22-V1.23"


def test_a_recorded_model_with_8_places() -> None:
    latest = heard_stream(recorded("real_8slots_stream_with_two_truncated_frames"))
    reading = to_reading(latest, NOW)
    assert to_unit(latest).model == "BMS8T"
    assert (reading.current, reading.soc) == (-2.3, 100)
    assert reading.cell_voltage_max == 3.604
    assert reading.temperatures == {"1": 22.1, "2": 28.2}


def test_a_recorded_model_with_24_places() -> None:
    (frame,) = capture("chargery", "real_v1_26_0x56_24slots")["frames"]
    reading = read(bytes.fromhex(frame["hex"]))
    assert reading.cell_voltages[:4] == (None, None, 1.152, 2.169)
    assert len(reading.cell_voltages) == 24
    assert (reading.values["remaining_energy"], reading.remaining_capacity) == (500.0, 10.0)


def test_places_without_a_cell_make_no_cells() -> None:
    vector = capture("chargery", "constructed_vectors")["vectors"]["v1_26_24slots_22cells"]
    latest = heard_stream(bytes.fromhex(vector["stream_hex"]))
    reading = to_reading(latest, NOW)
    assert reading.cell_voltages[21:] == (3.331, None, None)
    assert reading.voltage == pytest.approx(sum(range(3310, 3332)) / 1000)
    assert to_unit(latest).model == "BMS24T"
    assert to_unit(latest).firmware == "protocol V1.26"


def test_resistances_tell_how_many_cells_there_are() -> None:
    cells = cells_frame([3300, 400, 3301, 3302, 25, 0, 3, 1], left=(1, 1))
    assert read(pack_frame(), cells).cell_voltages == (3.3, None, 3.301, 3.302, *[None] * 4)
    told = read(pack_frame(), cells, resistances_frame([5] * 4))
    # A dying cell does not vanish.
    assert told.cell_voltages == (3.3, 0.4, 3.301, 3.302)
    assert (told.voltage, told.cell_min_number) == (10.303, 2)
    assert told.values["cell_count_setting"] == 4
    assert told.raw["places"] == 8


def test_more_resistances_than_places_say_nothing_of_the_cells() -> None:
    cells = cells_frame([3300] * 4 + [0] * 4, left=(1, 1))
    reading = read(pack_frame(), cells, resistances_frame([5] * 16))
    assert reading.cell_voltages == (*[3.3] * 4, *[None] * 4)
    assert len(reading.cell_resistances) == 16


def test_a_cell_that_cannot_be_true_is_no_part_of_a_total() -> None:
    reading = read(pack_frame(), cells_frame([3300, 9999, 3300, 3300], left=(1, 1)))
    assert reading.cell_voltages == (3.3, None, 3.3, 3.3)
    assert (reading.voltage, reading.power) == (None, None)
    assert reading.raw["refused"] == "cell_2"


@pytest.mark.parametrize(
    ("mode", "magnitude", "current", "status"),
    [
        (CHARGE, 45.5, 45.5, Status.CHARGING),
        (DISCHARGE, 123.4, -123.4, Status.DISCHARGING),
        (DISCHARGE, 0.0, 0.0, Status.DISCHARGING),
        (STORAGE, 0.0, 0.0, Status.IDLE),
        (STORAGE, 0.3, None, Status.IDLE),
        (7, 10.0, None, None),
    ],
)
def test_the_mode_gives_the_current_its_sign(
    mode: int, magnitude: float, current: float | None, status: Status | None
) -> None:
    reading = read(pack_frame(magnitude, mode=mode), cells_frame([3300] * 8, left=(1, 1)))
    assert str(reading.current) == str(current)
    assert reading.status is status
    assert reading.values["current_magnitude"] == magnitude
    assert reading.raw["mode"] == mode
    assert (reading.power is None) is (current is None)


@pytest.mark.parametrize(("mode", "current"), [(CHARGE, 22.8), (DISCHARGE, -22.8), (STORAGE, None)])
def test_resistances_know_the_current_they_were_measured_at(
    mode: int, current: float | None
) -> None:
    assert read(resistances_frame([5] * 4, mode=mode)).values["resistance_current"] == current


@pytest.mark.parametrize(
    ("stopped", "active", "worst"),
    [
        (None, None, None),
        ((0, 0), frozenset(), "no_alarm"),
        ((1, 0), {"overcharge_protection"}, "overcharge_protection"),
        ((0, 1), {"overdischarge_protection"}, "overdischarge_protection"),
        ((2, 1), {"overdischarge_protection"}, "overdischarge_protection"),
        ((2, 0), None, None),
    ],
)
def test_protections(
    stopped: tuple[int, int] | None, active: set[str] | None, worst: str | None
) -> None:
    latest = heard(pack_frame(stopped=stopped))
    reading = to_reading(latest, NOW)
    assert reading.alarms == active
    assert worst_alarm(to_unit(latest), reading.alarms) == worst
    assert has_problem(to_unit(latest), reading) is (None if active is None else bool(active))


def test_the_oldest_version() -> None:
    latest = heard(pack_frame(soc=None, stopped=None), cells_frame([3300] * 16))
    reading = to_reading(latest, NOW)
    assert (reading.voltage, reading.soc, reading.remaining_capacity) == (52.8, None, None)
    assert to_unit(latest).firmware == "protocol V1.21"


def test_the_charge_comes_from_the_cells_where_the_pack_values_do_not_say() -> None:
    cells = cells_frame([3300] * 8, soc=77)
    assert read(cells).soc == 77
    assert read(pack_frame(soc=255, stopped=None), cells).soc == 77
    assert read(pack_frame(soc=78, stopped=None), cells).soc == 78


def test_what_was_not_repeated_is_dropped() -> None:
    latest = heard(pack_frame(), cells_frame([3300] * 8, left=(1, 1)), resistances_frame([5] * 8))
    fresh = to_reading(latest, NOW + 10)
    assert (fresh.current, fresh.voltage) == (10.0, 26.4)
    older = to_reading(latest, NOW + 10.1)
    assert (older.current, older.soc, older.status, older.alarms) == (None, None, None, None)
    assert (older.temperatures, older.voltage, older.power) == ({}, 26.4, None)
    old = to_reading(latest, NOW + 12.1)
    assert (old.cell_voltages, old.voltage, old.remaining_capacity) == ((), None, None)
    # They come when the current turns, which may be tomorrow.
    assert to_reading(latest, NOW + 1e5).cell_resistances == (0.5,) * 8
    # A layout does not age, nor does the model.
    assert to_unit(latest).model == "BMS8T"


def test_a_reading_is_as_old_as_its_newest_part() -> None:
    latest = heard(cells_frame([3300] * 8, left=(1, 1)), at=NOW - 5)
    latest.add(Frame(Command.PACK, pack_frame()), NOW - 1)
    latest.add(Frame(Command.RESISTANCES, resistances_frame([5] * 8)), NOW)
    assert to_reading(latest, NOW).at == NOW - 1


def test_a_new_connection_keeps_nothing_but_young_resistances() -> None:
    latest = heard(pack_frame(), cells_frame([3300] * 8, soc=1), resistances_frame([5] * 8))
    soon = latest.renewed(NOW + 60, 60)
    assert to_reading(soon, NOW + 60).cell_resistances == (0.5,) * 8
    assert to_reading(soon, NOW + 60).cell_voltages == ()
    assert soon.layout is None
    for later in (latest.renewed(NOW + 61, 60), soon.renewed(NOW, 60), Latest().renewed(NOW, 60)):
        assert to_reading(later, NOW).cell_resistances == ()


def test_nothing_was_heard() -> None:
    reading = read()
    assert (reading.current, reading.voltage, reading.soc, reading.alarms) == (None,) * 4
    assert reading.raw == {"layout": "unknown"}
    assert to_unit(Latest()).model is None
    assert to_unit(heard(cells_frame([3300] * 22, left=(1, 1)))).model is None


def test_what_is_repeated_is_decoded_once_and_as_new_as_its_repetition() -> None:
    latest = heard(pack_frame(), cells_frame([3300] * 8, soc=50))
    pack, cells = latest.pack(NOW), latest.cells(NOW)
    for second in range(1, 60):
        repeated = Frame(Command.PACK, pack_frame())
        assert latest.add(repeated, NOW + second) is False
    assert latest.pack(NOW + 60) is pack
    assert latest.cells(NOW + 5) is cells
    assert latest.cells(NOW + 60) is None
    assert latest.add(Frame(Command.PACK, pack_frame(11.0)), NOW + 60) is True
    assert to_reading(latest, NOW + 60).current == 11.0


def test_cells_are_laid_out_anew_when_the_version_changes() -> None:
    # 21 bytes: 4 cells of a newer version, or 8 of the oldest.
    ambiguous = cells_frame([3300] * 8)
    latest = heard(ambiguous)
    assert latest.places is None
    latest.add(Frame(Command.PACK, pack_frame(soc=None, stopped=None)), NOW)
    assert latest.places == 8
    latest.add(Frame(Command.PACK, pack_frame()), NOW)
    assert latest.places == 4
