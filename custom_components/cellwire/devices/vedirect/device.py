"""The conversation with a product: it talks by itself, and is asked for what it does not say."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
import time
from typing import ClassVar, override

from ...links.errors import CellwireError
from ...links.health import Direction
from ...links.link import Link
from ..device import Identity
from ..errors import NoAnswer, OtherDevice
from ..model import Unit
from ..streaming import StreamingDevice
from .hex import Answer, HexFrame
from .products import ProductClass, product_class
from .questions import PACE, Question, Questions
from .recognise import full_name
from .redact import redact_block, redact_frame, scrub
from .register import SERIAL_NUMBER, Registers, Tier
from .samples import Samples
from .stream import Block, StreamParser
from .text import Text, TextField

VARIANT = "vedirect"
BAUDRATE = 19200


class VeDirectDevice(StreamingDevice):
    """One product on a line of its own.

    A family says of which `classes` its products are, what their text `fields` and `registers`
    mean, and makes the one `unit` and its readings of that.
    """

    patience = 8.0
    # Text comes every second or two.
    period = 2.0
    # Any valid block or frame within this time means that the device is there, in seconds.
    alive = 10.0
    asks = True
    unit: ClassVar[str]
    classes: ClassVar[frozenset[ProductClass]]
    fields: ClassVar[Mapping[str, TextField]]
    registers: ClassVar[Registers]
    # The registers whose changes must not wait.
    urgent: ClassVar[frozenset[int]] = frozenset()

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        self.opened()

    @abstractmethod
    def describe(self, product: int | None, serial: str | None) -> Unit:
        """Describe the unit by what it has said of itself so far."""

    @abstractmethod
    def is_measured(self, now: float) -> bool:
        """Tell whether enough was said for a reading."""

    @abstractmethod
    def changed(self, now: float) -> None:
        """Look at what must not wait for the next reading. Called when it may have changed."""

    def learned(self) -> None:
        """Look at what can be offered by all that is known now."""

    @override
    def opened(self) -> None:
        wires = self.wires
        self._parser = StreamParser(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, scrub(noise))
        )
        self._questions = Questions(wires.health, self.registers)
        self._samples = Samples(self.registers)
        self._text = Text(self.fields)
        self._alive_at = float("-inf")
        self._refused: set[int] = set()
        self._recognised = False
        # By what it was recognised; it is looked at again when that changes.
        self._said: tuple[object, ...] = ()

    @override
    def lost(self, why: CellwireError) -> None:
        self._recognised = False
        self._questions.fail(why)

    @override
    def receive(self, data: bytes) -> None:
        now = time.monotonic()
        for item in self._parser.feed(data):
            if isinstance(item, Block):
                self._take_block(item, now)
            elif item.is_echo or not self._take_frame(item, now):
                continue
            self._recognise(now)
            if self._recognised:
                self.learned()
        if self._recognised and self._alive_at == now:
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

    @property
    def longest_silence(self) -> float:
        """For how long it may be silent before it counts as gone, in seconds."""
        return self.alive

    def is_heard(self, now: float) -> bool:
        """Tell whether the right device spoke lately."""
        return self._recognised and now - self._alive_at <= self.longest_silence

    async def exchange(self, question: Question) -> HexFrame:
        """Send a command of a control and wait for its answer.

        Raises LinkError, NoAnswer, or what is wrong with the device.
        """
        self._check()
        if not self.is_heard(time.monotonic()):
            raise NoAnswer(self.name)
        question.answer = asyncio.get_running_loop().create_future()
        self._questions.want(question)
        try:
            return await question.answer
        except TimeoutError:
            raise NoAnswer(self.name) from None

    def _take_block(self, block: Block, now: float) -> None:
        self._alive_at = now
        self.wires.trace.add(Direction.RECEIVED, redact_block(block), Block)
        self._text.take(block.fields, now)
        self.changed(now)

    def _take_frame(self, frame: HexFrame, now: float) -> bool:
        """Take in a frame; tell if it may have taught anything new."""
        self._alive_at = now
        self._questions.take(frame)
        if not frame.names_register:
            return not self._recognised
        number = frame.register
        if frame.command == Answer.SET:
            # What became of it counts only once it is read back.
            self.wires.trace.add(Direction.RECEIVED, redact_frame(frame))
        elif frame.flags:
            self._refused.add(number)
            return True
        elif not self._samples.repeat(number, frame.value, now):
            return self._take_value(frame, number, now)
        return not self._recognised

    def _take_value(self, frame: HexFrame, number: int, now: float) -> bool:
        """Take in a value that is not the same as before."""
        if (register := self.registers.by_number.get(number)) is None:
            return not self._recognised
        if not self._samples.take(register, frame.value, now):
            self.wires.health.rejected += 1
            return not self._recognised
        # Ten times a second the same network mode would push everything else out.
        self.wires.trace.add(Direction.RECEIVED, redact_frame(frame), (frame.command, number))
        if number in self.urgent:
            self.changed(now)
        return frame.command == Answer.GET or register.tier is Tier.IDENTITY or not self._recognised

    @property
    def product(self) -> int | None:
        """The product id, None as long as it is not known."""
        return self._text.integer("product") or self._samples.integer("product")

    def _recognise(self, now: float) -> None:
        """Find out who talks, and make sure that it is the right one."""
        if (product := self.product) is None:
            return
        text, samples = self._text, self._samples
        serial = text.word("serial") or samples.word("serial")
        firmware = text.word("firmware") or samples.word("firmware")
        said = (product, serial, firmware, samples.word("model"))
        if self._recognised and said == self._said:
            return
        kind = product_class(product, text.labels)
        if kind is not None and kind not in self.classes:
            raise OtherDevice(self.name, full_name(product, kind))
        if serial is None and not self._questions.is_settled(SERIAL_NUMBER):
            return
        self.identity.confirm(self.unit, serial)
        if not self.is_measured(now):
            # Known by its registers, but nothing is measured yet.
            return
        self.units[self.unit] = self.describe(product, serial)
        self._said = said
        self._recognised = True
