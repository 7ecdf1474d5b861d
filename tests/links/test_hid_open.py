"""Finding and opening chargers on USB."""

import asyncio
import errno
import os

import pytest

from custom_components.cellwire.links import hid
from custom_components.cellwire.links.errors import LinkError, LinkFault
from custom_components.cellwire.links.hid import UDEV_RULE, HidLink, find_chargers
from tests.bench.hid_port import HidPort, recorded_log_frames
from tests.waiting import until

from .charger import ADDRESS, DUO, SERIAL, X6, Plug, fault_of, read


async def test_chargers_are_found_by_their_serial_number(plugged: Plug) -> None:
    assert find_chargers() == ()
    first, second, third = plugged(), plugged(serial="1903048400"), plugged(X6, "19 02/ä")
    for each in (third, second, first):
        await each.plug()
    found = find_chargers()
    assert [(each.address, each.product, each.serial) for each in found] == [
        (ADDRESS, DUO, SERIAL),
        ("hid://19%2002%2F%C3%A4", X6, "19 02/ä"),
        ("hid://1903048400", DUO, "1903048400"),
    ]
    for charger, target in zip(found, (first, third, second), strict=True):
        link = HidLink(charger.address)
        await link.open()
        assert link.product == charger.product
        await until(lambda target=target: target.is_open)  # type: ignore[misc]
        await link.close()
        await until(lambda target=target: not target.is_open)  # type: ignore[misc]


async def test_other_gadgets_and_interfaces_are_left_alone(plugged: Plug) -> None:
    for attributes in (
        {"product": "STM32 Custom HID", "manufacturer": "STMicroelectronics"},
        {"product_id": 0x5750},
        {"vendor": 0x0484},
        {"interface": 1},
    ):
        await plugged(**attributes).plug()
    assert find_chargers() == ()
    assert (await fault_of(ADDRESS)).fault is LinkFault.USB_MISSING
    # Where the system knows no interface, and where a node has several usages.
    await plugged(interface=-1, usages=((1, 1), (0xFF00, 1))).plug()
    (found,) = find_chargers()
    assert found.address == ADDRESS
    # Either string tells whose it is.
    await plugged("Duo HID", "1").plug()
    await plugged("JUNSI 456DUO USB HID", "2", manufacturer="").plug()
    assert len(find_chargers()) == 3


async def test_a_charger_without_a_serial_number(plugged: Plug) -> None:
    await plugged(X6, "").plug()
    await plugged(X6, SERIAL).plug()
    await plugged(DUO, "").plug()
    address = "hid://?product=Junsi%20X6%20USB%20HID"
    assert [each.address for each in find_chargers()] == [
        ADDRESS,
        address,
        "hid://?product=Junsi%20iCharger%20308Duo%20USB%20HID",
    ]
    assert find_chargers()[1].serial is None
    link = HidLink(address)
    await link.open()
    assert await read(link, 5) == [5]
    await link.close()
    await plugged(X6, "").plug()
    error = await fault_of(address)
    assert error.fault is LinkFault.INVALID
    assert "2 chargers" in error.placeholders["detail"]


async def test_a_missing_charger_is_told_from_those_that_are_there(plugged: Plug) -> None:
    error = await fault_of(ADDRESS)
    assert error.fault is LinkFault.USB_MISSING
    assert "no charger" in error.placeholders["detail"]
    await plugged(serial="1").plug()
    assert "hid://1" in (await fault_of(ADDRESS)).placeholders["detail"]


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.EACCES, LinkFault.USB_DENIED),
        (errno.EPERM, LinkFault.DENIED),
        (errno.EBUSY, LinkFault.BUSY),
        (errno.ENODEV, LinkFault.MISSING),
        (errno.EIO, LinkFault.FAILED),
    ],
)
async def test_why_a_node_can_not_be_opened(plugged: Plug, number: int, fault: LinkFault) -> None:
    port = plugged(refusal=number)
    await port.plug()
    error = await fault_of(ADDRESS)
    assert error.fault is fault
    detail = error.placeholders["detail"]
    assert detail == UDEV_RULE if number == errno.EACCES else os.strerror(number) in detail
    port.refusal = 0
    port.describe()
    link = HidLink(ADDRESS)
    await link.open()
    await link.close()


async def test_log_frames_that_wait_are_read_away_after_the_opening(
    port: HidPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hid, "SETTLE", 0.1)
    link = HidLink(ADDRESS)
    opening = asyncio.create_task(link.open())
    await until(lambda: port.is_open)
    for sent in recorded_log_frames()[:3]:
        port.put(sent)
    await opening
    assert link.log_frames == 3
    await link.close()


async def test_unplugged_while_it_is_opened(port: HidPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hid, "SETTLE", 5.0)
    opening = asyncio.create_task(fault_of(ADDRESS))
    await until(lambda: port.is_open)
    await port.unplug()
    assert (await opening).fault is LinkFault.LOST


async def test_closed_while_it_is_opened(port: HidPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hid, "SETTLE", 0.1)
    link = HidLink(ADDRESS)
    opening = asyncio.create_task(link.open())
    await until(lambda: port.is_open)
    await link.close()
    with pytest.raises(LinkError) as caught:
        await opening
    assert caught.value.fault is LinkFault.LOST
    assert not link.is_open
    await until(lambda: not port.is_open)


async def test_an_opening_that_is_cancelled_leaves_nothing_open(
    port: HidPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hid, "SETTLE", 0.1)
    link = HidLink(ADDRESS)
    opening = asyncio.create_task(link.open())
    await until(lambda: port.is_open)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert not link.is_open
    await until(lambda: not port.is_open)
