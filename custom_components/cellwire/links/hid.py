"""Chargers of Junsi on USB, by way of hidapi and the hidraw nodes of Linux.

hidapi blocks, and one of its devices may be used by one thread at a time. So every charger has a
thread of its own, and the event loop waits for it no longer than an answer may take. See
docs/usb_hid.md.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import errno
import math
import os
import threading
import time
from typing import Any, override
from urllib.parse import quote

import hidraw
from modbus_connection import (
    ModbusConnectionError,
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
)

from .errors import LinkError, LinkFault, system_fault
from .hid_frame import (
    HOLDING,
    INPUT,
    REPORT_SIZE,
    Answer,
    Request,
    is_damaged_answer,
    is_log_frame,
    read_request,
    write_request,
)
from .link import Opened
from .owed import Owed
from .registers import RegisterLink, RegisterUnit
from .worker import Worker

# All models share these with other products of the maker of their processor.
VENDOR, PRODUCT = 0x0483, 0x5751
MAKER = "junsi"
UNIT = 1
SCHEME = "hid"
UDEV_RULE = 'SUBSYSTEM=="hidraw", ATTRS{idVendor}=="0483", ATTRS{idProduct}=="5751", MODE="0666"'

# Seconds.
OPEN_TIMEOUT = 5.0
SETTLE = 0.5  # a charger wants to be left alone after the opening
LATE = 0.5  # how long an answer that nobody waits for any more is waited for
BEHIND = 0.1  # ours is right behind a damaged or an older answer, or was that
GRACE = 1.0  # after so much more than agreed, the driver hangs
REFUSED = 0.02  # a USB stack that refused a question is left alone for so long
# The USB stack refuses a question now and then. An order is sent once: it may have been taken.
QUESTIONS = 4
# As many reports as Linux keeps for a reader.
WAITING = 64

# hidapi has these in words only.
_REASONS = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EBUSY, errno.EACCES, errno.EPERM)
# What hidapi does without a device is not safe in two threads at once.
_library = threading.Lock()


@dataclass(frozen=True, slots=True)
class HidCharger:
    """A charger that is plugged in; `path` is its node, good until it is unplugged."""

    address: str
    product: str
    serial: str | None
    path: bytes


def find_chargers() -> tuple[HidCharger, ...]:
    """List the chargers that are plugged in, by address. Blocks: for a thread.

    An address has the serial number, or the product of a charger that has none. Two of those
    share it, and can't be opened while both are plugged in.
    """
    with _library:
        found = hidraw.enumerate(VENDOR, PRODUCT)
    # A node is listed once for each of its usages. Behind a second interface is the SD card.
    chargers = {
        each["path"]: _to_charger(each)
        for each in found
        if each["interface_number"] <= 0 and _is_charger(each)
    }
    return tuple(sorted(chargers.values(), key=lambda charger: (charger.address, charger.path)))


def _is_charger(found: Mapping[str, Any]) -> bool:
    return MAKER in f"{found['manufacturer_string']} {found['product_string']}".lower()


def _to_charger(found: Mapping[str, Any]) -> HidCharger:
    product, serial = found["product_string"].strip(), found["serial_number"].strip()
    rest = quote(serial, safe="") if serial else f"?product={quote(product, safe='')}"
    return HidCharger(f"{SCHEME}://{rest}", product, serial or None, found["path"])


def _choose(address: str) -> HidCharger:
    """Return the charger at an address. Raises LinkError."""
    chargers = find_chargers()
    matching = [charger for charger in chargers if charger.address == address]
    if not matching:
        others = ", ".join(charger.address for charger in chargers) or "no charger"
        raise LinkError(LinkFault.USB_MISSING, address, f"plugged in: {others}")
    if len(matching) > 1:
        detail = f"{len(matching)} chargers that can't be told apart are plugged in"
        raise LinkError(LinkFault.INVALID, address, detail)
    return matching[0]


def _open_error(address: str, text: str) -> LinkError:
    """Find out from the words of hidapi what kept a node from opening."""
    for number in _REASONS:
        if os.strerror(number) in text:
            if number == errno.EACCES:
                return LinkError(LinkFault.USB_DENIED, address, UDEV_RULE)
            return LinkError(system_fault(OSError(number, text)), address, text)
    return LinkError(LinkFault.FAILED, address, text)


class _Node:
    """The opened node of a charger. All of it blocks, and belongs into one thread."""

    def __init__(self, skip: Callable[[bytes], None]) -> None:
        """Hand what is no answer to `skip`."""
        self._skip = skip
        self._device: Any = None
        self._is_late = False
        self._owed = Owed()

    def open(self, address: str) -> str:
        """Open the charger at an address and return its product. Raises LinkError."""
        charger = _choose(address)
        with _library:
            device = hidraw.device()
            try:
                device.open_path(charger.path)
            except OSError as err:
                raise _open_error(address, device.error()) from err
        self._device = device
        # Without this a read that is to wait for no time would wait for ever.
        device.set_nonblocking(1)
        try:
            self._drain(SETTLE)
        except OSError as err:
            raise LinkError(LinkFault.LOST, address, str(err)) from err
        return charger.product

    def exchange(self, request: Request, timeout: float) -> Answer | None:
        """Write a request and return its answer, or None if none comes in `timeout` seconds.

        Raises OSError when the charger is gone, and ModbusProtocolError for a damaged answer.
        """
        self._drain(LATE if self._is_late else 0.0)
        self._is_late = False
        self._send(request)
        is_damaged = is_behind = False
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            if not (report := self._read(left)):
                continue
            is_older = self._owed.takes(report, request)
            if not is_older and (answer := request.answer(report)) is not None:
                return answer
            self._skip(report)
            is_behind = is_behind or is_older
            if is_older or is_damaged_answer(report):
                is_damaged = True
                deadline = min(deadline, time.monotonic() + BEHIND)
        self._is_late = not is_damaged
        if is_behind or not is_damaged:
            self._owed.add(request)
        if is_damaged:
            raise ModbusProtocolError("an answer that is damaged, or another question's")
        return None

    def _send(self, request: Request) -> None:
        tries = 1 if request.is_order else QUESTIONS
        while self._device.write(request.report) != len(request.report):
            tries -= 1
            if not tries:
                raise OSError("write error")
            time.sleep(REFUSED)

    def close(self) -> None:
        """Give the node back."""
        if self._device is not None:
            self._device.close()

    def _drain(self, seconds: float) -> None:
        """Read away what comes within some seconds, then what is left without waiting."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if report := self._read(left):
                was_late = self._owed.takes(report)
                self._skip(report)
                if was_late and not self._owed:
                    break
        for _ in range(WAITING):
            if not (report := self._read(0.0)):
                return
            self._owed.takes(report)
            self._skip(report)

    def _read(self, seconds: float) -> bytes:
        """Return the next report, b"" if none comes in time."""
        return bytes(self._device.read(REPORT_SIZE, math.ceil(seconds * 1000)))


