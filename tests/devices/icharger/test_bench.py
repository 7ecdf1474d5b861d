"""The simulated charger itself: what a real one does with its flash, its locks and its limits."""

import pytest

from tests.bench.icharger import SimulatedCharger
from tests.bench.icharger_pack import Pack

UNLOCK, LOCKED = 0x55AA, 0


def ask(charger: SimulatedCharger, request: str) -> str:
    return charger.answer(bytes.fromhex(request)).hex()


def write(charger: SimulatedCharger, address: int, *values: int) -> bytes:
    data = b"".join(value.to_bytes(2) for value in values)
    head = bytes((0x10,)) + address.to_bytes(2) + len(values).to_bytes(2) + bytes((len(data),))
    return charger.answer(head + data)


def run(charger: SimulatedCharger, operation: int, slot: int, channel: int = 0) -> bytes:
    return write(charger, 0x8000, operation, slot, channel, UNLOCK, 1)


def stop(charger: SimulatedCharger, channel: int = 0) -> bytes:
    return write(charger, 0x8002, channel, UNLOCK, 0)


def test_an_answer_as_it_is_recorded() -> None:
    charger = SimulatedCharger()
    answer = ask(charger, "040000000d")
    assert answer == "041a0040353134303033303832320000083b07d0007600ad00000000"
    assert ask(charger, "038400001f") == "8303"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("040000000e", "8402"),
        ("0403000001", "8402"),
        ("040100001f", "8403"),
        ("0401000000", "8403"),
        ("0301000001", "8301"),
        ("0480000001", "8401"),
        ("0601000001", "8601"),
        ("10010000010200 01", "9002"),
    ],
)
def test_what_is_refused(request_: str, code: str) -> None:
    assert ask(SimulatedCharger(), request_) == code


def test_28_registers_can_be_written() -> None:
    charger = SimulatedCharger()
    assert write(charger, 0x8400, *[0] * 28)[0] == 0x10
    assert write(charger, 0x8400, *[0] * 29) == b"\x90\x03"
    assert charger.writes == 2


def test_ram_is_lost_by_reading_and_kept_by_an_order() -> None:
    charger = SimulatedCharger()
    write(charger, 0x8402, 450)
    assert charger.read(3, 0x8402, 1) == [500]
    write(charger, 0x8402, 450)
    write(charger, 0x8003, UNLOCK, 3)
    write(charger, 0x8003, LOCKED)
    assert charger.read(3, 0x8402, 1) == [450]
    write(charger, 0x8402, 400)
    # Without the lock the order is none.
    write(charger, 0x8004, 3)
    assert charger.read(3, 0x8402, 1) == [450]
    assert charger.memory.commits == 1


def test_presets_are_chosen_by_their_slot() -> None:
    charger = SimulatedCharger()
    write(charger, 0x8001, 7)
    assert charger.read(3, 0x8C00, 1) == [UNLOCK]
    write(charger, 0x8C00, 0)
    write(charger, 0x8003, UNLOCK, 5)
    assert charger.read(3, 0x8C00, 1) == [0]
    assert write(charger, 0x8001, 64) == b"\x90\x03"


def test_run_and_stop_twice() -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4))
    assert run(charger, 0, 7) == bytes.fromhex("1080000005")
    # A second start is not taken.
    assert run(charger, 0, 7) == b"\x90\x06"
    charger.advance(20)
    assert charger.read(4, 0x100 + 55, 1) == [7]
    assert charger.read(4, 11, 2) == [0x2D, 0]
    assert stop(charger) == bytes.fromhex("1080020003")
    assert charger.read(4, 0x100 + 55, 1) == [1]
    stop(charger)
    assert charger.read(4, 0x100 + 55, 1) == [0]
    assert charger.orders == [1, 1, 0, 0]
    assert charger.read(3, 0x8000, 7) == [0, 7, 0, UNLOCK, 0, 0, 0]


def test_operations_depend_on_the_chemistry() -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4, chemistry="nimh", balance=False))
    run(charger, 1, 3)
    charger.advance(20)
    assert charger.channels[0].current < 0
    charger.plug(2, Pack([0.5] * 4))
    run(charger, 2, 0, channel=1)
    charger.advance(20)
    assert charger.channels[1].current < 0


def test_an_error_is_left_by_stop() -> None:
    charger = SimulatedCharger()
    run(charger, 0, 0)
    charger.advance(5)
    assert charger.read(4, 0x100 + 55, 2) == [41, 0x1403]
    assert charger.read(4, 11, 1) == [0x2A]
    stop(charger)
    assert charger.read(4, 0x100 + 55, 2) == [0, 0]


def test_other_orders() -> None:
    charger = SimulatedCharger()
    for order in (6, 7, 8, 9):
        assert write(charger, 0x8003, UNLOCK, order)[0] == 0x10
    for order in (2, 10):
        assert write(charger, 0x8003, UNLOCK, order) == b"\x90\x03"


def test_the_discharge_power_is_limited() -> None:
    charger = SimulatedCharger("308 DUO")
    charger.memory.system.flash[36] = 80
    charger.plug(1, Pack([0.9] * 8))
    charger.memory.presets[0].flash[50] = 500
    charger.start(1, "discharge")
    charger.advance(60)
    current = charger.channels[0].current
    assert current == pytest.approx(-80 / (8 * 4.1), rel=0.05)
    assert charger.channels[0].control == 4


def test_storage_goes_either_way() -> None:
    for soc, status in ((0.1, 7), (0.9, 13)):
        charger = SimulatedCharger()
        pack = Pack([soc] * 4, capacity=1.0)
        charger.plug(1, pack)
        charger.start(1, "storage", slot=1)
        charger.advance(10)
        assert charger.channels[0].run_status == status
        charger.advance(7200)
        assert charger.channels[0].run_status == 40
        assert pack.voltage() / 4 == pytest.approx(3.75, abs=0.05)


def test_a_cycle_charges_and_discharges() -> None:
    charger = SimulatedCharger()
    charger.plug(1, Pack([0.5] * 4, capacity=0.5))
    charger.start(1, "cycle", slot=1)
    seen = []
    while charger.channels[0].runs:
        charger.advance(10)
        seen.append(charger.channels[0].run_status)
    changes = [b for a, b in zip([0, *seen], seen, strict=False) if a != b]
    assert changes == [7, 13, 7, 13, 7, 13, 40]


def test_time_passes_by_a_clock() -> None:
    now = [100.0]
    charger = SimulatedCharger(clock=lambda: now[0], speed=60)
    charger.plug(1, Pack([0.5] * 4))
    charger.start(1, "charge")
    now[0] += 1
    registers = charger.read(4, 0x100, 30)
    assert registers[:2] == [60000, 0]
    assert registers[4] > 0
