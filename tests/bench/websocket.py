"""A real WebSocket server for simulated devices, as serial servers have one."""

import asyncio
import contextlib
from typing import override

from aiohttp import WSMsgType, web

from .wire import Wire

# A binary message of 45 bytes: final frame, opcode 2, not masked.
BINARY_HEADER = bytes((0x82, 45))
BROKEN_OFF = 20


class WebSocketWire(Wire):
    """A serial server that hands on each piece of the line as a message to all its clients."""

    def __init__(self, baudrate: int | None = None) -> None:
        """Send binary messages; `kind` can be changed at any time."""
        super().__init__(baudrate)
        self.port = 0
        self.address = ""
        self.connections = 0
        self.kind = WSMsgType.BINARY
        # A server that accepts connections but does not speak WebSocket.
        self.is_deaf = False
        self._runner: web.AppRunner | None = None
        self._clients: dict[web.WebSocketResponse, asyncio.Queue[tuple[WSMsgType, bytes]]] = {}
        self._transports: set[asyncio.Transport] = set()

    @override
    async def plug(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.address = f"ws://127.0.0.1:{self.port}"

    @override
    async def unplug(self) -> None:
        if self._runner:
            runner, self._runner = self._runner, None
            self.cut()
            await runner.cleanup()

    async def hang_up(self) -> None:
        """Close all connections as the protocol has it, and stay reachable."""
        for client in tuple(self._clients):
            await client.close()

    def cut(self, *, in_mid_frame: bool = False) -> None:
        """Drop all connections without a word, or with half a message, and stay reachable."""
        for transport in tuple(self._transports):
            if in_mid_frame:
                transport.write(BINARY_HEADER + bytes(BROKEN_OFF))
                transport.close()
            else:
                transport.abort()

    @override
    def put(self, data: bytes) -> None:
        for queue in self._clients.values():
            queue.put_nowait((self.kind, data))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.is_deaf:
            return web.Response(text="Web to Serial")
        client = web.WebSocketResponse()
        await client.prepare(request)
        assert request.transport
        self._transports.add(request.transport)
        queue: asyncio.Queue[tuple[WSMsgType, bytes]] = asyncio.Queue()
        self._clients[client] = queue
        self.connections += 1
        sending = asyncio.create_task(self._send(client, queue))
        try:
            async for message in client:
                if message.type is WSMsgType.BINARY:
                    self.take(message.data)
        finally:
            del self._clients[client]
            self._transports.discard(request.transport)
            sending.cancel()
        return client

    async def _send(
        self, client: web.WebSocketResponse, queue: asyncio.Queue[tuple[WSMsgType, bytes]]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                kind, data = await queue.get()
                await client.send_frame(data, kind)
