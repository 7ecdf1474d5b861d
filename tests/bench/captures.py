"""The recordings, and the few that the bench plays."""

from functools import cache
import json
from pathlib import Path
from typing import Any

CAPTURES = Path(__file__).parent.parent / "captures"


@cache
def capture(family: str, name: str) -> Any:
    """Load the JSON of a recording."""
    return json.loads((CAPTURES / family / f"{name}.json").read_text(encoding="utf-8"))


@cache
def recording(family: str, name: str) -> bytes:
    """Load the bytes of a recording."""
    return (CAPTURES / family / f"{name}.bin").read_bytes()


def reply(name: str) -> bytes:
    """Return the recorded reply of a classic JK board."""
    return bytes.fromhex(capture("jk_bms", name)["response_hex"])
