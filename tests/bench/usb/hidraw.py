"""What the module `hidraw` of hidapi does, with simulated devices.

A device is a socket, its node, in the folder that CELLWIRE_BENCH_USB names, and a description
of the same name. See tests/bench/hid_port.py, which makes both. Imports nothing of the bench:
with this folder in PYTHONPATH, it is found instead of the library.
"""

import errno
import json
import os
from pathlib import Path
import select
import socket
import time
from typing import Any

FOLDER = "CELLWIRE_BENCH_USB"
DESCRIPTION = ".json"
# While there is such a file, reads don't come back, whatever their timeout.
HANGS = ".hangs"
STEP = 0.005

# Like the library, whose last word without a device is one for the whole process.
_last = ["Success"]


def enumerate(vendor_id: int = 0, product_id: int = 0) -> list[dict[str, Any]]:  # noqa: A001
    """List devices; 0 stands for all."""
    found: list[dict[str, Any]] = []
    for description in sorted(Path(os.environ[FOLDER]).glob(f"*{DESCRIPTION}")):
        path = os.fsencode(description.with_suffix(""))
        told = json.loads(description.read_text(encoding="utf-8"))
        if vendor_id in (0, told["vendor_id"]) and product_id in (0, told["product_id"]):
            usages = told.pop("usages")
            found += [
                {"path": path, **told, "usage_page": page, "usage": usage} for page, usage in usages
            ]
    return found


def _refusal(node: Path) -> int:
    """Return the number of the error that opening a node shall have, 0 for none."""
    try:
        told = json.loads(node.with_suffix(DESCRIPTION).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return errno.ENOENT
    return int(told["refusal"])


class device:  # noqa: N801
    """A device, not opened yet."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._hangs = Path()
        self._blocking = True

    def open_path(self, path: bytes) -> None:
        """Open a node. Raises OSError without a number."""
        if self._socket is not None:
            raise RuntimeError("already open")
        node = Path(os.fsdecode(path))
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if number := _refusal(node) or connection.connect_ex(path):
            connection.close()
            _last[0] = f"Failed to open a device with path '{node}': {os.strerror(number)}"
            raise OSError("open failed")
        self._hangs = node.with_suffix(HANGS)
        self._socket = connection

    def set_nonblocking(self, v: int) -> int:
        """Let reads without a timeout come back at once; 0 is success."""
        self._opened()
        self._blocking = not v
        return 0

    def write(self, buff: Any) -> int:
        """Send a report, the number of the report in front. Returns -1 when the device is gone."""
        report = bytes(buff)
        try:
            # Number 0 stands for none, and is not sent.
            self._opened().send(report[1:] if report[0] == 0 else report)
        except OSError:
            return -1
        return len(report)

    def read(self, max_length: int, timeout_ms: int = 0) -> list[int]:
        """Return a report, or [] when none came within a time that is more than 0."""
        connection = self._opened()
        waiting = timeout_ms if timeout_ms > 0 else None if self._blocking else 0
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        ready = poll.poll(waiting)
        while self._hangs.exists():
            time.sleep(STEP)
        if not ready:
            return []
        report = b"" if ready[0][1] & select.POLLHUP else connection.recv(max_length)
        if not report:
            raise OSError("read error")
        return list(report)

    def error(self) -> str:
        """Return what went wrong last."""
        return _last[0] if self._socket is None else "Success"

    def close(self) -> None:
        """Close the node. Closing a closed one does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise ValueError("not open")
        return self._socket
