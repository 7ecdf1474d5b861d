"""The conversation with a board that speaks the classic protocol, "4E 57"."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
import logging
import time
from typing import override

from ...links.errors import LinkError
from ...links.health import Direction
from ...links.link import Link
from ..asked import AskedDevice, Asker
from ..device import Identity, Readings
from ..errors import BadAnswer, Implausible, NoAnswer, OnlyEcho
from ..model import Reading, Value
from .fields import CELLS, FieldList, split
from .frame import INFO, READ_ALL_REQUESTS, WRITE, Frame, FrameScanner
from .plausible import Judge
from .reading import to_reading, to_unit
from .recipes import Recipe, offered, recipes
from .redact import redact_classic, redact_request, scrub
from .switches import Switch, to_controls, turn
from .words import NAME

_LOGGER = logging.getLogger(__name__)

VARIANT = "classic"
UNIT = "bms"
# The answer to a read-all is complete within 30 ms. The vendor allows 5 s, which nobody has seen.
TIMEOUT = 1.0
PACE = 0.1
# One frame in a thousand is damaged on a long cable.
ATTEMPTS = 2
# An acknowledgement that does not come is not waited for long: what counts is the state behind it.
WRITE_TIMEOUT = 0.3
# Between the frame that unlocks a board and the one that writes.
UNLOCK_PAUSE = 0.15


class ClassicDevice(AskedDevice):
    """One board on a line of its own: the protocol has no usable address."""

    takes_password = True

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        wires = self.wires
        scanner = FrameScanner(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, scrub(noise))
        )
        self._asker = Asker(self, NAME, scanner, pace=PACE)
        self._judge = Judge(wires.health)
        self._request = READ_ALL_REQUESTS[0]
        # The last way to write that this board took.
        self._recipe: Recipe | None = None
        self._logged: set[int] = set()

    @property
    @override
    def talking_time(self) -> float:
        return (len(READ_ALL_REQUESTS) + ATTEMPTS) * self._asker.patience(TIMEOUT)

    @override
    async def greet(self) -> None:
        """Find the form of the question that this board answers, the last one first."""
        *likely, last = sorted(READ_ALL_REQUESTS, key=lambda form: form != self._request)
        for form in likely:
            try:
                await self._greet_with(form)
            except NoAnswer, BadAnswer, OnlyEcho:
                continue
            return
        await self._greet_with(last)

    @override
    async def poll(self) -> Readings:
        try:
            return {UNIT: await self._measure()}
        except NoAnswer, BadAnswer, OnlyEcho, Implausible:
            # One frame in a thousand is damaged on a long cable; a second one rarely is.
            return {UNIT: await self._measure()}

    async def _greet_with(self, form: bytes) -> None:
        fields, _ = await self.ask(form)
        self._request = form
        unit = to_unit(fields)
        self.units = {UNIT: unit}
        self.offer(UNIT, to_controls(offered(unit.firmware), self._switch))

    async def ask(self, request: bytes) -> tuple[FieldList, float]:
        """Send a read-all and return the values of its answer and when it came.

        Raises LinkError, NoAnswer, BadAnswer or OnlyEcho.
        """
        frame = await self._exchange(request, _is_answer, TIMEOUT)
        return self._split(frame), time.monotonic()

    async def _exchange(
        self, request: bytes, answers: Callable[[Frame, bytes], bool], timeout: float
    ) -> Frame:
        await self._asker.send(request)
        while True:
            for frame in await self._asker.frames(timeout):
                self.wires.trace.add(Direction.RECEIVED, redact_classic(frame), frame.command)
                if answers(frame, request):
                    self._asker.answered()
                    return frame

    async def _switch(self, switch: Switch, wish: Value) -> None:
        ways = recipes(self.units[UNIT].firmware, self.settings.password, switch.key)
        ways.sort(key=lambda way: way != self._recipe)
        write, look = partial(self._write, switch, wish), partial(self._look, switch)
        self._recipe = await turn(switch, wish, ways, write, look) or self._recipe

    async def _look(self, switch: Switch) -> Value:
        return switch.value((await self.converse(self.poll))[UNIT])

    async def _write(self, switch: Switch, wish: Value, recipe: Recipe) -> None:
        # Whatever happens here, the state of the board tells what came of it.
        with suppress(LinkError, NoAnswer, BadAnswer, OnlyEcho):
            if recipe.unlock:
                await self._asker.send(recipe.unlock, redact_request(recipe.unlock))
                await asyncio.sleep(UNLOCK_PAUSE)
                self._asker.let_go()
            request = recipe.request(switch, on=bool(wish))
            await self._exchange(request, _is_acknowledgement, WRITE_TIMEOUT)

    async def _measure(self) -> Reading:
        fields, at = await self.ask(self._request)
        return self._judge.check(to_reading(fields, at), fields.values.get(CELLS))

    def _split(self, frame: Frame) -> FieldList:
        fields = split(frame.info)
        if fields.unknown is not None and fields.unknown not in self._logged:
            self._logged.add(fields.unknown)
            _LOGGER.info(
                "The %s on %s sends identifier 0x%02X, which is not known; the rest is left out",
                NAME,
                self.wires.link.name,
                fields.unknown,
            )
        return fields


def _is_answer(frame: Frame, request: bytes) -> bool:
    """Tell whether a frame answers this request, and not an earlier one or nobody's."""
    return frame.is_reply and frame.command == request[8] and frame.info[:1] == bytes((CELLS,))


def _is_acknowledgement(frame: Frame, request: bytes) -> bool:
    """Tell whether a frame acknowledges this write: it repeats the identifier and no value."""
    return frame.is_reply and frame.command == WRITE and frame.info == request[INFO : INFO + 1]
