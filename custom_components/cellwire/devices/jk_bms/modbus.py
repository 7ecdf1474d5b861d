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
from ..model import Reading, Value
from ..shared_address import SharedAddresses
from .modbus_frame import (
    HIGHEST_ADDRESS,
    Content,
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
from .switches import SWITCHES, Switch, to_controls, turn
from .words import NAME

_LOGGER = logging.getLogger(__name__)

VARIANT = "modbus"
SLAVES = tuple(str(address) for address in range(1, HIGHEST_ADDRESS + 1))
# Boards answer within 50 ms. Requests closer together than this are answered by several at once.
PACE = 0.12
TIMEOUTS = {Content.STATUS: 0.5, Content.SETTINGS: 1.0, Content.ABOUT: 1.0}
# Where nobody is known: boards and other Modbus devices begin to answer within 50 ms or so.
SCAN_TIMEOUT = 0.3
READ_TIMEOUT = 0.15
# An acknowledgement that does not come is not waited for long: what counts is the state behind it.
WRITE_TIMEOUT = 0.3
# Settings change when somebody changes them; they are forgotten if they can't be read again.
SETTINGS_INTERVAL = 60.0
SETTINGS_AGE = 180.0
# Software from 15.36 on may leave the question for the about frame unanswered.
ABOUT_INTERVAL = 300.0


class Board:
    """What is remembered of one board on the bus."""

    def __init__(self, judge: Judge) -> None:
        """Know nothing yet; times are monotonic seconds."""
        self.judge = judge
        self.settings: dict[str, Value] = {}
        self.settings_at = -SETTINGS_AGE
        self.settings_due = 0.0
        self.about_due = 0.0
        self.about = False

    def doubt(self) -> None:
        """Take nothing for granted that was known of its settings."""
        self.settings_at = -SETTINGS_AGE
        self.settings_due = 0.0

    def forget(self) -> None:
        """Ask again who this is and how it is set."""
        self.settings_due = self.about_due = 0.0
        self.about = False


class BusDevice(AskedDevice):
    """One or more boards on an RS485 bus, Cellwire being its only master."""

    def __init__(self, link: Link, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        super().__init__(link, identity)
        wires = self.wires
        scanner = SpeechScanner(
            wires.health, lambda noise: wires.trace.add(Direction.NOISE, scrub(noise))
        )
        self._asker = Asker(self, NAME, scanner, pace=PACE, quiet=0.0)
        self._boards = {address: Board(Judge(wires.health)) for address in identity.serials}
        self._attendance = Attendance(identity.serials)
        self._lookout = Lookout(SLAVES)
        self._shared = SharedAddresses()

    @property
    @override
    def shared_addresses(self) -> Mapping[str, bool]:
        return self._shared.verdicts

    @property
    @override
    def talking_time(self) -> float:
        # Greeted once, measured twice, and one that joins.
        once = sum(self._asker.patience(timeout) for timeout in TIMEOUTS.values())
        return 3 * once * (len(self._boards) + 1)

    @override
    async def greet(self) -> None:
        """Ask every board for its status, and those that answer who they are."""
        self._attendance = Attendance(self.identity.serials)
        for address, board in self._boards.items():
            board.forget()
            self._introduce(address, None)
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
                    readings[address] = await self._measure(address)
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
        await self._asker.send(trigger(int(address), content))
        while True:
            for frame in await self._asker.frames(timeout or TIMEOUTS[content]):
                match frame:
                    case Spoken(who, what, bytes() as data) if (who, what) == (
                        int(address),
                        content,
                    ):
                        shown = redact_data(data) + acknowledgement(who, what)
                        self.wires.trace.add(Direction.RECEIVED, shown, (who, what))
                        self._asker.answered()
                        return data

    async def _look_at(self, address: str) -> Readings:
        """Ask an address where no board is known, and take in one that answers."""
        if await self.is_foreign(address):
            return {}
        try:
            with expecting_nobody(self.wires.health):
                await self.ask(address, Content.STATUS, SCAN_TIMEOUT)
        except DeviceError as err:
            _LOGGER.debug("No board at address %s: %s", address, err)
            return {}
        # A board that is known by its entry is so for ever, so it is worth a second question.
        about = await self._try(address, Content.ABOUT) or await self._try(address, Content.ABOUT)
        self._join(address, about)
        try:
            reading = await self._measure(address)
        except DeviceError as err:
            _LOGGER.debug("The board at address %s makes no sense: %s", address, err)
            self.forget(address)
            return {}
        _LOGGER.info("A board appeared at address %s of %s", address, self.wires.link.name)
        return {address: reading}

    def _join(self, address: str, about: bytes | None) -> None:
        board = self._boards[address] = Board(Judge(self.wires.health))
        board.about = about is not None
        board.about_due = time.monotonic() + ABOUT_INTERVAL
        serial = serial_number(about) if about else None
        # A number that two boards share identifies neither, nor does one that moved here.
        known = serial in self.identity.serials.values()
        self.identity = self.identity.joined_by(address, None if known else serial)
        self._attendance.add(address)
        self._introduce(address, about)

    def _introduce(self, address: str, about: bytes | None) -> None:
        self.units[address] = to_unit(address, about, self.identity.serials[address])
        self.offer(address, to_controls(SWITCHES, partial(self._switch, address)))

    async def _measure(self, address: str) -> Reading:
        board = self._boards[address]
        attempts = 2 if self._attendance.is_present(address) else 1
        while True:
            attempts -= 1
            try:
                data = await self.ask(address, Content.STATUS)
                now = time.monotonic()
                await self._get_to_know(address, board, now)
                settings = board.settings if now - board.settings_at < SETTINGS_AGE else {}
                return board.judge.check(to_reading(data, settings, now))
            except DeviceError:
                if not attempts:
                    raise

    async def _get_to_know(self, address: str, board: Board, now: float) -> None:
        """Ask what changes rarely, if it is due. Only another identity keeps a board from use."""
        if not board.about and now >= board.about_due:
            if about := await self._try(address, Content.ABOUT):
                self.identity.confirm(address, serial_number(about))
                self.units[address] = to_unit(address, about, self.identity.serials[address])
                board.about = True
            else:
                board.about_due = now + ABOUT_INTERVAL
        if now >= board.settings_due:
            board.settings_due = now + SETTINGS_INTERVAL
            if settings := await self._try(address, Content.SETTINGS):
                self._take_settings(address, board, settings, now)

    def _take_settings(self, address: str, board: Board, settings: bytes, now: float) -> None:
        unit = self.units[address]
        heating = has_heating(unit.hardware, unit.firmware)
        board.settings = to_values(settings, heating=heating)
        board.settings_at = now
        board.settings_due = now + SETTINGS_INTERVAL

    async def _switch(self, address: str, switch: Switch, wish: Value) -> None:
        board = self._boards[address]
        # Whether it is still the same board is asked anew where it tells.
        board.about = False
        await self.converse(partial(self._measure, address))
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
        self._take_settings(address, board, settings, time.monotonic())
        return board.settings[switch.state.id]

    async def _try(self, address: str, content: Content) -> bytes | None:
        try:
            return await self.ask(address, content)
        except DeviceError as err:
            _LOGGER.debug("Board %s left %s unanswered: %s", address, content.name, err)
            return None
