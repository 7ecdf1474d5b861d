"""HEX frames against the examples of the vendor."""

from typing import Any

import pytest

from custom_components.cellwire.devices.vedirect.hex import (
    Answer,
    Command,
    Flag,
    build,
    get,
    parse,
)
from tests.bench.captures import capture

VECTORS = capture("victron_charger", "06_hex_command_vectors")
EXAMPLES: list[dict[str, Any]] = VECTORS["victron_document_examples"]["rows"]


def test_the_questions_of_the_vendors_examples() -> None:
    texts = {row["what"]: row["request"] for row in EXAMPLES}
    assert build(Command.PING).decode() == texts["ping"] + "\n"
    assert get(0xEDF0).decode() == texts["get 0xEDF0"] + "\n"
    assert get(0x1000).decode() == texts["get 0x1000 (FAQ)"] + "\n"
    assert get(0x0FFF).decode() == texts["get 0x0FFF (FAQ)"] + "\n"
    value = bytes.fromhex("F0ED006400")
    assert build(Command.SET, value).decode() == texts["set 0xEDF0 to 10.0 A"] + "\n"


@pytest.mark.parametrize("row", VECTORS["other_requests"]["rows"], ids=lambda row: row["what"])
def test_other_questions(row: dict[str, Any]) -> None:
    frame = parse(row["request"].encode())
    assert frame is not None
    assert build(frame.command, frame.data).decode().strip() == row["request"]
    if frame.command == Command.GET:
        assert get(frame.register).decode().strip() == row["request"]


@pytest.mark.parametrize("row", VECTORS["set_0xEDF0"]["rows"], ids=lambda row: str(row["amps"]))
def test_every_current_makes_the_right_frame(row: dict[str, Any]) -> None:
    raw = round(row["amps"] * 10).to_bytes(2, "little")
    assert build(Command.SET, b"\xf0\xed\x00" + raw).decode().strip() == row["request"]


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["what"])
def test_the_answers_of_the_vendors_examples(row: dict[str, Any]) -> None:
    if row["response"] is None:
        return
    frame = parse(row["response"].encode())
    assert frame is not None
    kinds = {
        "ping": Answer.PING,
        "app version": Answer.DONE,
        "product id": Answer.DONE,
        "unknown command 2": Answer.UNKNOWN,
        "bad checksum": Answer.ERROR,
        "async device state float": Answer.ASYNC,
        "set 0xEDF0 to 10.0 A": Answer.SET,
        "get 0x1000 (FAQ)": Answer.GET,
        "get 0xEDF0": Answer.GET,
    }
    assert frame.command == kinds[row["what"]]
    assert frame.names_register is (frame.command in (Answer.GET, Answer.SET, Answer.ASYNC))


@pytest.mark.parametrize(
    ("text", "register", "flags"),
    [
        (":70002014B", 0x0200, Flag.UNKNOWN_ID),
        (":80102020048", 0x0201, Flag.NOT_SUPPORTED),
        (":8F7ED04400B1A", 0xEDF7, Flag.PARAMETER),
        (":7C8ED001E007B", 0xEDC8, Flag(0)),
    ],
)
def test_refusals(text: str, register: int, flags: Flag) -> None:
    frame = parse(text.encode())
    assert frame is not None
    assert (frame.register, frame.flags) == (register, flags)


@pytest.mark.parametrize(
    "text",
    ["", ":", ":7", ":7F", "A0102000543", ":A0102000544", ":A010200054", ":G0102000543", ":é"],
)
def test_what_is_no_frame(text: str) -> None:
    assert parse(text.encode()) is None


def test_a_repeated_frame_is_the_same_object() -> None:
    text = b":A0102000543"
    assert parse(text) is parse(bytes(bytearray(text))) is not None
