"""Simulated Modbus units on real links: RTU on a wire, or a gateway for Modbus TCP."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Mapping, MutableMapping

from . import faults
from .faults import Fault
from .wire import TcpWire, Wire

HOLDING, INPUT, WRITE = 3, 4, 16
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, NO_TARGET = 1, 2, 3, 11
EXCEPTION = 0x80
READ_SIZE = 8
WRITE_HEAD = 7


def crc(data: bytes) -> bytes:
    """Return the CRC-16 of Modbus, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


class Refusal(Exception):
    """A unit answers with an exception code."""

    def __init__(self, code: int) -> None:
        """Answer with a code."""
        super().__init__(code)
        self.code = code


class Slave(ABC):
    """A unit. Both methods may raise Refusal; `writes` counts the requests that write."""

    # How long it takes to answer, in seconds.
    delay = 0.0

    def __init__(self) -> None:
        """Answer as it should."""
        self.fault: Fault = faults.none
        self.writes = 0
        self.requests = 0

    @abstractmethod
    def read(self, function: int, address: int, count: int) -> list[int]:
        """Return registers."""

    def write(self, _address: int, _values: list[int]) -> None:
        """Take registers in."""
        raise Refusal(ILLEGAL_FUNCTION)

    def answer(self, pdu: bytes) -> bytes:
        """Answer a request, both without address and checksum."""
        self.requests += 1
        function = pdu[0]
        address, count = int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])
        try:
            if function == WRITE:
                self.writes += 1
                data = pdu[6 : 6 + pdu[5]]
                values = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
                if len(values) != count:
                    raise Refusal(ILLEGAL_VALUE)
                self.write(address, values)
                return pdu[:5]
            if function not in (HOLDING, INPUT):
                raise Refusal(ILLEGAL_FUNCTION)
            registers = self.read(function, address, count)
        except Refusal as err:
            return bytes((function | EXCEPTION, err.code))
        data = b"".join(value.to_bytes(2) for value in registers)
        return bytes((function, len(data))) + data


class RtuBus:
    """Units on one wire, by their addresses. What is for nobody is answered by nobody."""

    def __init__(self, wire: Wire, slaves: MutableMapping[int, Slave]) -> None:
        """Listen on a wire."""
        self.wire = wire
        self.slaves = slaves
        self._buffer = bytearray()
        self._answering: set[asyncio.Task[None]] = set()
        wire.attach(self._receive)

    @property
    def is_quiet(self) -> bool:
        """Whether every answer was sent, also those that nobody waited for."""
        return not self._answering

    def _receive(self, data: bytes) -> None:
        self._buffer += data
        while request := self._next():
            if slave := self.slaves.get(request[0]):
                task = asyncio.create_task(self._answer(slave, request))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)

    def _next(self) -> bytes | None:
        """Cut the next request with a right checksum out of what came."""
        while len(self._buffer) >= READ_SIZE:
            size = READ_SIZE
            if self._buffer[1] == WRITE:
                size = WRITE_HEAD + self._buffer[6] + 2
                if len(self._buffer) < size:
                    return None
            request = bytes(self._buffer[:size])
            if crc(request[:-2]) == request[-2:]:
                del self._buffer[:size]
                return request
            del self._buffer[0]
        return None

    async def _answer(self, slave: Slave, request: bytes) -> None:
        frame = request[:1] + slave.answer(request[1:-2])
        await asyncio.sleep(slave.delay)
        for pause, piece in slave.fault(frame + crc(frame)):
            await asyncio.sleep(pause)
            await self.wire.send(piece)


class TcpGateway:
    """A gateway that speaks Modbus TCP, and says so when a unit behind it is silent."""

    def __init__(self, wire: TcpWire, slaves: Mapping[int, Slave], *, tells: bool = True) -> None:
        """Listen on a TCP port; with `tells` it answers for units that don't."""
        self.wire = wire
        self.slaves = slaves
        self.tells = tells
        self._buffer = bytearray()
        wire.attach(self._receive)

    @property
    def address(self) -> str:
        """What a user enters."""
        return f"127.0.0.1:{self.wire.port}"

    def _receive(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 6:
            size = 6 + int.from_bytes(self._buffer[4:6])
            if len(self._buffer) < size:
                return
            request = bytes(self._buffer[:size])
            del self._buffer[:size]
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        if slave := self.slaves.get(request[6]):
            pdu = slave.answer(request[7:])
        elif self.tells:
            pdu = bytes((request[7] | EXCEPTION, NO_TARGET))
        else:
            return
        self.wire.put(request[:4] + (len(pdu) + 1).to_bytes(2) + request[6:7] + pdu)
