"""The conversation with a charger: it talks by itself, and is asked for what it does not say."""

from collections.abc import Container
from dataclasses import replace
import logging
import time
from typing import override

from ...links.health import Direction
from ...links.link import Link
from ..device import Identity, Readings
from ..errors import OtherDevice
from ..streaming import StreamingDevice
from . import codes
from .hex import HexFrame
from .products import is_charger, product_name
from .questions import PACE, Questions
from .reading import UNIT, to_reading, to_unit
from .redact import redact_block, redact_frame, scrub
from .registers import REGISTERS
from .samples import NO_TEXT, Samples, Text
from .stream import Block, StreamParser

_LOGGER = logging.getLogger(__name__)

NAME = "Victron Blue Smart charger"
VARIANT = "vedirect"
# Any valid block or frame within this time means that the charger is there, in seconds.
ALIVE = 10.0
SERIAL_NUMBER = 0x010A
_STATE, _ERROR = 0x0201, 0xEDDA


class ChargerDevice(StreamingDevice):
    """One charger on a line of its own. Nothing is ever written to it here."""

    name = NAME
    patience = 8.0

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self._logged: set[tuple[str, int | str]] = set()
        self.opened()

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
                self.wires.trace.add(Direction.RECEIVED, redact_block(item))
                self._text = Text(item.fields, now)
                self._look_for_change(now)
            else:
                self._take(item, now)
            if isinstance(item, Block) or not self._recognised:
                self._recognise()
            if self._recognised:
                self.known()

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
        if not self._recognised or now - self._alive_at > ALIVE:
            return {}
        reading = to_reading(self._text, self._samples, now)
        if self._refused:
            refused = " ".join(f"{register:04X}" for register in sorted(self._refused))
            reading = replace(reading, raw={**reading.raw, "refused": refused})
        return {UNIT: reading}

    def _take(self, frame: HexFrame, now: float) -> None:
        self._questions.take(frame)
        if not frame.names_register:
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
            self.wires.trace.add(Direction.RECEIVED, redact_frame(frame))
        self._samples.add(values, now)
        if register.number in (_STATE, _ERROR):
            self._look_for_change(now)

    def _recognise(self) -> None:
        """Find out who talks, and make sure that it is the right one."""
        product = self._text.number("PID") or self._samples.integer("product")
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
