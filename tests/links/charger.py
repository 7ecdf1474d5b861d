"""A charger on USB for the tests of its link."""

from collections.abc import Callable
from typing import override

import pytest

from custom_components.cellwire.links.errors import LinkError
from custom_components.cellwire.links.hid import HidLink
from tests.bench.hid_port import HidPort
from tests.bench.modbus import ILLEGAL_ADDRESS, Refusal, Slave

DUO = "Junsi iCharger 308Duo USB HID"
X6 = "Junsi X6 USB HID"
SERIAL = "1504308022"
ADDRESS = f"hid://{SERIAL}"
TIMEOUT = 0.1


class Numbered(Slave):
    """Each register holds its own address, until it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[int, int] = {}

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        if address == 0xDEAD:
            raise Refusal(ILLEGAL_ADDRESS)
        if address == 0xBAD:
            raise Refusal(200)
        return [self.written.get(each, each) for each in range(address, address + count)]

    @override
    def write(self, address: int, values: list[int]) -> None:
        self.written |= dict(enumerate(values, address))


type Plug = Callable[..., HidPort]


async def read(link: HidLink, address: int, count: int = 1) -> list[int]:
    return await (await link.unit(1, TIMEOUT)).read_input_registers(address, count)


async def fault_of(address: str) -> LinkError:
    link = HidLink(address)
    with pytest.raises(LinkError) as caught:
        await link.open()
    assert not link.is_open
    assert link.product is None
    await link.close()
    assert caught.value.placeholders["port"] == address
    assert caught.value.placeholders["detail"]
    return caught.value
