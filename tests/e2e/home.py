"""A real Home Assistant in a process of its own, driven over its own interfaces."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import signal
import socket
import sys
from typing import Any

import aiohttp

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"
STARTS_WITHIN = 180.0
STOPS_WITHIN = 30.0

NO_VALUE = ("unknown", "unavailable", "missing")
WAITING = ("button.", "event.", "number.", "select.")

CONFIGURATION = """\
homeassistant:
  name: Cellwire demo
  latitude: 0
  longitude: 0
  elevation: 0
  unit_system: metric
  time_zone: UTC
  country: GB
  currency: EUR
  language: en
  auth_providers:
    - type: trusted_networks
      trusted_networks: [127.0.0.1/32]
      allow_bypass_login: true
    - type: homeassistant
frontend:
config:
history:
energy:
diagnostics:
logger:
  default: warning
"""


class HomeError(Exception):
    """Home Assistant did not do what it was asked for."""


def check_free(port: int) -> None:
    """Raise HomeError if something listens on a port of this host."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as err:
            raise HomeError(
                f"port {port} is taken ({err.strerror}); choose another one with --port"
            ) from err


def write_configuration(
    folder: Path, port: int, configuration: str = CONFIGURATION, *further: Path
) -> None:
    """Lay out a configuration that listens on this host only, with `further` integrations."""
    (folder / "configuration.yaml").write_text(configuration)
    (folder / "custom_components").mkdir()
    for integration in (ROOT / "custom_components" / "cellwire", *further):
        (folder / "custom_components" / integration.name).symlink_to(integration)
    storage = folder / ".storage"
    storage.mkdir()
    stable = {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    data = {"stable": stable, "pending": None, "yaml_migration_done": True}
    (storage / "http").write_text(
        json.dumps({"version": 2, "minor_version": 2, "key": "http", "data": data})
    )


class Home:
    """What a user can do with a Home Assistant, over HTTP and WebSocket."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Talk to a Home Assistant that is up at this address."""
        self._session = session
        self.url = url
        self._token = ""

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request with JSON and return the JSON of the answer. Raises HomeError."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=headers
        ) as answer:
            text = await answer.text()
            if not answer.ok:
                raise HomeError(f"{method} {path}: {answer.status} {text[:300]}")
            return json.loads(text) if text else None

    async def command(self, kind: str, **data: Any) -> Any:
        """Send a WebSocket command and return its result. Raises HomeError."""
        async with self._session.ws_connect(f"{self.url}/api/websocket") as socket_:
            await socket_.receive_json()
            await socket_.send_json({"type": "auth", "access_token": self._token})
            await socket_.receive_json()
            await socket_.send_json({"id": 1, "type": kind, **data})
            answer = await socket_.receive_json()
        if not answer.get("success"):
            raise HomeError(f"{kind}: {answer}")
        return answer["result"]

    async def onboard(self) -> None:
        """Go through the first steps of a new installation, as its only user."""
        client = f"{self.url}/"
        user = {"name": "Owner", "username": "owner", "password": "owner", "language": "en"}
        answer = await self.request("POST", "/api/onboarding/users", user | {"client_id": client})
        form = {"grant_type": "authorization_code", "code": answer["auth_code"]}
        async with self._session.post(
            f"{self.url}/auth/token", data=form | {"client_id": client}
        ) as tokens:
            self._token = (await tokens.json())["access_token"]
        for step, body in (
            ("core_config", {}),
            ("analytics", {}),
            ("integration", {"client_id": client, "redirect_uri": client}),
        ):
            await self.request("POST", f"/api/onboarding/{step}", body)

    async def keep_access(self) -> None:
        """Get a token that outlives the half hour of the first one. Raises HomeError."""
        kind = "auth/long_lived_access_token"
        self._token = await self.command(kind, client_name="tests", lifespan=2)

    async def add_device(self, family: str, port: str, kind: str = "") -> str:
        """Set a device up as a user does, and return the title of its entry. Raises HomeError.

        `kind` is that of the link, for families that have several.
        """
        flows = "/api/config/config_entries/flow"
        menu = await self.request("POST", flows, {"handler": "cellwire"})
        flow = f"{flows}/{menu['flow_id']}"
        for choice in [family, f"{family}_{kind}"] if kind else [family]:
            await self.request("POST", flow, {"next_step_id": choice})
        step = await self.request("POST", flow, {"port": port})
        while step["type"] == "progress":
            await asyncio.sleep(0.2)
            step = await self.request("GET", flow)
        if step.get("step_id") != "found":
            raise HomeError(f"{family} on {port}: {step.get('errors') or step.get('reason')}")
        entry = await self.request("POST", flow, {})
        title: str = entry["title"]
        return title

    async def allow_control(self) -> None:
        """Allow every device to be set in its options, as its owner may. Raises HomeError."""
        flows = "/api/config/config_entries/options/flow"
        entries = "/api/config/config_entries/entry?domain=cellwire"
        for entry in await self.request("GET", entries):
            form = await self.request("POST", flows, {"handler": entry["entry_id"]})
            fields = {field["name"]: field.get("default") for field in form["data_schema"]}
            wishes = {name: value for name, value in fields.items() if value is not None}
            if "allow_control" in fields:
                wishes["allow_control"] = True
            await self.request("POST", f"{flows}/{form['flow_id']}", wishes)

    async def rows(self) -> list[tuple[str, str, str, str]]:
        """List the entities of Cellwire: device, entity, value, unit.

        What was not pressed, did not happen or was not chosen yet has no value, and is left out.
        """
        devices = {
            device["id"]: device["name_by_user"] or device["name"]
            for device in await self.command("config/device_registry/list")
        }
        states = {state["entity_id"]: state for state in await self.request("GET", "/api/states")}
        rows = []
        for entity in await self.command("config/entity_registry/list"):
            if entity["platform"] != "cellwire" or entity["disabled_by"]:
                continue
            state = states.get(entity["entity_id"], {})
            device = devices[entity["device_id"]]
            name = state.get("attributes", {}).get("friendly_name", entity["entity_id"])
            unit = state.get("attributes", {}).get("unit_of_measurement", "")
            value = state.get("state", "missing")
            if entity["entity_id"].startswith(WAITING) and value in NO_VALUE:
                continue
            rows.append((device, name.removeprefix(device).strip(), value, unit))
        return rows


