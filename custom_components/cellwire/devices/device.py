"""The contract between a family and the rest: find it, read it, ask things of it, close it."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, Protocol

from ..links.link import OPENING_TIME, Connection, Link, LinkKind
from .bank import BANK
from .control import Control
from .errors import OtherDevice, Refused, WrongIdentity
from .hearing import Speaker
from .model import Reading, Unit, UnitKind, Value
from .programs import Programs
from .watching.ledger import Counting
from .wires import Wires

type Readings = dict[str, Reading]
type Listener = Callable[[], None]
type EventListener = Callable[[Event], None]
type ReadingListener = Callable[[Readings], None]
# Told how far a search has come, from 0 to 1.
type Progress = Callable[[float], None]


type Parity = Literal["N", "E", "O"]

# Where a device's memory has the programs that are watched.
PROGRAMS = "programs"


@dataclass(frozen=True, slots=True)
class Line:
    """How a serial line is set: its speed in bits a second, and none, even or odd parity."""

    baudrate: int
    parity: Parity = "N"


# Makes a link to the chosen address with a setting of the line; nothing is opened yet.
type LinkFactory[LinkT: Connection = Link] = Callable[[Line], LinkT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an entry remembers of its device, made once when the entry is made.

    `variant` is the protocol generation in the family's own words; `serials` maps the key of
    each unit to its serial number, None where the unit has none.
    """

    variant: str
    serials: Mapping[str, str | None]

    def joined_by(self, unit: str, serial: str | None) -> Identity:
        """Return this with one more unit."""
        return replace(self, serials={**self.serials, unit: serial})

    def left_by(self, unit: str) -> Identity:
        """Return this without a unit."""
        return replace(self, serials={k: v for k, v in self.serials.items() if k != unit})

    def confirm(self, unit: str, serial: str | None) -> None:
        """Raise WrongIdentity if this unit is known by another serial number."""
        expected = self.serials.get(unit)
        if expected and serial and serial != expected:
            raise WrongIdentity(expected, serial)

    def succeed(self, known: Identity, name: str) -> None:
        """Make sure that this, found on another link, is what `known` was found to be.

        `name` is what it calls itself. Raises OtherDevice for another protocol generation and
        WrongIdentity for other serial numbers.
        """
        if self.variant != known.variant:
            raise OtherDevice(known.variant, name)
        for unit, serial in self.serials.items():
            known.confirm(unit, serial)
        # Every bank has a bank.
        if (self.serials.keys() - {BANK}).isdisjoint(known.serials):
            raise WrongIdentity(", ".join(known.serials), ", ".join(self.serials))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a probe found: enough to make an entry of it, and to tell a person about it.

    `line` is how the line is set, where the family has no setting that is always right.
    """

    identity: Identity
    units: tuple[Unit, ...]
    line: Line | None = None

    @property
    def title(self) -> str:
        """Name the device by model and serial number, or a bus by the number of its packs."""
        first = self.units[0]
        model = first.model or first.manufacturer
        packs = sum(unit.kind is UnitKind.BATTERY for unit in self.units)
        if packs > 1 or first.kind is UnitKind.BANK:
            return f"{model} ({packs} pack{'' if packs == 1 else 's'})"
        return f"{model} {first.serial}" if first.serial else model


class Option(StrEnum):
    """What an owner can decide about a device, by the keys of an entry's options."""

    ALLOW_CONTROL = "allow_control"  # whether anything may be written
    PASSWORD = "password"  # noqa: S105 - which the device wants before it lets itself be set
    DAILY_WRITES = "daily_writes"  # how often a day its memory may be worn
    MAINS_SWITCH = "mains_switch"  # an entity that feeds the device
    STOP_ON_UNLOAD = "stop_on_unload"  # whether a running program is stopped with the entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that just happened to a unit, of a kind that is in its `events`."""

    unit: str
    kind: str
    data: Mapping[str, Value] = field(default_factory=dict)


