"""A disk that can be filled, where the system lets one be made."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import shutil
from types import TracebackType
from typing import Self

SIZE = 8 << 20
BALLAST = "ballast"


async def _system(*command: str | Path) -> bool:
    if shutil.which(command[0]) is None:
        return False
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


class SmallDisk:
    """Puts a folder with what is in it on a small tmpfs, if this is allowed (to root)."""

    def __init__(self, folder: Path) -> None:
        """Take a folder that is there."""
        self._folder = folder
        self.is_small = False

    async def __aenter__(self) -> Self:
        contents = {path.name: path.read_bytes() for path in self._folder.iterdir()}
        options = f"size={SIZE}"
        self.is_small = await _system("mount", "-t", "tmpfs", "-o", options, "tmpfs", self._folder)
        for name, data in contents.items():
            (self._folder / name).write_bytes(data)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self.is_small:
            await _system("umount", self._folder)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no room until the context ends."""
        ballast = self._folder / BALLAST
        try:
            with ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 12))
        except OSError:
            pass
        try:
            yield
        finally:
            ballast.unlink()
