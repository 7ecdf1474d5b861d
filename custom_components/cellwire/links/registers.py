"""Links that carry registers instead of bytes: Modbus, and what looks like it.

The errors are those of `modbus_connection`, whoever carries the registers.
"""

from abc import abstractmethod
import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Protocol, override

from modbus_connection import ModbusError, ModbusUnit
import serialx

from .errors import LinkError, LinkFault
from .link import Connection

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


class RegisterLink(Connection):
    """A way to the registers of one device or of several units on a bus.

    `has_line` tells whether it is worth trying other settings of a line: not on USB, nor behind a
    network. `product` is what the device calls itself, where the link tells.
    """

    has_line = True
    product: str | None = None

    @abstractmethod
    async def unit(self, address: int, timeout: float, spacing: float = 0.0) -> RegisterUnit:
        """Return the unit at an address of the open link.

        It may take `timeout` seconds to answer, and wants `spacing` seconds of silence between
        two requests. Raises LinkError.
        """


type Lease = Callable[[int], AbstractAsyncContextManager[ModbusUnit]]


class ModbusLink(RegisterLink):
    """A Modbus connection that may be shared: units are borrowed, and given back at closing.

    The connection is made with the first request and kept by its owner. `slack` is what a
    gateway in between may add to the time of an answer, in seconds.
    """

    # What is added to the time that a unit may take.
    slack = 0.0

    def __init__(self, name: str, lease: Lease) -> None:
        """Remember where units can be borrowed by their address; nothing is opened yet."""
        self.name = name
        self._lease = lease
        self._stack: AsyncExitStack | None = None
        self._units: dict[int, ModbusUnit] = {}
        self._lost = False

    @property
    @override
    def is_open(self) -> bool:
        return self._stack is not None and not self._lost

    @override
    async def open(self) -> None:
        await self.close()
        self._stack = AsyncExitStack()
        self._lost = False

    @override
    async def close(self) -> None:
        stack, self._stack = self._stack, None
        self._units.clear()
        if stack:
            await stack.aclose()
            await asyncio.sleep(RELEASE)

    @override
    async def reset(self) -> None:
        """Drop the connection too, which others that share it make anew by themselves."""
        for unit in tuple(self._units.values())[:1]:
            # A connection that can't even be closed properly is gone too.
            with suppress(ModbusError):
                await unit.disconnect()
        await self.close()

    @override
    async def unit(self, address: int, timeout: float, spacing: float = 0.0) -> RegisterUnit:
        if (known := self._units.get(address)) is not None:
            return known
        if self._stack is None:
            # Opening it here would borrow units that nobody gives back.
            raise LinkError(LinkFault.LOST, self.name, "closed")
        unit = await self._stack.enter_async_context(self._lease(address))
        unit.require_timeout(timeout + self.slack)
        unit.set_message_spacing(spacing)
        self._stack.callback(unit.on_connection_lost(self._lose))
        self._units[address] = unit
        return unit

    def _lose(self) -> None:
        self._lost = True
