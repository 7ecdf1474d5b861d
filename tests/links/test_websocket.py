"""The WebSocket link against a real server."""

import asyncio
import base64
from collections.abc import AsyncIterator
import errno
import hashlib
import socket
from typing import Any

import aiohttp
from aiohttp import WSMsgType
from aiohttp.client_reqrep import ConnectionKey
import pytest

from custom_components.cellwire.links import websocket
from custom_components.cellwire.links.buffered import INPUT_LIMIT
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.websocket import WebSocketLink, open_fault, to_bytes
from tests.bench.websocket import WebSocketWire
from tests.waiting import until

EVERY_BYTE = bytes(range(256))
KEY = ConnectionKey("nowhere", 6432, False, True, None, None, None)  # noqa: FBT003


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as each:
        yield each


@pytest.fixture
async def link(
    websocket_wire: WebSocketWire, session: aiohttp.ClientSession
) -> AsyncIterator[WebSocketLink]:
    each = WebSocketLink(websocket_wire.address, session)
    await each.open()
    await until(lambda: websocket_wire.connections)
    yield each
    await each.close()
    assert not each.is_open
    assert not [task for task in asyncio.all_tasks() if "receives" in task.get_name()]


async def fault_of(link: WebSocketLink) -> LinkFault:
    with pytest.raises(LinkError) as caught:
        await link.open()
    assert not link.is_open
    await link.close()
    assert caught.value.placeholders["port"] == link.name
    assert caught.value.placeholders["detail"]
    return caught.value.fault


async def lost(link: WebSocketLink) -> str:
    with pytest.raises(LinkError) as caught:
        await link.read(2.0)
    assert caught.value.fault is LinkFault.LOST
    assert not link.is_open
    return caught.value.placeholders["detail"]


async def test_bytes_travel_both_ways(link: WebSocketLink, websocket_wire: WebSocketWire) -> None:
    assert link.is_open
    await link.write(b"question")
    assert await link.read(0.05) == b""
    assert websocket_wire.received == b"question"
    await websocket_wire.send(EVERY_BYTE)
    assert await link.read(1.0) == EVERY_BYTE
    assert link.take() == b""


async def test_messages_run_together(link: WebSocketLink, websocket_wire: WebSocketWire) -> None:
    reading = asyncio.create_task(link.read(1.0, 6))
    await websocket_wire.send(b"one")
    await asyncio.sleep(0.05)
    assert not reading.done()
    await websocket_wire.send(b"two")
    assert await reading == b"onetwo"
    await websocket_wire.send(b"three")
    assert await link.read(0.1, 6) == b"three"
    await websocket_wire.send(b"unasked")
    await asyncio.sleep(0.05)
    assert link.take() == b"unasked"


@pytest.mark.parametrize(
    "sent", [EVERY_BYTE.decode("latin-1").encode(), EVERY_BYTE], ids=["utf-8", "as they are"]
)
async def test_text_is_bytes_too(
    link: WebSocketLink, websocket_wire: WebSocketWire, sent: bytes
) -> None:
    websocket_wire.kind = WSMsgType.TEXT
    await websocket_wire.send(sent)
    assert await link.read(1.0) == EVERY_BYTE


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"$$W\x0f", b"$$W\x0f"),
        ("ÿ!é".encode(), b"\xff!\xe9"),
        (b"\xff!\xff!", b"\xff!\xff!"),
        # No byte is a euro sign: these three were bytes of the line.
        ("€".encode(), "€".encode()),
    ],
)
def test_what_text_stands_for(text: bytes, data: bytes) -> None:
    assert to_bytes(text) == data


async def test_a_ping_is_answered_and_is_no_data(
    link: WebSocketLink, websocket_wire: WebSocketWire
) -> None:
    websocket_wire.kind = WSMsgType.PING
    await websocket_wire.send(b"there?")
    websocket_wire.kind = WSMsgType.BINARY
    await websocket_wire.send(b"data")
    assert await link.read(1.0) == b"data"


