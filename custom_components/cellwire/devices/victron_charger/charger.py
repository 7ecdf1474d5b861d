"""The conversation with a charger: it talks by itself, and is asked for what it does not say."""

import asyncio
from collections.abc import Container
from dataclasses import replace
import logging
import time
from typing import Any, override

from ...links.errors import CellwireError
from ...links.health import Direction
from ...links.link import Link
from ..device import Identity, Readings
from ..errors import NoAnswer, OtherDevice
from ..model import Reading, Status
from ..streaming import StreamingDevice
from ..thrift import Thrift
from . import codes
from .controls import PAUSE, Panel, find_limit
from .hex import Answer, HexFrame
from .products import is_charger, product_name
from .questions import PACE, Question, Questions
from .reading import MEMORY_WRITES, MEMORY_WRITES_LEFT, UNIT, to_reading, to_unit
from .redact import redact_block, redact_frame, scrub
from .registers import MODE, REGISTERS
from .samples import NO_TEXT, Samples, Text
from .stream import Block, StreamParser
from .supply import Supply
from .writing import DEVICE_MODE

_LOGGER = logging.getLogger(__name__)

NAME = "Victron Blue Smart charger"
VARIANT = "vedirect"
# Any valid block or frame within this time means that the charger is there, in seconds.
ALIVE = 10.0
# Without mains it is gone sooner: what it said last is not true any more.
ALIVE_WITHOUT_MAINS = 3.0
SERIAL_NUMBER = 0x010A
_STATE, _ERROR = 0x0201, 0xEDDA


