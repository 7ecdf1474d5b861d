"""The serial link on real ptys and real TCP."""

import asyncio
import errno
import os
from pathlib import Path
import socket

import pytest
import serialx

from custom_components.cellwire.links.buffered import INPUT_LIMIT
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.serial import SerialLink, open_fault
from tests.bench.wire import PtyWire, TcpWire
from tests.waiting import until


async def fault_of(link: SerialLink) -> LinkFault:
    with pytest.raises(LinkError) as caught:
        await link.open()
    assert not link.is_open
    await link.close()
    assert caught.value.key == f"link_{caught.value.fault}"
    assert caught.value.placeholders["port"] == link.name
    assert caught.value.placeholders["detail"]
    return caught.value.fault


async def test_bytes_travel_both_ways(pty: PtyWire) -> None:
    link = SerialLink(pty.address, 115200)
    assert not link.is_open
    await link.open()
    assert link.is_open
    await link.write(b"question")
    assert await link.read(0.05) == b""
    assert pty.received == b"question"
    await pty.send(b"\x11\x13\x0d\x0a\x03\x00\xff")
    assert await link.read(1.0) == b"\x11\x13\x0d\x0a\x03\x00\xff"
    assert link.take() == b""
    await link.close()
    await link.close()
    assert not link.is_open


async def test_bytes_that_wait_are_taken_without_waiting(pty: PtyWire) -> None:
    link = SerialLink(pty.address, 115200)
    await link.open()
    await pty.send(b"unasked")
    await asyncio.sleep(0.05)
    assert link.take() == b"unasked"
    assert await link.read(0.01) == b""
    await link.close()


async def test_reading_waits_for_as_many_bytes_as_are_asked_for(pty: PtyWire) -> None:
    link = SerialLink(pty.address, 115200)
    await link.open()
    reading = asyncio.create_task(link.read(1.0, 6))
    await pty.send(b"one")
    await asyncio.sleep(0.05)
    assert not reading.done()
    await pty.send(b"two")
    assert await reading == b"onetwo"
    # When the time is over, what came is better than nothing.
    await pty.send(b"three")
    assert await link.read(0.1, 6) == b"three"
    await link.close()


async def test_opening_again_begins_with_nothing_unread(pty: PtyWire) -> None:
    link = SerialLink(pty.address, 115200)
    await link.open()
    await pty.send(b"of the last time")
    await asyncio.sleep(0.05)
    await link.open()
    assert link.take() == b""
    await link.close()


async def test_unread_bytes_are_bounded(tcp: TcpWire) -> None:
    link = SerialLink(tcp.address, 115200)
    await link.open()
    await until(lambda: tcp.connections)
    for _ in range(20):
        await tcp.send(bytes(1000))
    await tcp.send(b"newest")
    await asyncio.sleep(0.1)
    waiting = link.take()
    assert len(waiting) <= INPUT_LIMIT
    assert waiting.endswith(b"newest")
    await link.close()


async def test_a_pulled_cable_is_noticed(pty: PtyWire) -> None:
    link = SerialLink(pty.address, 115200)
    await link.open()
    await pty.unplug()
    with pytest.raises(LinkError) as caught:
        await link.read(1.0)
    assert caught.value.fault is LinkFault.LOST
    assert not link.is_open
    with pytest.raises(LinkError):
        await link.write(b"x")
    await link.close()
    assert await fault_of(link) is LinkFault.MISSING


async def test_what_came_before_a_hang_up_is_read(tcp: TcpWire) -> None:
    link = SerialLink(tcp.address, 115200)
    await link.open()
    await link.write(b"?")
    await until(lambda: tcp.received)
    await tcp.send(b"answer")
    tcp.hang_up()
    await asyncio.sleep(0.05)
    assert not link.is_open
    assert await link.read(1.0) == b"answer"
    with pytest.raises(LinkError) as caught:
        await link.read(1.0)
    assert caught.value.fault is LinkFault.LOST
    assert "hung up" in caught.value.placeholders["detail"]
    await link.close()


async def test_a_link_that_was_never_opened_is_lost() -> None:
    with pytest.raises(LinkError) as caught:
        await SerialLink("/dev/null", 9600).read(0.1)
    assert caught.value.fault is LinkFault.LOST


async def test_a_port_that_another_holds_is_busy(pty: PtyWire) -> None:
    first, second = SerialLink(pty.address, 115200), SerialLink(pty.address, 115200)
    await first.open()
    assert await fault_of(second) is LinkFault.BUSY
    await first.close()
    await second.open()
    await second.close()


async def test_what_is_no_port_is_invalid(tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.touch()
    for address in (str(plain), "/dev/null", str(tmp_path), "unknown://x", "socket://host", "a\0b"):
        assert await fault_of(SerialLink(address, 9600)) is LinkFault.INVALID, address


async def test_the_key_of_an_esphome_node_is_not_shown() -> None:
    link = SerialLink("esphome://127.0.0.1:6053/?port_name=a&key=c2VjcmV0&x=1", 9600)
    assert link.name == "esphome://127.0.0.1:6053/?port_name=a&key=***&x=1"
    assert await fault_of(link) is LinkFault.INVALID


async def test_a_closed_tcp_port_refuses(socket_enabled: None) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert await fault_of(SerialLink(f"socket://127.0.0.1:{port}", 9600)) is LinkFault.REFUSED
    assert await fault_of(SerialLink(f"rfc2217://127.0.0.1:{port}", 9600)) is LinkFault.REFUSED


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (PermissionError(errno.EACCES, "denied"), LinkFault.DENIED),
        (socket.gaierror(-2, "Name or service not known"), LinkFault.UNREACHABLE),
        (TimeoutError(), LinkFault.UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, "No route to host"), LinkFault.UNREACHABLE),
        (OSError(errno.EIO, "Input/output error"), LinkFault.FAILED),
        (OSError("no errno"), LinkFault.FAILED),
        (serialx.SerialException("odd"), LinkFault.INVALID),
        (RuntimeError("not ready"), LinkFault.FAILED),
    ],
)
def test_errors_of_the_system_get_a_name(error: Exception, fault: LinkFault) -> None:
    assert open_fault(error) is fault


async def test_a_provider_that_is_not_ready_is_a_failed_link(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NotReadyError(Exception):
        pass

    async def not_ready(*_: object) -> None:
        raise NotReadyError

    monkeypatch.setattr(serialx, "create_serial_connection", not_ready)
    link = SerialLink(pty.address, 9600, not_ready=(NotReadyError,))
    assert await fault_of(link) is LinkFault.FAILED
    with pytest.raises(NotReadyError):
        await SerialLink(pty.address, 9600).open()


async def test_a_write_that_fails_at_once_is_a_lost_link(
    pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = SerialLink(pty.address, 9600)
    await link.open()

    def fail(_data: bytes) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    assert link._opened is not None
    monkeypatch.setattr(link._opened.transport, "write", fail)
    with pytest.raises(LinkError) as caught:
        await link.write(b"x")
    assert caught.value.fault is LinkFault.LOST
    await link.close()