async def test_opening_again_begins_with_nothing_unread(
    link: WebSocketLink, websocket_wire: WebSocketWire
) -> None:
    await websocket_wire.send(b"of the last time")
    await asyncio.sleep(0.05)
    await link.open()
    assert link.take() == b""
    await until(lambda: websocket_wire.connections == 2)


async def test_unread_bytes_are_bounded(link: WebSocketLink, websocket_wire: WebSocketWire) -> None:
    for _ in range(20):
        await websocket_wire.send(bytes(1000))
    await websocket_wire.send(b"newest")
    await asyncio.sleep(0.1)
    waiting = link.take()
    assert len(waiting) <= INPUT_LIMIT
    assert waiting.endswith(b"newest")


async def test_a_message_without_measure_ends_the_connection(
    link: WebSocketLink, websocket_wire: WebSocketWire
) -> None:
    await websocket_wire.send(bytes(websocket.LONGEST_MESSAGE + 1))
    assert "exceeds limit" in await lost(link)


async def test_what_came_before_a_hang_up_is_read(
    link: WebSocketLink, websocket_wire: WebSocketWire
) -> None:
    await websocket_wire.send(b"answer")
    await asyncio.sleep(0.05)
    await websocket_wire.hang_up()
    await until(lambda: not link.is_open)
    assert await link.read(1.0) == b"answer"
    assert "hung up" in await lost(link)
    with pytest.raises(LinkError):
        await link.write(b"x")


async def test_a_connection_cut_without_a_word(
    link: WebSocketLink, websocket_wire: WebSocketWire
) -> None:
    websocket_wire.cut()
    assert await lost(link)


async def test_a_connection_closed_in_mid_frame(
    link: WebSocketLink, websocket_wire: WebSocketWire
) -> None:
    await websocket_wire.send(b"whole")
    await asyncio.sleep(0.05)
    websocket_wire.cut(in_mid_frame=True)
    await until(lambda: not link.is_open)
    # Half a message is none.
    assert await link.read(1.0) == b"whole"
    assert await lost(link)
    await link.open()
    await until(lambda: websocket_wire.connections == 2)
    await websocket_wire.send(b"again")
    assert await link.read(1.0) == b"again"


async def test_a_server_that_is_away_and_back(
    link: WebSocketLink, websocket_wire: WebSocketWire
) -> None:
    await websocket_wire.unplug()
    assert await lost(link)
    assert await fault_of(link) is LinkFault.REFUSED
    await websocket_wire.plug()
    await link.open()
    assert link.is_open


async def test_writing_into_a_connection_that_is_just_being_lost(link: WebSocketLink) -> None:
    assert link._opened is not None
    socket: Any = link._opened.socket
    socket._conn.transport.close()
    with pytest.raises(LinkError) as caught:
        await link.write(b"x")
    assert caught.value.fault is LinkFault.LOST


async def test_a_link_that_was_never_opened_is_lost(session: aiohttp.ClientSession) -> None:
    link = WebSocketLink("ws://127.0.0.1:1", session)
    assert not link.is_open
    assert "closed" in await lost(link)


