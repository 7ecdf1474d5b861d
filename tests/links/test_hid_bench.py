"""The bench for USB, and the library that it stands for."""

import asyncio
from collections.abc import Iterator
import time

import hidraw as library
import pytest

from custom_components.cellwire.links import hid
from tests.bench.hid_port import HidPort
from tests.bench.usb import hidraw
from tests.waiting import until


@pytest.fixture
def opened(port: HidPort) -> Iterator[hidraw.device]:
    each = hidraw.device()
    (found,) = hidraw.enumerate(hid.VENDOR, hid.PRODUCT)
    each.open_path(found["path"])
    yield each
    each.close()


def test_the_library_has_what_is_used_of_it() -> None:
    found = library.enumerate(hid.VENDOR, hid.PRODUCT)
    assert isinstance(found, list)
    for module in (library, hidraw):
        device = module.device()
        with pytest.raises(OSError, match="open failed") as caught:
            device.open_path(b"/nonsense/hidraw0")
        assert caught.value.errno is None
        assert device.error() == (
            "Failed to open a device with path '/nonsense/hidraw0': No such file or directory"
        )
        for name, arguments in (("read", (64, 1)), ("write", (b"\0",)), ("set_nonblocking", (1,))):
            with pytest.raises(ValueError, match="not open"):
                getattr(device, name)(*arguments)
        device.close()
    assert {name for name in vars(hidraw.device) if not name.startswith("_")} <= set(
        dir(library.device)
    )


async def test_the_bench_reads_as_the_library_does(opened: hidraw.device, port: HidPort) -> None:
    with pytest.raises(RuntimeError):
        opened.open_path(b"")
    (found,) = hidraw.enumerate()
    assert {"path", "vendor_id", "product_id", "serial_number", "usage_page"} < found.keys()
    assert opened.error() == "Success"
    assert opened.set_nonblocking(1) == 0
    assert opened.read(64) == []
    begin = time.monotonic()
    assert opened.read(64, 20) == []
    assert time.monotonic() - begin >= 0.015
    assert opened.write(b"\0" + bytes(64)) == 65
    await until(lambda: port.received)
    assert port.received == [bytes(64)]
    port.put(bytes(range(64)))
    assert opened.read(4, 1000) == [0, 1, 2, 3]
    opened.set_nonblocking(0)
    waiting = asyncio.create_task(asyncio.to_thread(opened.read, 64))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    port.put(b"x")
    assert await waiting == [120]
    await port.unplug()
    with pytest.raises(OSError, match="read error"):
        opened.read(64)
    assert opened.write(b"\0x") == -1
