"""Real links for simulated devices: pseudo-terminals and TCP servers, at the speed of a line."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
import contextlib
import os
from pathlib import Path
import time
import tty
from typing import override

# Bytes that a driver hands on at once, as the FIFO of a UART would.
CHUNK = 16
BITS = 10

type Receiver = Callable[[bytes], None]


class Wire(ABC):
    """The device's end of a link. `address` is what a user enters to reach it."""

    address: str

    def __init__(self, baudrate: int | None = None) -> None:
        """Send at a line speed in bits a second; None is as fast as it goes."""
        self.baudrate = baudrate
        self.received = bytearray()
        self._receiver: Receiver | None = None
        self._received_at = 0.0
        self._sending = asyncio.Lock()

    def attach(self, receiver: Receiver) -> None:
        """Hand what arrives to a simulator."""
        self._receiver = receiver

    @abstractmethod
    async def plug(self) -> None:
        """Make the link reachable."""

    @abstractmethod
    async def unplug(self) -> None:
        """Cut the link, as when the cable is pulled."""

    @abstractmethod
    def put(self, data: bytes) -> None:
        """Send bytes at once. What nobody takes is lost, as on a wire."""

    async def send(self, data: bytes) -> None:
        """Send bytes at the speed of the line, one sender after the other."""
        async with self._sending:
            if self.baudrate is None:
                self.put(data)
                return
            begin = time.perf_counter()
            for start in range(0, len(data), CHUNK):
                piece = data[start : start + CHUNK]
                arrival = begin + (start + len(piece)) * BITS / self.baudrate
                await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
                self.put(piece)

    def take(self, data: bytes) -> None:
        """Take in what came from the other end; the device has it once the line has carried it."""
        self.received += data
        if self._receiver is None:
            return
        if self.baudrate is None:
            self._receiver(data)
            return
        loop = asyncio.get_running_loop()
        begin = max(loop.time(), self._received_at)
        self._received_at = begin + len(data) * BITS / self.baudrate
        loop.call_at(self._received_at, self._receiver, data)


class PtyWire(Wire):
    """A pseudo-terminal, found under a stable name as USB adapters are."""

    def __init__(self, path: Path, baudrate: int | None = None) -> None:
        """Appear at `path`."""
        super().__init__(baudrate)
        self.address = str(path)
        self._path = path
        self._master: int | None = None
        self._slave: int | None = None

    @override
    async def plug(self) -> None:
        self._master, self._slave = os.openpty()
        # Nobody may have opened it yet, and it must not echo until then.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    @override
    async def unplug(self) -> None:
        self._path.unlink(missing_ok=True)
        if self._master is not None and self._slave is not None:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._slave)
            os.close(self._master)
        self._master = self._slave = None

    @override
    def put(self, data: bytes) -> None:
        if self._master is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def _readable(self) -> None:
        if self._master is not None:
            with contextlib.suppress(OSError):
                self.take(os.read(self._master, 4096))


class TcpWire(Wire):
    """A serial server: raw TCP on a port of this host, for one client or several."""

    def __init__(self, baudrate: int | None = None, *, closes_after: int | None = None) -> None:
        """Hang up after each `closes_after` bytes sent, as some servers do after an answer."""
        super().__init__(baudrate)
        self.closes_after = closes_after
        self.port = 0
        self.address = ""
        self.connections = 0
        self._sent = 0
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    @override
    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"socket://127.0.0.1:{self.port}"

    @override
    async def unplug(self) -> None:
        if self._server:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        """Close all connections, and stay reachable."""
        for client in self._clients:
            client.close()

    @override
    def put(self, data: bytes) -> None:
        for client in self._clients:
            if not client.is_closing():
                client.write(data)
        self._sent += len(data)
        if self.closes_after and self._sent >= self.closes_after:
            self._sent = 0
            self.hang_up()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        self.connections += 1
        try:
            if self.closes_after == 0:
                return
            while data := await reader.read(4096):
                self.take(data)
        except ConnectionError:
            return
        finally:
            self._clients.discard(writer)
            writer.close()