async def test_a_peer_that_says_nothing_any_more(session: aiohttp.ClientSession) -> None:
    """It neither talks nor takes leave: reading waits no longer than asked, closing is quick."""
    silent = asyncio.Event()
    opened: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(_handshake(request) + b"\x82\x03one")
        await silent.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    link = WebSocketLink(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", session)
    await link.open()
    assert await link.read(1.0) == b"one"
    assert await link.read(0.05) == b""
    assert link.is_open
    async with asyncio.timeout(2 * websocket.CLOSE_TIMEOUT):
        await link.close()
    silent.set()
    server.close()
    await server.wait_closed()
    assert len(opened) == 1


async def test_a_peer_that_talks_on_instead_of_closing(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.2)
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_handshake(await reader.readuntil(b"\r\n\r\n")))
        while not writer.is_closing():
            writer.write(b"\x82\x03one")
            await asyncio.sleep(0.01)
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    link = WebSocketLink(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", session)
    await link.open()
    async with asyncio.timeout(1.0):
        # At once, before anything could be received.
        await link.close()
        await served.wait()
    assert not link.is_open
    server.close()
    await server.wait_closed()


async def test_a_ping_that_cannot_be_answered(
    link: WebSocketLink, websocket_wire: WebSocketWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert link._opened is not None

    async def fail(_message: bytes) -> None:
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(link._opened.socket, "pong", fail)
    websocket_wire.kind = WSMsgType.PING
    await websocket_wire.send(b"there?")
    assert "closing transport" in await lost(link)


async def test_a_mistake_in_receiving_is_told_to_whoever_reads(
    link: WebSocketLink, websocket_wire: WebSocketWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_text: bytes) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(websocket, "to_bytes", fail)
    websocket_wire.kind = WSMsgType.TEXT
    await websocket_wire.send(b"text")
    with pytest.raises(RuntimeError) as caught:
        await link.read(2.0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert not link.is_open


async def test_a_peer_that_takes_nothing_any_more(
    link: WebSocketLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_data: bytes) -> None:
        await asyncio.Event().wait()

    assert link._opened is not None
    monkeypatch.setattr(websocket, "WRITE_TIMEOUT", 0.05)
    monkeypatch.setattr(link._opened.socket, "send_bytes", never)
    with pytest.raises(LinkError) as caught:
        await link.write(b"x")
    assert caught.value.fault is LinkFault.LOST
    assert caught.value.placeholders["detail"] == "TimeoutError"


def _handshake(request: bytes) -> bytes:
    key = request.lower().split(b"sec-websocket-key: ")[1]
    at = len(request) - len(key)
    accepted = request[at : at + 24] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    digest = hashlib.sha1(accepted, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ws://",
        "ws://127.0.0.1",
        "ws://:6432",
        "ws://host:99999",
        "127.0.0.1:6432",
        "http://127.0.0.1:6432",
        "socket://127.0.0.1:6432",
        "/dev/ttyUSB0",
    ],
)
async def test_what_is_no_address_is_invalid(session: aiohttp.ClientSession, address: str) -> None:
    assert await fault_of(WebSocketLink(address, session)) is LinkFault.INVALID


async def test_a_login_is_not_shown(
    websocket_wire: WebSocketWire, session: aiohttp.ClientSession
) -> None:
    address = websocket_wire.address.replace("://", "://user:secret@")
    link = WebSocketLink(address, session)
    assert link.name == websocket_wire.address.replace("://", "://***@")
    await link.open()
    await link.close()


async def test_a_server_that_speaks_no_websocket(
    websocket_wire: WebSocketWire, session: aiohttp.ClientSession
) -> None:
    websocket_wire.is_deaf = True
    link = WebSocketLink(websocket_wire.address, session)
    assert await fault_of(link) is LinkFault.REFUSED


@pytest.mark.parametrize("greeting", [b"", b"$$W\x0f\x0e\x42\r\n\r\n"], ids=["hangs up", "talks"])
async def test_a_server_of_raw_tcp(session: aiohttp.ClientSession, greeting: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    link = WebSocketLink(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", session)
    assert await fault_of(link) is LinkFault.REFUSED
    server.close()
    await server.wait_closed()


async def test_a_server_that_accepts_and_says_nothing(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "OPEN_TIMEOUT", 0.1)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        link = WebSocketLink(f"ws://127.0.0.1:{mute.getsockname()[1]}", session)
        assert await fault_of(link) is LinkFault.UNREACHABLE


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), LinkFault.UNREACHABLE),
        (socket.gaierror(-2, "Name or service not known"), LinkFault.UNREACHABLE),
        (
            aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "Name or service not known")),
            LinkFault.UNREACHABLE,
        ),
        (aiohttp.ServerDisconnectedError(), LinkFault.REFUSED),
        (aiohttp.ServerTimeoutError(), LinkFault.UNREACHABLE),
        (TimeoutError(), LinkFault.UNREACHABLE),
        (aiohttp.InvalidURL("ws://x"), LinkFault.INVALID),
        (OSError("no errno"), LinkFault.FAILED),
    ],
)
def test_errors_get_a_name(error: Exception, fault: LinkFault) -> None:
    assert open_fault(error) is fault
