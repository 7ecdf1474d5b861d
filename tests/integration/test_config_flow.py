"""Setting up through the user interface, and every way in which that can go wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.cellwire.const import CONF_FAMILY, CONF_SERIALS, CONF_VARIANT, DOMAIN
from custom_components.cellwire.devices.jk_bms import classic
from custom_components.cellwire.devices.registry import FAMILIES
from custom_components.cellwire.links.serial import SerialLink
from tests.bench.hubble_am2 import Pack
from tests.bench.jk_bms import Bus, ClassicBoard, recorded_board
from tests.bench.modbus import RtuBus, Slave
from tests.bench.victron_charger import SERIAL, Charger
from tests.bench.wire import PtyWire, TcpWire
from tests.devices.victron_charger.talking import second, talking
from tests.waiting import until

from .conftest import CHARGING, AddEntry


async def begin(hass: HomeAssistant, family: str) -> ConfigFlowResult:
    """Open the flow and choose the type of the device."""
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == "user"
    assert menu["menu_options"] == [*FAMILIES, "detect"]
    form = await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": family})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == family
    assert not form["errors"]
    return form


async def enter(hass: HomeAssistant, flow_id: str, port: str) -> ConfigFlowResult:
    """Enter a port and wait for the search to end."""
    result = await hass.config_entries.flow.async_configure(flow_id, {CONF_PORT: port})
    if result["type"] is not FlowResultType.SHOW_PROGRESS:
        return result
    assert result["progress_action"] == "search"
    assert result["description_placeholders"] == {"port": port.strip()}
    again = await hass.config_entries.flow.async_configure(flow_id)
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    await hass.async_block_till_done()
    return await hass.config_entries.flow.async_configure(flow_id)


async def agree(hass: HomeAssistant, flow_id: str) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(flow_id, {})
    await hass.async_block_till_done()
    return result


@asynccontextmanager
async def second_port(folder: Path) -> AsyncIterator[PtyWire]:
    wire = PtyWire(folder / "second")
    await wire.plug()
    yield wire
    await wire.unplug()


async def assert_free(wire: PtyWire) -> None:
    link = SerialLink(wire.address, 9600)
    await link.open()
    await link.close()


async def test_a_classic_board(hass: HomeAssistant, board: ClassicBoard, pty: PtyWire) -> None:
    form = await begin(hass, "jk_bms")
    found = await enter(hass, form["flow_id"], f" {pty.address} ")
    assert (found["type"], found["step_id"]) == (FlowResultType.FORM, "found")
    assert found["description_placeholders"] == {
        "name": "JK_B1A24S15P",
        "units": "- JK_B1A24S15P, 11.262H",
    }
    result = await agree(hass, form["flow_id"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "JK_B1A24S15P"
    assert result["data"] == {
        CONF_FAMILY: "jk_bms",
        CONF_PORT: pty.address,
        CONF_VARIANT: "classic",
        CONF_SERIALS: {"bms": None},
    }
    assert result["result"].unique_id is None
    assert hass.states.async_entity_ids_count("sensor")


async def test_several_boards_on_a_bus(hass: HomeAssistant, bus: Bus, pty: PtyWire) -> None:
    form = await begin(hass, "jk_bms")
    found = await enter(hass, form["flow_id"], pty.address)
    assert found["description_placeholders"] == {
        "name": "JK_PB2A16S15P (2 packs)",
        "units": "- JK_PB2A16S15P, SERIAL1, 15.10, #1\n- JK_PB2A16S20P, SERIAL3, 15.41, #3",
    }
    result = await agree(hass, form["flow_id"])
    assert result["data"][CONF_VARIANT] == "modbus"
    assert result["data"][CONF_SERIALS] == {"1": "SERIAL1", "3": "SERIAL3"}
    assert result["result"].unique_id is None


async def test_a_charger_behind_a_serial_server(hass: HomeAssistant, tcp: TcpWire) -> None:
    async with talking(Charger(tcp, [second()], period=0.1)):
        form = await begin(hass, "victron_charger")
        await enter(hass, form["flow_id"], tcp.address)
        result = await agree(hass, form["flow_id"])
        assert result["title"] == f"Blue Smart IP22 24/12 (1) {SERIAL}"
        assert result["result"].unique_id == f"victron_charger_{SERIAL}"
        assert result["data"][CONF_PORT] == tcp.address
        assert await hass.config_entries.async_unload(result["result"].entry_id)


class Line:
    """A wire on which something is wrong, until it is right."""

    def __init__(self, wire: PtyWire, folder: Path) -> None:
        self.wire = wire
        self.folder = folder
        self.talk: asyncio.Task[None] | None = None

    async def missing(self) -> str:
        return str(self.folder / "nothing")

    async def invalid(self) -> str:
        return "/dev/null"

    async def scheme(self) -> str:
        return "ws://127.0.0.1:6432"

    async def silent(self) -> str:
        return self.wire.address

    async def echoing(self) -> str:
        self.wire.attach(self.wire.put)
        return self.wire.address

    async def garbage(self) -> str:
        self.talk = asyncio.create_task(self._repeat(b"\xa5\x5a" * 40))
        return self.wire.address

    async def charger(self) -> str:
        self.talk = asyncio.create_task(Charger(self.wire, [second()], period=0.1).run())
        return self.wire.address

    async def solar_charger(self) -> str:
        blocks = [second(PID="0xA053")]
        self.talk = asyncio.create_task(Charger(self.wire, blocks, period=0.1).run())
        return self.wire.address

    async def _repeat(self, data: bytes) -> None:
        while True:
            await self.wire.send(data)
            await asyncio.sleep(0.1)

    async def right(self, family: str) -> None:
        """Put the right device on the wire."""
        await self.quiet()
        if family == "jk_bms":
            ClassicBoard(self.wire, CHARGING)
        else:
            self.talk = asyncio.create_task(Charger(self.wire, [second()], period=0.1).run())

    async def quiet(self) -> None:
        if self.talk:
            self.talk.cancel()
            await asyncio.wait([self.talk])


@pytest.fixture
async def line(pty: PtyWire, tmp_path: Path) -> AsyncIterator[Line]:
    line = Line(pty, tmp_path)
    yield line
    await line.quiet()


@pytest.mark.parametrize(
    ("family", "wrong", "error", "placeholders"),
    [
        ("jk_bms", "missing", "link_missing", {}),
        ("jk_bms", "invalid", "link_invalid", {}),
        ("jk_bms", "scheme", "link_invalid", {}),
        ("jk_bms", "silent", "no_answer", {"device": "JK-BMS"}),
        ("jk_bms", "echoing", "only_echo", {"device": "JK-BMS"}),
        ("jk_bms", "garbage", "bad_answer", {"device": "JK-BMS"}),
        ("jk_bms", "charger", "other_device", {"found": "Victron Blue Smart IP22 24/12 (1)"}),
        ("victron_charger", "silent", "no_answer", {"device": "Victron Blue Smart charger"}),
        ("victron_charger", "garbage", "bad_answer", {}),
        (
            "victron_charger",
            "solar_charger",
            "other_device",
            {"found": "Victron SmartSolar MPPT 75/15"},
        ),
    ],
)
async def test_what_is_wrong_is_said_and_can_be_mended(
    hass: HomeAssistant,
    line: Line,
    family: str,
    wrong: str,
    error: str,
    placeholders: dict[str, str],
) -> None:
    form = await begin(hass, family)
    port = await getattr(line, wrong)()
    result = await enter(hass, form["flow_id"], port)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, family)
    assert result["errors"] == {"base": error}
    said: Any = result["description_placeholders"]
    assert placeholders.items() <= said.items()
    await assert_free(line.wire)

    await line.right(family)
    found = await enter(hass, form["flow_id"], line.wire.address)
    assert found["step_id"] == "found"
    result = await agree(hass, form["flow_id"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_mistake_in_a_search_is_said_and_the_search_can_be_repeated(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("nobody foresaw this")

    form = await begin(hass, "jk_bms")
    with monkeypatch.context() as mistaken:
        mistaken.setattr(classic, "to_unit", fail)
        result = await enter(hass, form["flow_id"], pty.address)
    assert result["errors"] == {"base": "unforeseen"}
    said: Any = result["description_placeholders"]
    assert said["port"] == pty.address
    await assert_free(pty)
    found = await enter(hass, form["flow_id"], pty.address)
    assert found["step_id"] == "found"


async def test_a_port_that_another_program_holds(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire
) -> None:
    other = SerialLink(pty.address, 9600)
    await other.open()
    form = await begin(hass, "jk_bms")
    result = await enter(hass, form["flow_id"], pty.address)
    assert result["errors"] == {"base": "link_busy"}
    await other.close()
    assert (await enter(hass, form["flow_id"], pty.address))["step_id"] == "found"


async def test_a_port_that_has_been_set_up(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire, add_entry: AddEntry
) -> None:
    await add_entry("classic")
    form = await begin(hass, "jk_bms")
    result = await enter(hass, form["flow_id"], pty.address)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_device_that_has_been_set_up_on_another_port(
    hass: HomeAssistant, victron: Charger, add_entry: AddEntry, tmp_path: Path
) -> None:
    await add_entry("vedirect")
    async with (
        second_port(tmp_path) as wire,
        talking(Charger(wire, [second()], period=0.1)),
    ):
        form = await begin(hass, "victron_charger")
        result = await enter(hass, form["flow_id"], wire.address)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_board_of_a_bus_that_has_been_set_up_alone(
    hass: HomeAssistant, bus: Bus, add_entry: AddEntry, tmp_path: Path
) -> None:
    await add_entry("modbus")
    async with second_port(tmp_path) as wire:
        Bus(wire, {7: recorded_board("pb_real_8s_sw15.10_addr1", "SERIAL1")})
        form = await begin(hass, "jk_bms")
        result = await enter(hass, form["flow_id"], wire.address)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_two_flows_for_one_port(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire
) -> None:
    first, other = await begin(hass, "jk_bms"), await begin(hass, "victron_charger")
    searching = await hass.config_entries.flow.async_configure(
        first["flow_id"], {CONF_PORT: pty.address}
    )
    assert searching["type"] is FlowResultType.SHOW_PROGRESS
    result = await enter(hass, other["flow_id"], pty.address)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_in_progress")
    await hass.async_block_till_done()
    found = await hass.config_entries.flow.async_configure(first["flow_id"])
    assert found["step_id"] == "found"


async def test_a_port_that_was_taken_while_the_user_thought(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire, add_entry: AddEntry
) -> None:
    form = await begin(hass, "jk_bms")
    await enter(hass, form["flow_id"], pty.address)
    await add_entry("classic")
    result = await agree(hass, form["flow_id"])
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_closing_the_window_ends_the_search(hass: HomeAssistant, pty: PtyWire) -> None:
    form = await begin(hass, "jk_bms")
    await hass.config_entries.flow.async_configure(form["flow_id"], {CONF_PORT: pty.address})
    await asyncio.sleep(0.1)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert "cellwire search" in names
    hass.config_entries.flow.async_abort(form["flow_id"])
    await until(lambda: "cellwire search" not in {t.get_name() for t in asyncio.all_tasks()})
    await assert_free(pty)


async def test_a_local_port_is_kept_under_its_stable_name(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    stable = "/dev/serial/by-id/usb-Maker_Adapter_0042-if00-port0"
    monkeypatch.setattr(
        "homeassistant.components.usb.get_serial_by_id",
        lambda path: stable if path == "/dev/ttyUSB7" else path,
    )
    form = await begin(hass, "jk_bms")
    await hass.config_entries.flow.async_configure(form["flow_id"], {CONF_PORT: "/dev/ttyUSB7"})
    await hass.async_block_till_done()
    result = await hass.config_entries.flow.async_configure(form["flow_id"])
    assert result["errors"] == {"base": "link_missing"}
    said: Any = result["description_placeholders"]
    assert said["port"] == stable


async def detect_on(hass: HomeAssistant, port: str) -> ConfigFlowResult:
    flow = hass.config_entries.flow
    menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    where = await flow.async_configure(menu["flow_id"], {"next_step_id": "detect"})
    assert (where["type"], where["step_id"]) == (FlowResultType.MENU, "detect")
    assert where["menu_options"] == ["detect_port", "icharger_hid"]
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "detect_port"})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "detect_port")
    return await enter(hass, form["flow_id"], port)


async def test_what_talks_on_a_port_is_detected(hass: HomeAssistant, tcp: TcpWire) -> None:
    async with talking(Charger(tcp, [second()], period=0.1)):
        found = await detect_on(hass, tcp.address)
        assert found["step_id"] == "found"
        result = await agree(hass, found["flow_id"])
        assert result["data"][CONF_FAMILY] == "victron_charger"
        assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_what_must_be_asked_is_detected(
    hass: HomeAssistant, board: ClassicBoard, pty: PtyWire
) -> None:
    found = await detect_on(hass, pty.address)
    result = await agree(hass, found["flow_id"])
    assert result["title"] == "JK_B1A24S15P"


async def test_packs_are_detected(hass: HomeAssistant, pty: PtyWire) -> None:
    packs: dict[int, Slave] = {2: Pack(serial="PACK2")}
    RtuBus(pty, packs)
    found = await detect_on(hass, pty.address)
    assert found["description_placeholders"] == {
        "name": "Hubble AM2 (1 pack)",
        "units": "- AM2, PACK2, P13S120A-12290-2.05T, #2",
    }
    result = await agree(hass, found["flow_id"])
    assert result["data"][CONF_FAMILY] == "hubble_am2"
    assert result["data"][CONF_SERIALS] == {"bank": None, "2": "PACK2"}
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_nothing_is_detected_and_the_port_can_be_mended(
    hass: HomeAssistant, pty: PtyWire
) -> None:
    result = await detect_on(hass, pty.address)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "detect_port")
    assert result["errors"] == {"base": "nothing_found"}
    assert result["description_placeholders"] == {"port": pty.address}
    ClassicBoard(pty, CHARGING)
    assert (await enter(hass, result["flow_id"], pty.address))["step_id"] == "found"