class _Plugged(Opened):
    """An opened charger and its thread. `is_usable` until it is gone."""

    is_usable = True

    def __init__(self, worker: Worker, node: _Node) -> None:
        """Own a thread and the node that it opened."""
        self.worker = worker
        self.node = node

    @override
    async def close(self) -> None:
        self.is_usable = False
        await self.worker.close(self.node.close)


class HidLink(RegisterLink[_Plugged]):
    """A charger on USB, found by its address wherever it is plugged in.

    `log_frames` counts the reports that it sent by itself, `skipped_frames` those that answered
    nothing that was asked.
    """

    has_line = False
    # After an answer that did not come.
    slack = LATE

    def __init__(self, address: str) -> None:
        """Remember an address as `find_chargers` has it; nothing is opened yet."""
        self.name = address
        self.log_frames = 0
        self.skipped_frames = 0
        self._lock = asyncio.Lock()

    @override
    async def _connect(self) -> _Plugged:
        node, worker = _Node(self._skip), Worker("cellwire-hid")
        try:
            self.product = await worker.run(OPEN_TIMEOUT + SETTLE, node.open, self.name)
        except TimeoutError as err:
            await worker.close(node.close)
            raise LinkError(LinkFault.FAILED, self.name, str(err)) from err
        except BaseException:
            await worker.close(node.close)
            raise
        return _Plugged(worker, node)

    @override
    async def unit(self, address: int, timeout: float, spacing: float = 0.0) -> RegisterUnit:
        if address != UNIT:
            raise ValueError(f"behind a USB port there is unit {UNIT} and no other")
        return HidUnit(self, timeout)

    async def request(self, request: Request, timeout: float) -> list[int]:
        """Send a request and return the registers of its answer.

        The charger may take `timeout` seconds. Raises ModbusError.
        """
        async with self._lock:
            opened = self._opened
            if opened is None or not opened.is_usable:
                raise ModbusConnectionError("the link is not open")
            try:
                answer = await opened.worker.run(
                    LATE + timeout + GRACE, opened.node.exchange, request, timeout
                )
            except OSError as err:
                opened.is_usable = False
                raise ModbusConnectionError(str(err)) from err
        if answer is None:
            raise ModbusTimeoutError(f"no answer within {timeout} s")
        if answer.exception is not None:
            raise ModbusExceptionError.from_code(answer.exception)
        return list(answer.registers)

    def _skip(self, report: bytes) -> None:
        """Count a report that answers nothing. Called in the thread."""
        if is_log_frame(report):
            self.log_frames += 1
        else:
            self.skipped_frames += 1


@dataclass(frozen=True, slots=True)
class HidUnit:
    """The registers behind an open link: at most 30 are read, 28 written at once.

    What is more raises ValueError. The charger may take `timeout` seconds to answer.
    """

    link: HidLink
    timeout: float

    @property
    def connected(self) -> bool:
        """Whether the link is open."""
        return self.link.is_open

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read registers with function 3. Raises ModbusError."""
        return await self.link.request(read_request(HOLDING, address, count), self.timeout)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read registers with function 4. Raises ModbusError."""
        return await self.link.request(read_request(INPUT, address, count), self.timeout)

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Write registers with function 16. Raises ModbusError."""
        await self.link.request(write_request(address, values), self.timeout)
