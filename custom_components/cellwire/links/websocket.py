"""WebSockets: serial servers that hand the bytes of a line on in messages.

An address is `ws://host:port`, without login and sub-protocol. Where messages begin and end says
nothing about the frames of a device.
"""

import asyncio
import contextlib
import re
from typing import Literal, override

import aiohttp
from yarl import URL

from .buffered import BufferedLink, Input, Stream
from .errors import LinkError, LinkFault, system_fault

SCHEME = "ws"
OPEN_TIMEOUT = 10.0
# How long the other end may take to agree that the connection is over.
CLOSE_TIMEOUT = 1.0
# What is sent is a few bytes, which go into a buffer at once unless that is full for long.
WRITE_TIMEOUT = 2.0
# Servers send what they collected in some milliseconds; more is not what a line carries.
LONGEST_MESSAGE = 65536
# No server of this kind is known to ask for a login, but one that does shall not be told on.
_LOGIN = re.compile(r"(?<=//)[^/]*(?=@)")

_Socket = aiohttp.ClientWebSocketResponse[Literal[False]]


def to_bytes(text: bytes) -> bytes:
    """Return the bytes that a text message stands for, each character one of them (Latin-1).

    A server that knows nothing of UTF-8 sends the bytes of the line as they are.
    """
    try:
        return text.decode().encode("latin-1")
    except UnicodeError:
        return text


def open_fault(error: Exception) -> LinkFault:
    """Tell what kept a WebSocket from opening."""
    match error:
        case ValueError():
            return LinkFault.INVALID
        case aiohttp.ClientConnectorError(os_error=cause):
            return system_fault(cause)
        case OSError():
            return system_fault(error)
        case _:
            # Something listens there and speaks, but no WebSocket.
            return LinkFault.REFUSED


class _OpenSocket(Stream):
    """An open WebSocket, and the task that receives from it."""

    def __init__(self, socket: _Socket, name: str) -> None:
        """Own a socket."""
        super().__init__(Input())
        self.socket = socket
        self._receiving = asyncio.create_task(
            _receive(socket, self.input), name=f"cellwire {name} receives"
        )

    @override
    async def close(self) -> None:
        self._receiving.cancel()
        await asyncio.wait([self._receiving])
        # A peer that goes on talking instead of agreeing would be listened to for ever.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.socket.close()


class WebSocketLink(BufferedLink[_OpenSocket]):
    """A serial line behind a server that speaks WebSocket."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        """Remember the address; nothing is opened yet, and the session is never closed here."""
        super().__init__(_LOGIN.sub("***", url))
        self._address = url
        self._session = session

    @override
    async def _connect(self) -> _OpenSocket:
        try:
            url = self._checked()
            async with asyncio.timeout(OPEN_TIMEOUT):
                socket = await self._session.ws_connect(
                    url,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT),
                    max_msg_size=LONGEST_MESSAGE,
                    decode_text=False,
                )
        except (aiohttp.ClientError, OSError, ValueError) as err:
            raise LinkError(open_fault(err), self.name, str(err) or type(err).__name__) from err
        return _OpenSocket(socket, self.name)

    @override
    async def write(self, data: bytes) -> None:
        stream = self._stream()
        try:
            # A peer that takes nothing any more would be waited for until its network gives up.
            async with asyncio.timeout(WRITE_TIMEOUT):
                await stream.socket.send_bytes(data)
        except (aiohttp.ClientError, OSError) as err:
            detail = str(err) or type(err).__name__
            raise LinkError(LinkFault.LOST, self.name, detail) from err

    def _checked(self) -> URL:
        """Return the address. Raises ValueError for one that says too little."""
        url = URL(self._address)
        if url.scheme != SCHEME or not url.host or url.explicit_port is None:
            raise ValueError(f"{SCHEME}://host:port is needed")
        return url


async def _receive(socket: _Socket, incoming: Input) -> None:
    """Collect what the other end sends until it hangs up."""
    reason: Exception | None = None
    try:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                incoming.put(message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                incoming.put(to_bytes(message.data))
            else:
                reason = message.data
    except (aiohttp.ClientError, OSError) as err:
        # A ping could not be answered any more.
        reason = err
    except Exception as err:  # noqa: BLE001 - told to whoever reads, who has it logged
        incoming.fail(err)
    finally:
        incoming.lose(reason)
