"""Listening before speaking, for probes."""

from dataclasses import dataclass
import time

from ..links.link import Link

# Enough to recognise anything that talks by itself.
HEARING_LIMIT = 8192


@dataclass(frozen=True, slots=True)
class Speaker:
    """What unmistakably speaks in some received bytes, by name.

    `is_ours` tells whether the family that recognised it can read it this way.
    """

    name: str
    is_ours: bool = True


async def listen(link: Link, seconds: float) -> bytes:
    """Return what comes over an open link within some seconds. Raises LinkError."""
    heard = bytearray()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and len(heard) < HEARING_LIMIT:
        heard += await link.read(left)
    return bytes(heard)
