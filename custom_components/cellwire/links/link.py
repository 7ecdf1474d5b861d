"""What every link can do, and what those can do that carry bytes."""

from abc import ABC, abstractmethod
from enum import StrEnum


class LinkKind(StrEnum):
    """The ways to a device that a person can choose between."""

    SERIAL = "serial"  # a port of this computer, or a serial server
    WEBSOCKET = "websocket"  # a serial server that speaks WebSocket
    MODBUS_RTU = "modbus_rtu"  # Modbus on a serial port or serial server, shared with others
    MODBUS_TCP = "modbus_tcp"  # a gateway that speaks Modbus TCP
    HID = "hid"  # a USB port of this computer


class Connection(ABC):
    """A way to one device or bus, with one owner.

    `name` is the address as the user gave it.
    """

    name: str

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the link was opened and has not been lost or closed since."""

    @abstractmethod
    async def open(self) -> None:
        """Open the link, with nothing in its input.

        Raises LinkError.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close the link and wait until it is closed. Closing a closed link does nothing."""

    async def reset(self) -> None:
        """Close a link that went wrong, so that opening it begins anew."""
        await self.close()


class Link(Connection):
    """A two-way stream of bytes.

    `has_line` tells whether the speed of the line can be set from here.
    """

    has_line = True

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
