"""What can happen to an answer on its way: each fault turns bytes into timed pieces."""

from collections.abc import Callable

# Seconds to wait, then the bytes to send.
type Pieces = list[tuple[float, bytes]]
type Fault = Callable[[bytes], Pieces]


def none(data: bytes) -> Pieces:
    """Send the answer as it is."""
    return [(0.0, data)]


def silent(_data: bytes) -> Pieces:
    """Send nothing."""
    return []


def split(size: int, pause: float = 0.0) -> Fault:
    """Send pieces of some bytes with pauses between."""
    return lambda data: [
        (pause if start else 0.0, data[start : start + size]) for start in range(0, len(data), size)
    ]


def late(seconds: float) -> Fault:
    """Send the answer when nobody waits for it any more."""
    return lambda data: [(seconds, data)]


def doubled(data: bytes) -> Pieces:
    """Send the answer twice in one go."""
    return [(0.0, data + data)]


def truncated(size: int) -> Fault:
    """Send the beginning only."""
    return lambda data: [(0.0, data[:size])]


def corrupted(at: int, mask: int = 0x40) -> Fault:
    """Flip a bit of one byte."""
    return lambda data: [(0.0, data[:at] + bytes((data[at] ^ mask,)) + data[at + 1 :])]


def surrounded(noise: bytes) -> Fault:
    """Put noise in front and behind."""
    return lambda data: [(0.0, noise + data + noise)]


def once(fault: Fault, then: Fault = none) -> Fault:
    """Apply a fault to the first answer and another one to all that follow."""
    return in_turn(fault, forever=then)


def in_turn(*faults: Fault, forever: Fault = none) -> Fault:
    """Apply one fault after the other, then the last one for ever."""
    left = list(faults)

    def next_one(data: bytes) -> Pieces:
        fault = left.pop(0) if left else forever
        return fault(data)

    return next_one


def only(chosen: Callable[[bytes], bool], fault: Fault) -> Fault:
    """Apply a fault to the answers that are chosen by their bytes."""
    return lambda data: fault(data) if chosen(data) else none(data)