class Mains(Protocol):
    """A switch that feeds a device and that is not the device's own."""

    @property
    def is_on(self) -> bool | None:
        """Whether it is on; None while that is not known."""

    async def turn(self, *, on: bool) -> None:
        """Switch it on or off. Raises Refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner decided about a device. Without `allow_control` it refuses every write."""

    allow_control: bool = False
    password: str | None = field(default=None, repr=False)
    daily_writes: int = 100
    mains: Mains | None = None
    stop_on_unload: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Family[LinkT: Connection = Link]:
    """A kind of device that speaks one protocol.

    `baudrate` is the usual line speed, in bits a second. `interval` and `shortest_interval` are
    seconds between readings that Home Assistant sees. `links` are the ways to reach it, the usual
    one first. `talks` says that it talks by itself. `options` are what an owner can decide about
    it; with Option.ALLOW_CONTROL it has controls, which `allows_control` says are allowed at first.
    `probe` looks for such a device and raises LinkError or DeviceError if there is none; it
    closes what it opened. `detect` does the same where the line may be another device's, if that
    takes more care. `recognise` names what unmistakably speaks this family's protocol in
    some received bytes, its own device or another one. `counting` is what is counted for it, and
    how.
    """

    key: str
    name: str
    baudrate: int
    interval: int
    shortest_interval: int
    links: tuple[LinkKind, ...] = (LinkKind.SERIAL,)
    talks: bool = False
    options: tuple[Option, ...] = ()
    allows_control: bool = False
    counting: Counting = field(default_factory=Counting)
    probe: Callable[[LinkFactory[LinkT], Progress], Awaitable[Found]]
    detect: Callable[[LinkFactory[LinkT], Progress], Awaitable[Found]] | None = None
    recognise: Callable[[bytes], Speaker | None]
    create: Callable[[LinkT, Identity], Device[LinkT]]

    @property
    def has_registers(self) -> bool:
        """Whether it is read by its registers, over Modbus or something like it."""
        return LinkKind.MODBUS_RTU in self.links


type AnyFamily = Family[Any]


