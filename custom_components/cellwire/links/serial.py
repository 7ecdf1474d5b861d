"""Serial ports, local or far away: everything that serialx has an address for.

A path such as `/dev/serial/by-id/...`, `socket://host:port` (raw TCP), `rfc2217://host:port`, and
inside Home Assistant the serial proxies of ESPHome.
"""

import asyncio
import errno
import re
import socket
from typing import override

import serialx

from .errors import LinkError, LinkFault
from .link import Link

# serialx waits 10 s for a network host by itself; local ports open at once.
OPEN_TIMEOUT = 10.0
# What may wait unread between two polls. A charger that floods its line sends 1.9 kB/s at most.
INPUT_LIMIT = 8192

# An ESPHome address may carry the key of its node, which is nobody else's business.
_KEY = re.compile(r"(?<=[?&]key=)[^&]*")

_FAULTS = {
    errno.ENOENT: LinkFault.MISSING,
    errno.ENODEV: LinkFault.MISSING,
    errno.ENXIO: LinkFault.MISSING,
    errno.EBUSY: LinkFault.BUSY,
    errno.EACCES: LinkFault.DENIED,
    errno.EPERM: LinkFault.DENIED,
    errno.ENOTTY: LinkFault.INVALID,
    errno.EINVAL: LinkFault.INVALID,
    errno.EISDIR: LinkFault.INVALID,
    errno.ECONNREFUSED: LinkFault.REFUSED,
    errno.EHOSTUNREACH: LinkFault.UNREACHABLE,
    errno.ENETUNREACH: LinkFault.UNREACHABLE,
    errno.ETIMEDOUT: LinkFault.UNREACHABLE,
}


def open_fault(error: Exception) -> LinkFault:
    """Tell what kept a port from opening."""
    match error:
        case serialx.SerialException() | ValueError():
            return LinkFault.INVALID
        case socket.gaierror() | TimeoutError():
            return LinkFault.UNREACHABLE
        case OSError():
            return _FAULTS.get(error.errno or 0, LinkFault.FAILED)
        case _:
            return LinkFault.FAILED


class _Input(asyncio.Protocol):
    """Collects what arrives until somebody reads it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._least = 1
        self.lost = False
        self.reason: Exception | None = None
        self._arrived = asyncio.Event()

    @override
    def data_received(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > INPUT_LIMIT:
            del self.data[:-INPUT_LIMIT]
        # Drivers hand on a few bytes at a time; waking the reader for each would be most of a poll.
        if len(self.data) >= self._least:
            self._arrived.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.reason = exc
        self._arrived.set()

    def take(self) -> bytes:
        data = bytes(self.data)
        self.data.clear()
        return data

    async def wait(self, timeout: float, least: int) -> None:
        if self.lost or len(self.data) >= least:
            return
        self._least = least
        self._arrived.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        except TimeoutError:
            return


class SerialLink(Link):
    """A serial port, or something that serialx can treat as one. 8N1, no flow control.

    Flow control stays off since two families send every byte value there is, XON and XOFF too.
    """

    def __init__(
        self, port: str, baudrate: int, not_ready: tuple[type[Exception], ...] = ()
    ) -> None:
        """Remember the address and the line speed in bits a second; nothing is opened yet.

        `not_ready` are errors by which a provider of ports says that it is still starting.
        """
        self.name = _KEY.sub("***", port)
        self._address = port
        self._baudrate = baudrate
        self._failures: tuple[type[Exception], ...] = (
            OSError,
            serialx.SerialException,
            ValueError,
            *not_ready,
        )
        self._transport: serialx.BaseSerialTransport | None = None
        self._input = _Input()

    @property
    @override
    def is_open(self) -> bool:
        return self._transport is not None and not self._input.lost

    @override
    async def open(self) -> None:
        await self.close()
        incoming = _Input()
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                self._transport, _ = await serialx.create_serial_connection(
                    asyncio.get_running_loop(), lambda: incoming, self._address, self._baudrate
                )
        except self._failures as err:
            raise LinkError(open_fault(err), self.name, str(err) or type(err).__name__) from err
        self._input = incoming

    @override
    async def close(self) -> None:
        if (transport := self._transport) is None:
            return
        self._transport = None
        # Every request waits for its answer, so nothing unsent is worth waiting for.
        transport.abort()
        await transport.wait_closed()

    @override
    async def write(self, data: bytes) -> None:
        transport = self._usable()
        try:
            transport.write(data)
        except (OSError, serialx.SerialException) as err:
            raise LinkError(LinkFault.LOST, self.name, str(err)) from err

    @override
    async def read(self, timeout: float, least: int = 1) -> bytes:
        self._usable(unread=True)
        await self._input.wait(timeout, least)
        if data := self._input.take():
            return data
        self._usable()
        return b""

    @override
    def take(self) -> bytes:
        return self._input.take()

    def _usable(self, *, unread: bool = False) -> serialx.BaseSerialTransport:
        """Return the open transport; with `unread`, a lost one that has bytes left will do."""
        gone = self._input.lost and not (unread and self._input.data)
        if self._transport is None or gone:
            reason = self._input.reason
            raise LinkError(LinkFault.LOST, self.name, str(reason or "the other end hung up"))
        return self._transport
