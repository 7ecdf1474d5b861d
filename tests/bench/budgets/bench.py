"""The player as a child process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import sys


class Bench:
    """Simulated devices of one kind that run in another process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Steer a player that was started."""
        self._process = process
        self.addresses: list[str] = []

    async def tell(self, word: str) -> None:
        """Tell the player to plug or unplug its devices, and wait until it did."""
        if self._process.stdin is None:
            raise ValueError("the player can't be told anything")
        self._process.stdin.write(f"{word}\n".encode())
        await self.hear()

    async def hear(self) -> list[str]:
        """Read one line of the player."""
        if self._process.stdout is None:
            raise ValueError("the player can't be heard")
        answer: list[str] = json.loads(await self._process.stdout.readline())
        return answer


@asynccontextmanager
async def playing(kind: str, count: int = 1) -> AsyncIterator[Bench]:
    """Run some simulated devices: "classic" and "bus" are JK boards, "victron" are chargers.

    "hubble" is one bus with so many packs; "idle", "charging" and "discharging" are JK boards too.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.player", kind, str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    bench = Bench(process)
    try:
        bench.addresses = await bench.hear()
        yield bench
    finally:
        if process.stdin:
            process.stdin.close()
        await process.wait()