class Device[LinkT: Connection = Link](ABC):
    """What stands behind one config entry: one charger, one BMS, or one bus of packs.

    `period` is how often readings come by themselves, in seconds; None if they are asked for.
    `asks` tells whether anything is, so that there are answers.
    With `takes_password` it is sent the password of its settings if there is one. `programs` are
    there where the device runs any.
    """

    period: float | None = None
    asks: bool = True
    takes_password = False
    programs: Programs | None = None

    def __init__(self, link: LinkT, identity: Identity) -> None:
        """Own the link from now on; nothing is opened yet."""
        self.wires = Wires(link)
        self.identity = identity
        self.units: dict[str, Unit] = {}
        self._controls: dict[str, tuple[Control, ...]] = {}
        self.settings = Settings()
        self._recalled: Mapping[str, Any] = {}
        self.lock = asyncio.Lock()
        self._listeners: list[Listener] = []
        self._event_listeners: list[EventListener] = []
        self._reading_listeners: list[ReadingListener] = []
        self._offer_listeners: list[Listener] = []

    @property
    def controls(self) -> Mapping[str, tuple[Control, ...]]:
        """What can be set and started now, by the key of the unit; `offer` changes it."""
        return self._controls

    @property
    def reading_time(self) -> float:
        """How long `start` or `read` may take at the very most, in seconds: a longer one is stuck.

        It includes waiting for a wish that is being carried out. Without more to say or to hear it
        is what the link may need.
        """
        return OPENING_TIME

    @property
    def writes_left(self) -> int | None:
        """How often its memory may still be written today; None if nothing here wears it."""
        return None

    @property
    def shared_addresses(self) -> Mapping[str, bool]:
        """Tell by the key of a unit whether two answer at its address, where that is known."""
        return {}

    @abstractmethod
    async def start(self) -> None:
        """Open the link and learn what `units` are there.

        Raises LinkError or DeviceError; the link is then closed again.
        """

    @abstractmethod
    async def read(self) -> Readings:
        """Return the reading of every unit that answers now, by the key of the unit.

        A unit that is missing did not answer. Raises LinkError or DeviceError when none did.
        """

    @abstractmethod
    async def close(self) -> None:
        """End all tasks and close the link. Can be called at any time, and twice."""

    def forget(self, unit: str) -> None:
        """Stop asking for a unit that is gone; it comes back when it is heard of again.

        Whoever calls this holds the lock: no poll is under way.
        """
        self.identity = self.identity.left_by(unit)
        self.units.pop(unit, None)
        self._controls.pop(unit, None)

    @property
    def previous(self) -> Mapping[str, str]:
        """What was overwritten because somebody asked for it, as it was before, in hexadecimal."""
        return {}

    @property
    def recalled(self) -> Mapping[str, Any]:
        """What `memory` returned before a restart. Set before `start`; nothing is written."""
        return self._recalled

    @recalled.setter
    def recalled(self, kept: Mapping[str, Any]) -> None:
        self._recalled = kept
        if self.programs:
            self.programs.recall(kept.get(PROGRAMS))

    def memory(self) -> dict[str, Any]:
        """Return what must be known again after a restart, as JSON has it.

        "programs" are the states of those that are being watched, by the key of the unit.
        """
        states = self.programs.memory() if self.programs else {}
        return {PROGRAMS: states} if states else {}

    def resume(self) -> None:
        """Watch the programs again that were watched before a restart. Nothing is written.

        What comes of them shows from the next poll on, so whoever listens to events does so first.
        """
        if self.programs:
            self.programs.take_over()

    def on_change(self, listener: Listener) -> Listener:
        """Have `listener` called when something changed that should not wait for the next read.

        Returns a function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_event(self, listener: EventListener) -> Listener:
        """Have `listener` called for everything that happens. Returns a function that ends it."""
        self._event_listeners.append(listener)
        return lambda: self._event_listeners.remove(listener)

    def on_reading(self, listener: ReadingListener) -> Listener:
        """Have `listener` called with all readings, more than `read` returns if they come faster.

        Returns a function that ends it.
        """
        self._reading_listeners.append(listener)
        return lambda: self._reading_listeners.remove(listener)

    def on_offer(self, listener: Listener) -> Listener:
        """Have `listener` called when other things can be wished for, though no value changed.

        Returns a function that ends it.
        """
        self._offer_listeners.append(listener)
        return lambda: self._offer_listeners.remove(listener)

    def offer(self, unit: str, controls: tuple[Control, ...]) -> None:
        """Let what can be set and started on a unit be this from now on."""
        before = self._controls.get(unit, ())
        self._controls[unit] = controls
        if controls is before or _extents(controls) == _extents(before):
            return
        for listener in tuple(self._offer_listeners):
            listener()

    def report(self, readings: Readings) -> None:
        """Tell the listeners of readings. One that was told of before may come again."""
        for listener in tuple(self._reading_listeners):
            listener(readings)

    def emit(self, event: Event) -> None:
        """Tell the listeners that something happened."""
        for listener in tuple(self._event_listeners):
            listener(event)

    def hurry(self) -> None:
        """Tell the listeners that a status or an alarm changed."""
        for listener in tuple(self._listeners):
            listener()

    async def apply(self, unit: str, key: str, wish: Value) -> None:
        """Carry out a control: check the limits, write, read back. Nothing else may write.

        What is offered, and its limits, may change while a wish waits for its turn: they are
        looked at again when it has come. Raises Refused, LinkError or another DeviceError; what the
        device does then is as before, as far as it can be known. A wish that had to wait and was
        overtaken by a newer one for the same control is dropped without an error.
        """
        control = self.checked(unit, key, wish)
        async with control.turn() as is_newest:
            if is_newest:
                async with nullcontext() if control.waits else self.lock:
                    await self.checked(unit, key, wish).carry_out(wish)

    def checked(self, unit: str, key: str, wish: Value) -> Control:
        """Return the control of a unit by its id. Raises Refused unless it can take the wish now.

        A control that takes the lock by itself asks for this once it has it.
        """
        control = next((c for c in self.controls.get(unit, ()) if c.id == key), None)
        if control is None:
            raise Refused(key, "not_offered")
        if not self.settings.allow_control:
            raise Refused(key, "not_allowed")
        control.check(wish)
        return control


def _extents(controls: tuple[Control, ...]) -> list[tuple[object, ...]]:
    """Return what there is to see of controls, whoever carries them out."""
    return [(type(control), control.id, control.extent) for control in controls]
