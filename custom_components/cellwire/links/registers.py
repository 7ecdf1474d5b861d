"""Links that carry registers instead of bytes: Modbus, and what looks like it.

The errors are those of `modbus_connection`, whoever carries the registers.
"""

from abc import abstractmethod
import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any, Protocol, override

from modbus_connection import ModbusError, ModbusUnit
import serialx

from .errors import LinkError, LinkFault
from .link import Connection, Opened

# What a serial port may raise when it is written to, past every layer of Modbus.
TRANSPORT_ERRORS = (OSError, serialx.SerialException)
# tmodbus 0.6 calls a port closed a moment before the system does, in seconds. Whoever opens it next
# would be told that it is busy.
RELEASE = 0.1


class RegisterUnit(Protocol):
    """The part of a `ModbusUnit` that Cellwire uses."""

    @property
    def connected(self) -> bool:
        """Whether the connection is up."""

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read registers with function 3. Raises ModbusError."""

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read registers with function 4. Raises ModbusError."""

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Write registers with function 16. Raises ModbusError."""


class RegisterLink[OpenedT: Opened = Any](Connection[OpenedT]):
    """A way to the registers of one device or of several units on a bus.

    `has_line` tells whether it is worth trying other settings of a line: not on USB, nor behind a
    network. `slack` is what lies between us and the unit and adds to the time that it may take, in
    seconds. `product` is what the device calls itself, where the link tells.
    """

    has_line = True
    slack = 0.0
    product: str | None = None

    @abstractmethod
    async def unit(self, address: int, timeout: float, spacing: float = 0.0) -> RegisterUnit:
        """Return the unit at an address of the open link.

        It may take `timeout` seconds to answer, and wants `spacing` seconds of silence between
        two requests. Raises LinkError.
        """


type Lease = Callable[[int], AbstractAsyncContextManager[ModbusUnit]]


class _Borrowed(Opened):
    """Units that were borrowed, until they are given back."""

    def __init__(self, name: str, lease: Lease) -> None:
        """Borrow nothing yet."""
        self.units: dict[int, ModbusUnit] = {}
        self._name = name
        self._lease = lease
        self._stack = AsyncExitStack()
        self._lost = self._closed = False

    @property
    @override
    def is_usable(self) -> bool:
        return not self._lost

    async def borrow(self, address: int) -> ModbusUnit:
        """Borrow one more unit. Raises LinkError."""
        async with AsyncExitStack() as stack:
            unit = await stack.enter_async_context(self._lease(address))
            if self._closed:
                # What is borrowed now would never be given back.
                raise LinkError(LinkFault.LOST, self._name, "closed")
            stack.callback(unit.on_connection_lost(self._lose))
            self._stack.push_async_callback(stack.pop_all().aclose)
        self.units[address] = unit
        return unit

    @override
    async def close(self) -> None:
        self._closed = True
        await self._stack.aclose()
        await asyncio.sleep(RELEASE)

    def _lose(self) -> None:
        self._lost = True


class ModbusLink(RegisterLink[_Borrowed]):
    """A Modbus connection that may be shared: units are borrowed, and given back at closing.

    The connection is made with the first request and kept by its owner.
    """

    def __init__(self, name: str, lease: Lease) -> None:
        """Remember where units can be borrowed by their address; nothing is opened yet."""
        self.name = name
        self._lease = lease

    @override
    async def _connect(self) -> _Borrowed:
        return _Borrowed(self.name, self._lease)

    @override
    async def reset(self) -> None:
        """Drop the connection too, which others that share it make anew by themselves."""
        borrowed = self._opened.units.values() if self._opened else ()
        for unit in tuple(borrowed)[:1]:
            # A connection that can't even be closed properly is gone too.
            with suppress(ModbusError):
                await unit.disconnect()
        await self.close()

    @override
    async def unit(self, address: int, timeout: float, spacing: float = 0.0) -> RegisterUnit:
        if self._opened is None:
            # Opening it here would borrow units that nobody gives back.
            raise LinkError(LinkFault.LOST, self.name, "closed")
        if (known := self._opened.units.get(address)) is not None:
            return known
        unit = await self._opened.borrow(address)
        unit.require_timeout(timeout + self.slack)
        unit.set_message_spacing(spacing)
        return unit
