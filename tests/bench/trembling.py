"""Lets the devices of the demo rest, charge and discharge, with values that tremble."""

from collections.abc import Callable, Sequence
from random import Random

from tests.e2e.devices import Device

from . import chargery, victron_charger
from .chargery import Bms
from .hubble_am2 import ChargingPack
from .icharger import SimulatedCharger
from .icharger_channel import NO_PLACE, PLACES, Channel
from .jk_bms import ClassicBoard
from .noisy_pack import USES, noisy_replies
from .victron_charger import Charger

# What a device does, by the names of tests/bench/noisy_pack.py.
type Phase = str
# Lets a device go on for a moment; called before each poll.
type Step = Callable[[Phase], None]

# A, and mV of a cell.
CURRENT_NOISE, CELL_NOISE = 0.15, 0.7
# Devices that talk do so this often, in seconds.
PERIOD = 0.02
# Registers of a channel of an iCharger, and what runs on it.
OUTPUT, CELLS = 6, 11
PROGRAMS = {"charging": "charge", "discharging": "discharge"}


def _current(phase: Phase, dice: Random) -> float:
    return dice.gauss(USES[phase].current, CURRENT_NOISE) if phase != "idle" else 0.0


def _cells(count: int, phase: Phase, dice: Random) -> list[int]:
    """Return cells in mV: each has an offset, and all follow the current."""
    middle = 3300 + USES[phase].current / 4
    return [round(dice.gauss(middle + 3 * (cell % 3), CELL_NOISE)) for cell in range(count)]


def _jk(board: ClassicBoard, dice: Random) -> Step:
    replies = {phase: noisy_replies(use, dice.randrange(1000)) for phase, use in USES.items()}

    def step(phase: Phase) -> None:
        board.reply = next(replies[phase])

    return step


def _chargery(bms: Bms, dice: Random) -> Step:
    bms.period = PERIOD
    modes = {"charging": chargery.CHARGE, "discharging": chargery.DISCHARGE}

    def step(phase: Phase) -> None:
        # At rest there is now and then a current whose direction is not told.
        current = abs(_current(phase, dice)) or dice.choice((0.0, 0.0, 0.3))
        mode = modes.get(phase, chargery.STORAGE)
        cells = _cells(16, phase, dice)
        bms.frames[0x57] = chargery.pack_frame(current, mode=mode, stopped=None)
        bms.frames[0x56] = chargery.cells_frame(cells, left=(2_600_000, 50_000))

    return step


def _victron(charger: Charger, dice: Random) -> Step:
    charger.period = PERIOD
    stages = {"idle": "6", "charging": "3", "discharging": "5"}

    def step(phase: Phase) -> None:
        # It can't discharge, so it holds the voltage instead.
        flow = {"idle": 0.03, "charging": 9.0, "discharging": 1.0}[phase]
        flows = [abs(dice.gauss(flow / number, 0.05)) for number in (1, 2, 3)]
        volts = [dice.gauss(27.6, 0.01) for _ in flows]
        fields = {f"V{number}": volt for number, volt in enumerate(volts, 1)}
        fields |= {f"I{number}": amperes for number, amperes in enumerate(flows, 1)}
        texts = {
            name.removesuffix("1"): str(round(100 * value) * 10) for name, value in fields.items()
        }
        charger.seconds[:] = [
            victron_charger.block(
                PID="0xA334",
                FWE="0342FF",
                SER=victron_charger.SERIAL,
                **texts,
                T="---",
                ERR="0",
                CS=stages[phase],
            )
        ]

    return step


def _tremble_as_pack(pack: ChargingPack, phases: list[Phase], dice: Random) -> None:
    still = pack.live(0.0)

    def live(seconds: float) -> list[int]:
        cells = _cells(13, phases[-1], dice)
        current = round(100 * _current(phases[-1], dice))
        return [current & 0xFFFF, round(sum(cells) / 10), *still[2:15], *cells, *still[28:]]

    pack.live = live  # type: ignore[method-assign]
    pack.delay = 0.0


def _hubble(packs: Sequence[ChargingPack], dice: Random) -> Step:
    phases: list[Phase] = ["idle"]
    for pack in packs:
        _tremble_as_pack(pack, phases, dice)
    return phases.append


def _tremble_as_channel(channel: Channel, dice: Random) -> None:
    measured = channel.registers

    def registers() -> list[int]:
        block = measured()
        for place in (OUTPUT, *range(CELLS, CELLS + PLACES)):
            if block[place] not in (0, NO_PLACE):
                block[place] += round(dice.gauss(0, CELL_NOISE))
        return block

    channel.registers = registers  # type: ignore[method-assign]


def _icharger(charger: SimulatedCharger, dice: Random) -> Step:
    for channel in charger.channels:
        _tremble_as_channel(channel, dice)
    seen: list[Phase] = []

    def step(phase: Phase) -> None:
        if seen[-1:] == [phase]:
            return
        seen.append(phase)
        for number, channel in enumerate(charger.channels, 1):
            while channel.run_status:
                charger.stop(number)
            if operation := PROGRAMS.get(phase):
                charger.start(number, operation)

    return step


def trembling(device: Device, seed: int) -> Step:
    """Return what lets a device of the demo tremble."""
    dice = Random(seed)  # noqa: S311
    match device.speakers:
        case (ClassicBoard() as board,):
            return _jk(board, dice)
        case (Bms() as bms,):
            return _chargery(bms, dice)
        case (Charger() as charger,):
            return _victron(charger, dice)
        case (SimulatedCharger() as charger,):
            return _icharger(charger, dice)
        case packs:
            return _hubble([pack for pack in packs if isinstance(pack, ChargingPack)], dice)
