"""The USB port of a simulated charger: its end of the reports."""

import asyncio
from collections.abc import Callable, Iterator
import contextlib
import itertools
import json
import os
from pathlib import Path
import socket
from unittest.mock import patch

from custom_components.cellwire.links import hid

from .captures import capture
from .modbus import Slave
from .usb import hidraw
from .usb.hidraw import DESCRIPTION, FOLDER, HANGS

REPORT_SIZE = 64
MODBUS = 0x30

_numbers = itertools.count()


@contextlib.contextmanager
def bench_usb(folder: Path) -> Iterator[None]:
    """Plug simulated devices of this folder, and no others, into the computer."""
    with patch.object(hid, "hidraw", hidraw), patch.dict(os.environ, {FOLDER: str(folder)}):
        yield


@contextlib.contextmanager
def usb_stack(refuses: Callable[[bytes], bool]) -> Iterator[None]:
    """Let the USB stack of this computer refuse reports, number in front, that it shall write."""
    write = hidraw.device.write

    def write_or_not(device: hidraw.device, report: bytes) -> int:
        return -1 if refuses(report) else write(device, report)

    with patch.object(hidraw.device, "write", write_or_not):
        yield


def recorded_log_frames() -> tuple[bytes, ...]:
    """Return reports that a 308 DUO sent unasked."""
    frames = capture("icharger", "real_hid_log_frames_308duo")["frames"]
    return tuple(bytes.fromhex(frame["report64_hex"]) for frame in frames)


class HidPort:
    """A charger on USB, with a `Slave` behind it that answers.

    The faults of the slave are applied to whole reports. While `is_logging`, each answer has a
    recorded log frame in front and one behind.
    """

    vendor, product_id = 0x0483, 0x5751
    manufacturer = "Junsi Electronic"
    interface = 0
    usages: tuple[tuple[int, int], ...] = ((0xFF00, 1),)
    # The number of an error of the system that keeps the node from opening, 0 for none.
    refusal = 0

    def __init__(self, folder: Path, product: str, serial: str, slave: Slave) -> None:
        """Not plugged in yet; `serial` is "" for a charger that has none."""
        self.product = product
        self.serial = serial
        self.slave = slave
        self.is_logging = False
        self.received: list[bytes] = []
        self.node: Path | None = None
        # The charger builds each answer where the last one and the request have been.
        self.memory = bytearray(REPORT_SIZE)
        self._folder = folder
        self._log = itertools.cycle(recorded_log_frames())
        self._listener: socket.socket | None = None
        self._clients: set[socket.socket] = set()
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether somebody has the node open."""
        return bool(self._clients)

    async def plug(self) -> None:
        """Appear as a node that was not there before."""
        self.node = self._folder / f"hidraw{next(_numbers)}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.settimeout(0)
        self._listener.bind(str(self.node))
        self._listener.listen()
        asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)
        self.describe()

    def describe(self) -> None:
        """Tell the system what is plugged in."""
        told = {
            "vendor_id": self.vendor,
            "product_id": self.product_id,
            "serial_number": self.serial,
            "release_number": 0x0200,
            "manufacturer_string": self.manufacturer,
            "product_string": self.product,
            "interface_number": self.interface,
            "usages": self.usages,
            "refusal": self.refusal,
        }
        self._beside(DESCRIPTION).write_text(json.dumps(told), encoding="utf-8")

    async def unplug(self) -> None:
        """Vanish, with all that was going on."""
        if self._listener is None or self.node is None:
            return
        for task in tuple(self._answering):
            task.cancel()
        for client in tuple(self._clients):
            self._drop(client)
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        self._listener = None
        for path in (self._beside(DESCRIPTION), self._beside(HANGS), self.node):
            path.unlink(missing_ok=True)

    async def replug(self) -> None:
        """Pull the plug and put it in again: the node has another name."""
        await self.unplug()
        await self.plug()

    def hang(self) -> None:
        """Let reads hang in the driver until the plug is pulled."""
        self._beside(HANGS).touch()

    def put(self, report: bytes) -> None:
        """Send a report unasked. What nobody takes is lost."""
        for client in tuple(self._clients):
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                client.send(report)

    def _beside(self, suffix: str) -> Path:
        if self.node is None:
            raise ValueError("never plugged in")
        return self.node.with_suffix(suffix)

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.settimeout(0)
        self._clients.add(client)
        asyncio.get_running_loop().add_reader(client, self._receive, client)

    def _drop(self, client: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(client)
        self._clients.discard(client)
        client.close()

    def _receive(self, client: socket.socket) -> None:
        try:
            report = client.recv(2 * REPORT_SIZE)
        except ConnectionError:
            report = b""
        if not report:
            self._drop(client)
            return
        self.received.append(report)
        task = asyncio.create_task(self._answer(report))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, report: bytes) -> None:
        request = report[: report[0]]
        if len(report) != REPORT_SIZE or request[1:2] != bytes((MODBUS,)):
            return
        answer = self.slave.answer(request[2:])
        frame = bytes((len(answer) + 2, MODBUS)) + answer
        self.memory[: len(request)] = request
        self.memory[: len(frame)] = frame
        await asyncio.sleep(self.slave.delay)
        if self.is_logging:
            self.put(next(self._log))
        for pause, piece in self.slave.fault(bytes(self.memory)):
            await asyncio.sleep(pause)
            for start in range(0, len(piece), REPORT_SIZE):
                self.put(piece[start : start + REPORT_SIZE])
        if self.is_logging:
            self.put(next(self._log))