@asynccontextmanager
async def running_home(
    folder: Path, port: int, environment: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Home, Path]]:
    """Run a Home Assistant until the context ends; gives it and the path of its log.

    `environment` is added to that of the process. Raises HomeError if it can't be started.
    """
    check_free(port)
    write_configuration(folder, port)
    log = folder / "output.log"
    process = await start(folder, log, environment)
    try:
        async with aiohttp.ClientSession() as session:
            home = Home(session, f"http://{HOST}:{port}")
            await wait_until_up(home, process, log)
            await home.onboard()
            yield home, log
    finally:
        await stop(process)


async def start(
    folder: Path, log: Path, environment: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """Start a Home Assistant that adds to a log."""
    with log.open("a") as output:
        return await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("hass"),
            *("--config", folder, "--skip-pip", "--log-no-color"),
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            # Ctrl-C is for us; we end it in order.
            start_new_session=True,
        )


async def wait_until_up(
    home: Home, process: asyncio.subprocess.Process, log: Path, path: str = "/api/onboarding"
) -> None:
    """Wait until `path` can be had, which is another one once it has an owner.

    Raises HomeError if it ends, TimeoutError.
    """
    async with asyncio.timeout(STARTS_WITHIN):
        while process.returncode is None:
            try:
                await home.request("GET", path)
            except aiohttp.ClientError, HomeError:
                await asyncio.sleep(0.3)
            else:
                return
    raise HomeError(f"Home Assistant ended at once:\n{log.read_text()[-2000:]}")


async def stop(process: asyncio.subprocess.Process) -> None:
    """Stop it in order, and by force if that takes too long."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOPS_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
