"""A link as a device has it: with what is counted, and closed for good in the end."""

from ..links.errors import LinkError, LinkFault
from ..links.health import LinkHealth, Trace
from ..links.link import Connection, Link
from .mistakes import Mistakes


class Wires[LinkT: Connection = Link]:
    """A link with its counters and its last bytes: what decoders and devices share."""

    def __init__(self, link: LinkT) -> None:
        """Begin to count."""
        self.link = link
        self.health = LinkHealth()
        self.trace = Trace(link.name)
        self.mistakes = Mistakes(link.name, self.health)
        # Closed for good: nothing opens the link again.
        self.closed = False

    async def open(self) -> None:
        """Open the link, unless it is closed for good, also meanwhile. Raises LinkError."""
        if self.closed:
            raise self.ended()
        await self.link.open()
        self.health.opened += 1

    async def close(self) -> None:
        """Close the link for good, also one that is just being opened."""
        self.closed = True
        await self.link.close()

    def ended(self) -> LinkError:
        """Say that nothing goes on here any more."""
        return LinkError(LinkFault.LOST, self.link.name, "closed")
