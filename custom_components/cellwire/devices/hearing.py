"""Listening before speaking, for probes."""

import time

from ..links.link import Link

# Enough to recognise anything that talks by itself.
HEARING_LIMIT = 8192


async def listen(link: Link, seconds: float) -> bytes:
    """Return what comes over an open link within some seconds. Raises LinkError."""
    heard = bytearray()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and len(heard) < HEARING_LIMIT:
        heard += await link.read(left)
    return bytes(heard)
