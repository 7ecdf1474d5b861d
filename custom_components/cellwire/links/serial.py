"""Serial ports, local or far away: everything that serialx has an address for.

A path such as `/dev/serial/by-id/...`, `socket://host:port` (raw TCP), `rfc2217://host:port`, and
inside Home Assistant the serial proxies of ESPHome.
"""

import asyncio
from contextlib import suppress
import re
from typing import override

import serialx

from .buffered import BufferedLink, Input, Stream
from .errors import LinkError, LinkFault, system_fault

# serialx waits 10 s for a network host by itself; local ports open at once.
OPEN_TIMEOUT = 10.0
# How long a driver may take to let a port go.
CLOSE_TIMEOUT = 1.0
# An ESPHome address may carry the key of its node, which is nobody else's business.
_KEY = re.compile(r"(?<=[?&]key=)[^&]*")


def open_fault(error: Exception) -> LinkFault:
    """Tell what kept a port from opening."""
    match error:
        case serialx.SerialException() | ValueError():
            return LinkFault.INVALID
        case OSError():
            return system_fault(error)
        case _:
            return LinkFault.FAILED


class _Input(Input, asyncio.Protocol):
    """Input that an asyncio transport hands on."""

    @override
    def data_received(self, data: bytes) -> None:
        self.put(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.lose(exc)


class _OpenPort(Stream):
    """An open port."""

    def __init__(self, transport: serialx.BaseSerialTransport, incoming: Input) -> None:
        """Own a transport."""
        super().__init__(incoming)
        self.transport = transport

    @override
    async def close(self) -> None:
        # Every request waits for its answer, so nothing unsent is worth waiting for.
        self.transport.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.transport.wait_closed()


class SerialLink(BufferedLink[_OpenPort]):
    """A serial port, or something that serialx can treat as one. 8N1, no flow control.

    Flow control stays off since some families send every byte value there is, XON and XOFF too.
    """

    def __init__(
        self, port: str, baudrate: int, not_ready: tuple[type[Exception], ...] = ()
    ) -> None:
        """Remember the address and the line speed in bits a second; nothing is opened yet.

        `not_ready` are errors by which a provider of ports says that it is still starting.
        """
        super().__init__(_KEY.sub("***", port))
        self._address = port
        self._baudrate = baudrate
        self._failures: tuple[type[Exception], ...] = (
            OSError,
            serialx.SerialException,
            ValueError,
            *not_ready,
        )

    @override
    async def _connect(self) -> _OpenPort:
        incoming = _Input()
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                transport, _ = await serialx.create_serial_connection(
                    asyncio.get_running_loop(), lambda: incoming, self._address, self._baudrate
                )
        except self._failures as err:
            raise LinkError(open_fault(err), self.name, str(err) or type(err).__name__) from err
        return _OpenPort(transport, incoming)

    @override
    async def write(self, data: bytes) -> None:
        port = self._stream()
        try:
            port.transport.write(data)
        except (OSError, serialx.SerialException) as err:
            raise LinkError(LinkFault.LOST, self.name, str(err)) from err
