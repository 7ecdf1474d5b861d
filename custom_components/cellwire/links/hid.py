"""stub"""

from dataclasses import dataclass

from .registers import RegisterLink, RegisterUnit

SCHEME = "hid"


@dataclass(frozen=True)
class HidCharger:
    address: str
    product: str
    serial: str
    path: bytes


class HidLink(RegisterLink):
    has_line = False

    def __init__(self, address: str) -> None:
        self.name = address

    @property
    def is_open(self) -> bool:
        return False

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def unit(self, address: int, timeout: float, spacing: float = 0.0) -> RegisterUnit:
        raise RuntimeError


def find_chargers() -> tuple[HidCharger, ...]:
    return ()
