"""The conversation with boards of the newer generation: up to 16 of them on one bus."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
import logging
import time
from typing import override

from ...links.errors import LinkError
from ...links.health import Direction
from ...links.link import Link
from ..asked import AskedDevice, Asker
from ..attendance import Attendance, Lookout, expecting_nobody
from ..device import Identity, Readings
from ..errors import BadAnswer, DeviceError, NoAnswer, OnlyEcho
from ..hearing import listen
from ..model import Reading, Unit, Value
from ..shared_address import SharedAddresses
from .board import Board
from .modbus_frame import (
    HIGHEST_ADDRESS,
    Content,
    Data,
    SpeechScanner,
    Spoken,
    Written,
    acknowledgement,
    switch_request,
    trigger,
)
from .modbus_reading import serial_number, to_reading, to_unit
from .modbus_settings import has_heating, to_values
from .plain import is_foreign_answer, plain_request
from .plausible import Judge
from .redact import redact_data, scrub
from .stray import is_stray
from .switches import SWITCHES, Switch, to_controls, turn
from .words import NAME

_LOGGER = logging.getLogger(__name__)

VARIANT = "modbus"
SLAVES = tuple(str(address) for address in range(1, HIGHEST_ADDRESS + 1))
# Boards answer within 50 ms. Requests closer together than this are answered by several at once.
PACE = 0.12
TIMEOUTS = {Content.STATUS: 0.5, Content.SETTINGS: 1.0, Content.ABOUT: 1.0}
# At 9600 baud an answer that has begun takes a third of a second, and a gateway may cut it.
UNDER_WAY = 0.5
# Other Modbus devices begin to answer a read within 50 ms or so.
READ_TIMEOUT = 0.15
ATTEMPTS = 2
# So often at most a board is asked who it is, until it says the same twice in a row.
INTRODUCTIONS = 3
# The most that is asked to measure a board once.
QUESTIONS = {Content.STATUS: 1, Content.SETTINGS: 2, Content.ABOUT: INTRODUCTIONS}
# An acknowledgement that does not come is not waited for long: what counts is the state behind it.
WRITE_TIMEOUT = 0.3


class BusDevice(AskedDevice):
    """One or more boards on an RS485 bus, Cellwire being its only master."""

    switches: tuple[Switch, ...] = SWITCHES

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        wires = self.wires
        self._scanner = SpeechScanner(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, scrub(noise))
        )
        self._asker = Asker(self, NAME, self._scanner, pace=PACE, quiet=0.0)
        self._boards = {address: Board(Judge(wires.health)) for address in identity.serials}
        self._attendance = Attendance(identity.serials)
        self._lookout = Lookout(SLAVES, soon=True)
        self._shared = SharedAddresses()

    @property
    @override
    def shared_addresses(self) -> Mapping[str, bool]:
        return self._shared.verdicts

    @property
    @override
    def talking_time(self) -> float:
        once = sum(
            times * self._asker.patience(TIMEOUTS[content]) for content, times in QUESTIONS.items()
        )
        # Greeted once, measured twice, and one that joins.
        return 3 * once * (len(self._boards) + 1)

    @override
    async def greet(self) -> None:
        """Ask every board for its status, and those that answer who they are."""
        self._attendance = Attendance(self.identity.serials)
        for address, board in self._boards.items():
            board.forget()
            self._introduce(address)
        await self._ask_all(self._attendance.cycle())

    @override
    async def poll(self) -> Readings:
        readings = await self._ask_all(self._attendance.cycle())
        # One silence in a cycle is enough.
        if not self._attendance.missed_one and (address := self._lookout.next(self._boards)):
            readings |= await self._look_at(address)
        return readings

    @override
    def forget(self, unit: str) -> None:
        """Stop expecting a board. It comes back when it answers again."""
        super().forget(unit)
        self._boards.pop(unit, None)
        self._attendance.remove(unit)
        self._shared.forget(unit)

    async def is_foreign(self, address: str) -> bool:
        """Tell whether a Modbus device that is no board answers a read at an address.

        To such a device a trigger is a write. Raises LinkError.
        """
        await self._asker.send(plain_request(address))
        return is_foreign_answer(await listen(self.wires.link, READ_TIMEOUT), address)

    async def _ask_all(self, asked: Iterable[str]) -> Readings:
        """Measure boards. Raises if none of them answers."""
        readings: Readings = {}
        outcomes: dict[str, DeviceError | None] = {}
        problem: DeviceError = NoAnswer(NAME)
        for address in asked:
            try:
                with self.wires.mistakes.as_errors():
                    readings[address] = await self.measure(address)
            except DeviceError as err:
                outcomes[address] = problem = err
                # Another board may be at this address when it answers again.
                self._boards[address].forget()
                self._attendance.missed(address)
            else:
                outcomes[address] = None
                self._attendance.answered(address)
        self._shared.note(outcomes)
        if not readings:
            raise problem
        return readings

    async def ask(self, address: str, content: Content, timeout: float | None = None) -> bytes:
        """Trigger one kind of data from the board at an address and return its frame.

        `timeout` is in seconds; without one it is what boards of this kind may need.

        Raises LinkError, NoAnswer, BadAnswer or OnlyEcho.
        """
        patience = timeout or TIMEOUTS[content]
        await self._asker.send(trigger(int(address), content))
        has_begun = False
        while True:
            more = UNDER_WAY if has_begun or self._scanner.missing > 1 else 0.0
            for frame in await self._asker.frames(patience + more):
                match frame:
                    case Data():
                        # Whose it is comes right behind it.
                        has_begun = True
                    case Spoken(who, what, bytes() as data) if (who, what) == (
                        int(address),
                        content,
                    ):
                        shown = redact_data(data) + acknowledgement(who, what)
                        self.wires.trace.add(Direction.RECEIVED, shown, (who, what))
                        self._asker.answered()
                        return data

    async def meet(self, address: str) -> Reading:
        """Measure a board of which nothing is known yet. Raises as `measure`."""
        self._introduce(address)
        reading = await self.measure(address)
        board, now = self._boards[address], time.monotonic()
        if board.about.is_due(now):
            # A board that is known by its entry is so for ever, so it is worth a second question.
            await self._ask_who(address, board, now)
        return reading

    async def measure(self, address: str) -> Reading:
        """Return what a board says now, and learn what is not known of it yet.

        Raises LinkError or DeviceError.
        """
        board = self._boards[address]
        attempts = ATTEMPTS if self._attendance.is_present(address) else 1
        while True:
            attempts -= 1
            try:
                data = await self._status(address, board)
                now = time.monotonic()
                await self._get_to_know(address, board, now)
                return board.judge.check(to_reading(data, board.settings(now), now))
            except DeviceError:
                if not attempts:
                    raise

    async def _status(self, address: str, board: Board) -> bytes:
        """Ask for the status, behind the settings if it stayed unanswered without them.

        Some software answers it only within 200 ms of another request.
        """
        try:
            if board.in_company:
                await self._keep_company(address, board)
            status = await self.ask(address, Content.STATUS)
        except NoAnswer, OnlyEcho:
            board.missed()
            raise
        board.answered()
        return status

    async def _keep_company(self, address: str, board: Board) -> None:
        """Ask for the settings. Raises what they leave no hope after."""
        for _ in range(ATTEMPTS):
            try:
                settings = await self.ask(address, Content.SETTINGS, TIMEOUTS[Content.STATUS])
            except NoAnswer, OnlyEcho:
                if board.settings(time.monotonic()) or not self._attendance.is_present(address):
                    # A silent board must not hold up the others.
                    raise
                return
            except BadAnswer:
                # Until it is clear that it is damaged, the company is over.
                continue
            self._take_settings(address, board, settings, time.monotonic())
            return

    async def _look_at(self, address: str) -> Readings:
        """Ask an address where no board is known, and take in one that answers."""
        if await self.is_foreign(address) or not await self._answers(address):
            return {}
        self._boards[address] = Board(Judge(self.wires.health))
        self._attendance.add(address)
        try:
            reading = await self.meet(address)
        except DeviceError as err:
            _LOGGER.debug("The board at address %s makes no sense: %s", address, err)
            self.forget(address)
            return {}
        serial = self.units[address].serial
        # A number that two boards share identifies neither, nor does one that moved here.
        known = serial in self.identity.serials.values()
        self.identity = self.identity.joined_by(address, None if known else serial)
        _LOGGER.info("A board appeared at address %s of %s", address, self.wires.link.name)
        return {address: reading}

    async def _answers(self, address: str) -> bool:
        """Tell whether a board answers where none is known; a damaged answer is asked for again."""
        for _ in range(ATTEMPTS):
            try:
                # The read right before is company enough.
                with expecting_nobody(self.wires.health):
                    await self.ask(address, Content.STATUS)
            except BadAnswer as err:
                if is_stray(err.heard):
                    return False
            except DeviceError as err:
                _LOGGER.debug("No board at address %s: %s", address, err)
                return False
            else:
                return True
        return False

    def _introduce(self, address: str) -> None:
        self.units[address] = to_unit(address, None, self.identity.serials.get(address))
        self.offer(address, to_controls(self.switches, partial(self._switch, address)))

    async def _introduction(self, address: str) -> bytes | None:
        """Ask who is there until the same is said twice; None if it is not.

        The sum of a frame is 8 bits, which let two flipped ones through, and this is for ever.
        """
        before: Unit | None = None
        for _ in range(INTRODUCTIONS):
            if (about := await self._try(address, Content.ABOUT)) is None:
                return None
            said = to_unit(address, about, None)
            if said == before:
                return about
            before = said
        return None

    async def _get_to_know(self, address: str, board: Board, now: float) -> None:
        """Ask what changes rarely, if it is due. Only another identity keeps a board from use."""
        if board.about.is_due(now):
            await self._ask_who(address, board, now)
        if board.asking.is_due(now):
            if settings := await self._try(address, Content.SETTINGS):
                self._take_settings(address, board, settings, now)
            else:
                board.asking.missed(now)

    async def _ask_who(self, address: str, board: Board, now: float) -> None:
        if (about := await self._introduction(address)) is None:
            board.about.missed(now)
            return
        self.identity.confirm(address, serial_number(about))
        self.units[address] = to_unit(address, about, self.identity.serials.get(address))
        board.about.answered(now)

    def _take_settings(self, address: str, board: Board, settings: bytes, now: float) -> None:
        unit = self.units[address]
        heating = has_heating(unit.hardware, unit.firmware)
        board.take_settings(to_values(settings, heating=heating), now)

    async def _switch(self, address: str, switch: Switch, wish: Value) -> None:
        board = self._boards[address]
        # Whether it is still the same board is asked anew where it tells.
        board.about.now()
        await self.converse(partial(self.measure, address))
        request = switch_request(int(address), switch, on=bool(wish))
        write = partial(self._write, board, Written(int(address), switch.register))
        look = partial(self._look, address, switch)
        await turn(switch, wish, (request,), write, look)

    async def _write(self, board: Board, acknowledgement: Written, request: bytes) -> None:
        board.doubt()
        # Whatever happens here, the state of the board tells what came of it.
        with suppress(LinkError, NoAnswer, BadAnswer, OnlyEcho):
            await self._asker.send(request)
            while acknowledgement not in await self._asker.frames(WRITE_TIMEOUT):
                continue
            self._asker.answered()

    async def _look(self, address: str, switch: Switch) -> Value:
        board = self._boards[address]
        ask = partial(self.ask, address, Content.SETTINGS)
        try:
            settings = await self.converse(ask)
        except NoAnswer, BadAnswer, OnlyEcho:
            settings = await self.converse(ask)
        now = time.monotonic()
        self._take_settings(address, board, settings, now)
        return board.settings(now)[switch.state.id]

    async def _try(self, address: str, content: Content) -> bytes | None:
        try:
            return await self.ask(address, content)
        except DeviceError as err:
            _LOGGER.debug("Board %s left %s unanswered: %s", address, content.name, err)
            return None
