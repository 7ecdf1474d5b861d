"""What can go wrong, in a form that a person can be told in their own language."""

from enum import StrEnum


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
    BUSY = "busy"  # another program holds the port
    DENIED = "denied"  # no permission
    INVALID = "invalid"  # not a port, or an address that says nothing
    REFUSED = "refused"  # the host is there, nothing listens
    UNREACHABLE = "unreachable"  # no such host, or no way to it
    LOST = "lost"  # was open, and went away
    FAILED = "failed"  # anything else that the system reported


class LinkError(CellwireError):
    """The link can't be opened or was lost."""

    def __init__(self, fault: LinkFault, port: str, detail: str) -> None:
        """Remember what happened to which port; `detail` is the system's own word."""
        self.fault = fault
        self.key = f"link_{fault}"
        super().__init__(port=port, detail=detail)
