"""A link to registers over a real Modbus connection, which it borrows units of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection

from custom_components.cellwire.devices.device import Line
from custom_components.cellwire.links.registers import ModbusLink

from .wire import TcpWire, Wire


class Owner:
    """Owns one connection, as Home Assistant does: it is closed behind the last borrowed unit."""

    def __init__(self, wire: Wire | str, line: Line, *, gateway: bool = False) -> None:
        """Speak RTU over a wire or to an address, or Modbus TCP to a `gateway`."""
        self._params: ModbusSerialParams | ModbusTcpParams
        if gateway and isinstance(wire, TcpWire):
            self._params = ModbusTcpParams(host="127.0.0.1", port=wire.port)
        else:
            self._params = ModbusSerialParams(device=_address(wire), baudrate=line.baudrate)
        self.connection: ModbusConnection | None = None
        self.borrowed = 0

    @asynccontextmanager
    async def lease(self, address: int) -> AsyncIterator[ModbusUnit]:
        """Lend a unit."""
        if self.connection is None:
            self.connection = ModbusConnection(self._params)
        connection = self.connection
        self.borrowed += 1
        try:
            yield connection.for_unit(address)
        finally:
            self.borrowed -= 1
            if not self.borrowed:
                self.connection = None
                await connection.close()


def _address(wire: Wire | str) -> str:
    return wire if isinstance(wire, str) else wire.address


def make_link(owner: Owner, wire: Wire | str, *, has_line: bool = True) -> ModbusLink:
    """Make a link that borrows from an owner."""
    link = ModbusLink(_address(wire), owner.lease)
    link.has_line = has_line
    return link


@asynccontextmanager
async def modbus_link(
    wire: Wire, baudrate: int = 9600, *, gateway: bool = False
) -> AsyncIterator[ModbusLink]:
    """Open a link over a connection of its own."""
    link = make_link(Owner(wire, Line(baudrate), gateway=gateway), wire)
    await link.open()
    try:
        yield link
    finally:
        await link.close()