class ChargerDevice(StreamingDevice):
    """One charger on a line of its own. `thrift` counts what may wear its memory."""

    name = NAME
    patience = 8.0
    # Text comes every second or two.
    period = 2.0
    alive = ALIVE
    asks = True

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._logged: set[tuple[str, int | str]] = set()
        self.thrift = Thrift(PAUSE)
        self._supply = Supply(lambda: self.settings.mains)
        self._panel = Panel(
            self._exchange, self.lock, lambda: self.settings, self._supply, self.thrift
        )
        self.opened()

    @property
    @override
    def writes_left(self) -> int | None:
        return self.thrift.left(self.settings.daily_writes) if self._panel.wears else None

    @override
    def memory(self) -> dict[str, Any]:
        return dict(self.thrift.state()) if self.thrift.writes else {}

    @override
    async def start(self) -> None:
        self.thrift.resume(self.recalled)
        await super().start()
        if UNIT not in self.units:
            # Without mains it can't say what it is, but its owner can switch it on.
            serial = self.identity.serials.get(UNIT)
            self.units[UNIT] = to_unit(None, serial, NO_TEXT, Samples())
            self._offer()

    @override
    async def close(self) -> None:
        self.thrift.end(self.wires.ended())
        await self._panel.close()
        await super().close()

    @override
    def lost(self, why: CellwireError) -> None:
        self._recognised = False
        self._questions.fail(why)

    @override
    def is_cut_off(self) -> bool:
        return self._supply.is_off()

    @override
    def is_excused(self) -> bool:
        return self._supply.excuses_silence()

    @override
    def opened(self) -> None:
        wires = self.wires
        self._parser = StreamParser(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, scrub(noise))
        )
        self._questions = Questions(wires.health)
        self._samples = Samples()
        self._text = NO_TEXT
        self._alive_at = float("-inf")
        self._refused: set[int] = set()
        self._urgent: tuple[object, object] | None = None
        self._recognised = False

    @override
    def receive(self, data: bytes) -> None:
        now = time.monotonic()
        for item in self._parser.feed(data):
            if isinstance(item, HexFrame) and item.is_echo:
                continue
            self._alive_at = now
            if isinstance(item, Block):
                self.wires.trace.add(Direction.RECEIVED, redact_block(item), Block)
                self._text = Text(item.fields, now)
                self._look_for_change(now)
            else:
                self._take(item, now)
            if isinstance(item, Block) or not self._recognised:
                self._recognise()
            if self._recognised:
                self.known()
                if isinstance(item, Block) or item.command == Answer.GET:
                    self._offer()

    @override
    def is_echo(self, heard: bytes) -> bool:
        items = StreamParser().feed(heard)
        return bool(items) and all(isinstance(item, HexFrame) and item.is_echo for item in items)

    @override
    async def tend(self) -> float:
        if question := self._questions.due(self._samples, time.monotonic()):
            await self.wires.link.write(question)
            self.wires.trace.add(Direction.SENT, question)
        return PACE

    @override
    def fresh(self) -> Readings:
        now = time.monotonic()
        if self._is_heard(now):
            reading = to_reading(self._text, self._samples, now)
            if self._refused:
                refused = " ".join(f"{register:04X}" for register in sorted(self._refused))
                reading = replace(reading, raw={**reading.raw, "refused": refused})
        elif self.is_excused():
            reading = Reading(at=now, status=Status.OFF)
        else:
            return {}
        if self.settings.allow_control and (left := self.writes_left) is not None:
            counts = {MEMORY_WRITES.id: self.thrift.writes, MEMORY_WRITES_LEFT.id: left}
            reading = replace(reading, values={**reading.values, **counts})
        return {UNIT: reading}

    def _is_heard(self, now: float) -> bool:
        """Tell whether the right charger spoke lately."""
        alive = ALIVE_WITHOUT_MAINS if self.is_excused() else ALIVE
        return self._recognised and now - self._alive_at <= alive

    async def _exchange(self, question: Question) -> HexFrame:
        """Send a command of a control and wait for its answer.

        Raises LinkError, NoAnswer, or what is wrong with the device.
        """
        self._check()
        if not self._is_heard(time.monotonic()):
            raise NoAnswer(NAME)
        question.answer = asyncio.get_running_loop().create_future()
        self._questions.want(question)
        try:
            return await question.answer
        except TimeoutError:
            raise NoAnswer(NAME) from None

    def _offer(self) -> None:
        """Offer what can be set by all that is known now."""
        product = self._product
        limit = None if product is None else find_limit(product, self._samples)
        has_mode: bool | None = None
        if DEVICE_MODE in self._refused:
            has_mode = False
        elif self._samples.knows(MODE.id) or self._text.number("MODE") is not None:
            has_mode = True
        self._panel.learn(limit, has_mode=has_mode)
        self.controls[UNIT] = self._panel.controls()

    def _take(self, frame: HexFrame, now: float) -> None:
        self._questions.take(frame)
        if not frame.names_register:
            return
        if frame.command == Answer.SET:
            # What became of it counts only once it is read back.
            self.wires.trace.add(Direction.RECEIVED, redact_frame(frame))
            return
        if frame.flags:
            self._refused.add(frame.register)
            return
        register = REGISTERS.get(frame.register)
        if register is None:
            return
        values = register.decode(frame.value)
        if values is None:
            self.wires.health.rejected += 1
            return
        if not self._samples.has(values):
            # Ten times a second the same network mode would push everything else out.
            kind = (frame.command, frame.register)
            self.wires.trace.add(Direction.RECEIVED, redact_frame(frame), kind)
        self._samples.add(values, now)
        if register.number in (_STATE, _ERROR):
            self._look_for_change(now)

    @property
    def _product(self) -> int | None:
        return self._text.number("PID") or self._samples.integer("product")

    def _recognise(self) -> None:
        """Find out who talks, and make sure that it is the right one."""
        product = self._product
        serial = self._text.fields.get("SER#") or self._samples.text("serial")
        if product is None:
            return
        if not is_charger(product):
            raise OtherDevice(NAME, product_name(product))
        if serial is None and not self._questions.is_settled(SERIAL_NUMBER):
            return
        self.identity.confirm(UNIT, serial)
        if to_reading(self._text, self._samples, time.monotonic()).voltage is None:
            # Known by its registers, but nothing is measured yet.
            return
        self.units[UNIT] = to_unit(product, serial, self._text, self._samples)
        self._recognised = True

    def _look_for_change(self, now: float) -> None:
        """Hurry when the state or the error changed."""
        reading = to_reading(self._text, self._samples, now)
        urgent = (reading.status, reading.error)
        if self._urgent not in (None, urgent):
            self.hurry()
        self._urgent = urgent
        self._log_once("state", reading.raw.get("state"), codes.NAMED_STATES)
        self._log_once("error", reading.raw.get("error"), codes.ERRORS)

    def _log_once(self, what: str, code: int | str | None, known: Container[int | str]) -> None:
        if code is None or code in known or (what, code) in self._logged:
            return
        self._logged.add((what, code))
        _LOGGER.info(
            "The charger on %s reports %s %s, which is not known", self.wires.link.name, what, code
        )
