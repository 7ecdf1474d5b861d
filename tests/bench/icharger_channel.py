"""One channel of a simulated charger: a pack, a program, and the registers that tell of both."""

from .icharger_pack import Pack
from .icharger_program import BALANCE, CHARGE, DISCHARGE, Program, to_program

IDLE, STOPPED, START, CHECK, DONE, FAILED = 0, 1, 5, 6, 40, 41
AT_REST = (IDLE, STOPPED, DONE, FAILED)
# How long it starts and checks, and how fast the current grows afterwards, in s and A/s.
STARTING, CHECKED, RAMP = 1.0, 4.0, 0.2
RESISTANCES_AFTER, RESISTANCES_EVERY = 5.0, 120.0
CELL_VOLTAGE, OUTPUT_CURRENT, OUTPUT_POWER = 2, 3, 4
PLACES, NO_PLACE = 16, 1024
STEP = 1.0
# How strongly high cells are drained while they are balanced, in A, and what is equal, in V.
BLEED, EQUAL, STRENGTH = 1.0, 0.003, 8
SIGNS = {CHARGE: 1, DISCHARGE: -1, BALANCE: 0}


def low_word_first(number: int) -> list[int]:
    """Split a 32-bit number, negative ones included."""
    return [number & 0xFFFF, number >> 16 & 0xFFFF]


class Channel:
    """A channel with places for some cells; `floating` is what an open output reads, in mV."""

    def __init__(self, places: int, floating: int) -> None:
        """Be idle, with nothing plugged in."""
        self.places = places
        self.floating = floating
        self.pack: Pack | None = None
        self.run_status, self.control, self.error, self.dialog = IDLE, 0, 0, 0
        self.current = self.elapsed = self.charge = 0.0
        # In 0.1 mΩ, as measured last.
        self.resistances: list[int] = []
        self.line_resistance = 0
        # Power limits in W, and the supply in mV.
        self.power: dict[int, float] = {CHARGE: 1200.0, DISCHARGE: 130.0}
        self.input_voltage = 24173
        # How long it starts and checks, in s.
        self.starting, self.checked = STARTING, CHECKED
        self._program: Program | None = None
        self._phase = 0
        self._measure_at = 0.0

    @property
    def runs(self) -> bool:
        """Whether a program is under way."""
        return self.run_status not in AT_REST

    @property
    def word(self) -> int:
        """The status word."""
        if self.runs:
            return 0x2D
        return {IDLE: 0x20 if self.pack else 0, FAILED: 0x2A}.get(self.run_status, 0x29)

    def run(self, operation: int, preset: list[int]) -> None:
        """Begin a program: what does not fit shows after the check, as on the real one."""
        self._program = to_program(operation, preset, self.pack)
        self._phase = 0
        self.current = self.elapsed = self.charge = 0.0
        self._measure_at = self.checked + RESISTANCES_AFTER
        self.run_status, self.error = START, 0

    def stop(self) -> None:
        """Stop the program; the second time leave the screen that says so."""
        self._rest(STOPPED if self.runs else IDLE)

    def fail(self, code: int) -> None:
        """End with an error."""
        self._rest(FAILED)
        self.error = code

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        while seconds > 1e-9:
            step = min(STEP, seconds)
            self._step(step)
            seconds -= step

    def registers(self) -> list[int]:
        """Return the block of the channel."""
        seen = self.pack if self.pack and self.pack.balance else None
        cells = [round(1000 * volts) for volts in seen.voltages(self.current)] if seen else []
        output = self.floating
        if self.pack and self.pack.main:
            output = round(1000 * self.pack.voltage(self.current))
        power = round(output * self.current / 10)
        strengths = self._strengths()
        return [
            *low_word_first(round(1000 * self.elapsed)),
            *low_word_first(power),
            round(100 * self.current) & 0xFFFF,
            self.input_voltage,
            output,
            *low_word_first(round(1000 * self.charge)),
            250 + round(abs(power) / 500),
            0,
            *self._places(cells),
            *(strengths[at] | strengths[at + 1] << 8 for at in range(0, PLACES, 2)),
            *self._places(self.resistances),
            sum(self.resistances),
            self.line_resistance,
            0,
            self.control,
            self.run_status,
            self.error,
            self.dialog,
        ]

    def _places(self, values: list[int]) -> list[int]:
        known = values + [0] * (self.places - len(values))
        return known + [NO_PLACE] * (PLACES - self.places)

    def _rest(self, run_status: int) -> None:
        self.run_status = run_status
        self.current, self.control, self.error = 0.0, 0, 0
        self._program = None

    def _step(self, seconds: float) -> None:
        program, pack = self._program, self.pack
        if program is None:
            if pack:
                pack.step(0.0, seconds)
            return
        self.elapsed += seconds
        if self.elapsed <= self.checked:
            self.run_status = START if self.elapsed <= self.starting else CHECK
            return
        if program.error or pack is None:
            self.fail(program.error)
            return
        phase, voltage = program.phases[self._phase]
        self.run_status = phase
        if phase == BALANCE:
            self._balance(pack, seconds)
        else:
            self._drive(program, pack, phase, voltage, seconds)

    def _drive(
        self, program: Program, pack: Pack, phase: int, voltage: float, seconds: float
    ) -> None:
        """Let the current flow that the limits allow; the phase ends when the cells take little."""
        sign, wanted = SIGNS[phase], program.currents[phase]
        limits = {
            OUTPUT_CURRENT: min(wanted, abs(self.current) + RAMP * seconds),
            OUTPUT_POWER: self.power[phase] / pack.voltage(),
            CELL_VOLTAGE: max(0.0, min(sign * cell.current_for(voltage) for cell in pack.cells)),
        }
        self.control = min(limits, key=limits.__getitem__)
        flow = limits[self.control]
        self.current = sign * flow
        pack.step(self.current, seconds)
        self.charge += self.current * seconds / 3600
        if self.elapsed >= self._measure_at and flow:
            self._measure(pack)
        if self.control == CELL_VOLTAGE and flow <= wanted * program.ends[phase]:
            self._next_phase(program)

    def _balance(self, pack: Pack, seconds: float) -> None:
        for cell, strength in zip(pack.cells, self._strengths(), strict=False):
            cell.step(-BLEED if strength else 0.0, seconds)
        if not any(self._strengths()):
            self._next_phase(self._program)

    def _next_phase(self, program: Program | None) -> None:
        self._phase += 1
        self.current = 0.0
        if program is None or self._phase == len(program.phases):
            self._rest(DONE)

    def _measure(self, pack: Pack) -> None:
        self._measure_at = self.elapsed + RESISTANCES_EVERY
        self.resistances = [round(10 * cell.resistance) for cell in pack.cells]
        self.line_resistance = round(10 * pack.leads)

    def _strengths(self) -> list[int]:
        strengths = [0] * PLACES
        if self.run_status in (CHARGE, BALANCE) and self.pack and self.pack.balance:
            voltages = [cell.rest_voltage for cell in self.pack.cells]
            for at, voltage in enumerate(voltages):
                strengths[at] = STRENGTH if voltage > min(voltages) + EQUAL else 0
        return strengths
