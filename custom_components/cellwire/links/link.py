"""What every link can do, and what those can do that carry bytes."""

from abc import ABC, abstractmethod
import asyncio
from enum import StrEnum
from typing import Any

from .errors import LinkError, LinkFault

# No link takes longer to be closed and opened again, in seconds.
OPENING_TIME = 12.0


class LinkKind(StrEnum):
    """The ways to a device that a person can choose between."""

    SERIAL = "serial"  # a port of this computer, or a serial server
    WEBSOCKET = "websocket"  # a serial server that speaks WebSocket
    MODBUS_RTU = "modbus_rtu"  # Modbus on a serial port or serial server, shared with others
    MODBUS_TCP = "modbus_tcp"  # a gateway that speaks Modbus TCP
    HID = "hid"  # a USB port of this computer


class Opened(ABC):
    """What an open link consists of, until it is closed."""

    @property
    @abstractmethod
    def is_usable(self) -> bool:
        """Whether it has not been lost since."""

    @abstractmethod
    async def close(self) -> None:
        """Give everything back, in bounded time, also what was lost."""


class Connection[OpenedT: Opened = Any](ABC):
    """A way to one device or bus, with one owner.

    `name` is the address as the user gave it.
    """

    name: str
    _opened: OpenedT | None = None
    # The opening that goes on, or that led to what is open now.
    _opening: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the link was opened and has not been lost or closed since."""
        return self._opened is not None and self._opened.is_usable

    @abstractmethod
    async def _connect(self) -> OpenedT:
        """Open what the link consists of. Raises LinkError.

        Nothing stays open when it raises or is cancelled.
        """

    async def open(self) -> None:
        """Open the link, with nothing in its input.

        Raises LinkError, also when it is closed meanwhile: then nothing stays open.
        """
        await self.close()
        opening = asyncio.create_task(self._open(), name=f"cellwire opens {self.name}")
        # Asked for here too, since whoever waits for it may be gone.
        opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._opening = opening
        try:
            await asyncio.wait((opening,))
        except asyncio.CancelledError:
            if self._opening is opening:
                await self.close()
            raise
        if self._opening is not opening:
            raise LinkError(LinkFault.LOST, self.name, "closed while it was being opened")
        opening.result()

    async def close(self) -> None:
        """Close the link and wait until it is closed. Closing a closed link does nothing.

        An opening that goes on is given up.
        """
        opening, self._opening = self._opening, None
        opened, self._opened = self._opened, None
        if opening is not None and not opening.done():
            opening.cancel()
            await asyncio.wait((opening,))
        if opened is not None:
            await opened.close()

    async def reset(self) -> None:
        """Close a link that went wrong, so that opening it begins anew."""
        await self.close()

    async def _open(self) -> None:
        opened = await self._connect()
        if self._opening is asyncio.current_task():
            self._opened = opened
        else:
            # It was closed meanwhile, and nobody else knows of what was opened.
            await opened.close()


class Link[OpenedT: Opened = Any](Connection[OpenedT]):
    """A two-way stream of bytes."""

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises LinkError.
        """

    @abstractmethod
    async def read(self, timeout: float, least: int = 1) -> bytes:
        """Wait until `least` bytes are there, `timeout` seconds at most; return all that came.

        Returns b"" when none came in time. Raises LinkError.
        """

    @abstractmethod
    def take(self) -> bytes:
        """Return what has come so far without waiting, b"" included."""
