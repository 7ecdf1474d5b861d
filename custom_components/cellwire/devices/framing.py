"""Finding frames in a stream of bytes: the part that all binary protocols have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
import re
from typing import ClassVar

from ..links.health import TRACE_BYTES, LinkHealth


@dataclass(frozen=True, slots=True)
class Match[T]:
    """A frame that passed its checks, and how many bytes it took."""

    size: int
    frame: T


# How many bytes are missing where none can help.
NEVER = 0


def ignore(_noise: bytes) -> None:
    """Do nothing with noise."""


class Noise:
    """What made no frame: counted, and the beginning of each run of it handed on."""

    def __init__(self, health: LinkHealth, on_noise: Callable[[bytes], None]) -> None:
        """Count into `health`."""
        self._health = health
        self._on_noise = on_noise
        self._run = bytearray()

    def add(self, data: bytes | bytearray) -> None:
        """Take in bytes that belong to nothing."""
        if not data:
            return
        if not self._run:
            self._health.resyncs += 1
        self._health.discarded_bytes += len(data)
        self._run += data
        del self._run[TRACE_BYTES:]

    def end(self) -> None:
        """Hand on the run, since a frame was found: noise from here on is another one."""
        if self._run:
            self._on_noise(bytes(self._run))
            self._run.clear()


class Scanner[T](ABC):
    """Finds frames in bytes that arrive in any slices, whatever stands between them.

    A refused frame costs one byte, not its length: the real one may begin inside it. Less than
    one longest frame is ever kept. Nothing raises.
    """

    # Matches where a frame may begin, at the end of the input also half of such a place.
    starts: ClassVar[re.Pattern[bytes]]

    def __init__(
        self, health: LinkHealth | None = None, on_noise: Callable[[bytes], None] = ignore
    ) -> None:
        """Count into `health`; hand the beginning of each run of noise to `on_noise`."""
        self.health = health or LinkHealth()
        self._noise = Noise(self.health, on_noise)
        self.buffer = bytearray()
        # How many bytes came before the first of the buffer.
        self.origin = 0
        # How many more bytes it takes at least until there can be a frame.
        self.missing = 1

    @abstractmethod
    def match(self, start: int) -> Match[T] | int:
        """Look for a frame at exactly this place of the buffer.

        Returns it, or how many bytes it misses at least, or NEVER.
        """

    def feed(self, data: bytes) -> list[T]:
        """Take in bytes and return the frames that are complete now."""
        self.buffer += data
        return self._scan(final=False)

    def flush(self) -> list[T]:
        """Nothing more will come: look after unfinished frames too, then forget the rest."""
        frames = self._scan(final=True)
        self._noise.end()
        return frames

    def _scan(self, *, final: bool) -> list[T]:
        frames: list[T] = []
        position = noise = 0
        self.missing = 1
        while found := self.starts.search(self.buffer, position):
            start = found.start()
            result = self.match(start)
            if isinstance(result, Match):
                self._noise.add(self.buffer[noise:start])
                self._noise.end()
                frames.append(result.frame)
                position = noise = start + result.size
            elif result and not final:
                position = start
                self.missing = result
                break
            else:
                position = start + 1
        else:
            position = len(self.buffer)
        self._noise.add(self.buffer[noise:position])
        # The match object keeps the buffer from shrinking as long as it lives.
        found = None
        del self.buffer[:position]
        self.origin += position
        return frames
