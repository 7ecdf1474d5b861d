"""What can go wrong, in a form that a person can be told in their own language."""

from enum import StrEnum
import errno
import socket


class CellwireError(Exception):
    """Anything that went wrong between Cellwire and a device.

    `key` names the text for it in the translations, `placeholders` fill that text in.
    """

    key = "failed"

    def __init__(self, **placeholders: str) -> None:
        """Keep the placeholders; the message itself is for the log of a developer."""
        super().__init__(
            ", ".join([self.key, *(f"{name}: {text}" for name, text in placeholders.items())])
        )
        self.placeholders = placeholders


class LinkFault(StrEnum):
    """Why a link can't be opened or broke; the text of each is `link_<fault>`."""

    MISSING = "missing"  # no such port
    USB_MISSING = "usb_missing"  # no such device at any USB port
    BUSY = "busy"  # another program holds the port
    DENIED = "denied"  # no permission
    USB_DENIED = "usb_denied"  # no permission for a USB device, which a udev rule gives
    INVALID = "invalid"  # not a port, or an address that says nothing
    REFUSED = "refused"  # the host is there, nothing listens
    UNREACHABLE = "unreachable"  # no such host, or no way to it
    LOST = "lost"  # was open, and went away
    FAILED = "failed"  # anything else that the system reported


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


def system_fault(error: OSError) -> LinkFault:
    """Tell what an error of the operating system means for a link that was to be opened."""
    if isinstance(error, socket.gaierror | TimeoutError):
        return LinkFault.UNREACHABLE
    return _FAULTS.get(error.errno or 0, LinkFault.FAILED)


class LinkError(CellwireError):
    """The link can't be opened or was lost."""

    def __init__(self, fault: LinkFault, port: str, detail: str) -> None:
        """Remember what happened to which port; `detail` is the system's own word."""
        self.fault = fault
        self.key = f"link_{fault}"
        super().__init__(port=port, detail=detail)
