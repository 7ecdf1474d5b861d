"""Setting a device up: choose its type and its port, and see who answers there."""

import asyncio
from collections.abc import Mapping
from functools import partialmethod
from typing import Any, Self, override

from homeassistant.components import usb
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_PORT, UnitOfTime
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    SerialPortSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from .const import CONF_FAMILY, CONF_INTERVAL, CONF_SERIALS, CONF_VARIANT, DOMAIN
from .coordinator import entry_family, entry_identity, entry_interval
from .devices.device import Family, Found
from .devices.registry import FAMILIES
from .devices.search import search
from .link_choice import link_kind, make_link
from .links.errors import CellwireError
from .links.link import LinkKind

LONGEST_INTERVAL = 3600
# What to enter for each kind of link. All keep it as the port of the entry.
SELECTORS: dict[LinkKind, Selector[Any]] = {
    LinkKind.SERIAL: SerialPortSelector(),
    LinkKind.WEBSOCKET: TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
}


class CellwireConfigFlow(ConfigFlow, domain=DOMAIN):
    """One path for all families: type, kind of link if there are several, port, search, confirm.

    The step of the port has the name of the family, so that its texts can tell of the wiring. If
    there are several kinds of link, this step is the choice of them, and each has a step of its
    own: the name of the family and that of the kind.
    """

    VERSION = 1

    _family: Family
    _kind: LinkKind
    _found: Found

    def __init__(self) -> None:
        """Know nothing yet."""
        self._port: str | None = None
        self._search: asyncio.Task[Found | CellwireError] | None = None
        # What is wrong with the port. Kept until the next try: the frontend asks for a form again.
        self._problem: CellwireError | None = None
        # Whether the entry that is being reconfigured was unloaded, to have its port free.
        self._released = False

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        return CellwireOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the type of the device."""
        return self.async_show_menu(step_id="user", menu_options=list(FAMILIES))

    async def async_step_family(
        self, family: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the port of a new device, or first the kind of link to it."""
        self._family = FAMILIES[family]
        return await self._choose(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose another port for a device that has been set up."""
        entry = self._get_reconfigure_entry()
        self._family = entry_family(entry)
        if user_input is None:
            self._port = entry.data[CONF_PORT]
        return await self._choose(user_input)

    async def async_step_link(
        self, kind: LinkKind, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the port on a kind of link."""
        self._kind = kind
        if user_input is None:
            return self._port_form()
        return await self._begin(user_input[CONF_PORT])

    async def async_step_search(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Look for the device, with a progress bar."""
        if self._search is None:
            self._search = self.hass.async_create_task(self._look(), f"{DOMAIN} search")
        if not self._search.done():
            return self.async_show_progress(
                step_id="search",
                progress_action="search",
                progress_task=self._search,
                description_placeholders={"port": str(self._port)},
            )
        result, self._search = self._search.result(), None
        if isinstance(result, CellwireError):
            self._problem = result
            return self.async_show_progress_done(next_step_id="port")
        self._found = result
        return self.async_show_progress_done(next_step_id="found")

    async def async_step_port(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what is wrong with the port, and let the user choose again."""
        return self._port_form()

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show who answers; make the entry when the user agrees."""
        serials = self._found.identity.serials
        if self.source == SOURCE_RECONFIGURE:
            return self._move()
        self._abort_if_known(serials)
        if len(serials) == 1 and (serial := next(iter(serials.values()))):
            await self.async_set_unique_id(f"{self._family.key}_{serial}")
            self._abort_if_unique_id_configured()
        if user_input is None:
            return self.async_show_form(
                step_id="found",
                description_placeholders={"name": self._found.title, "units": self._described()},
            )
        # Another flow may have taken the port while this one waited for the user.
        self._async_abort_entries_match({CONF_PORT: self._port})
        return self.async_create_entry(
            title=self._found.title,
            data={
                CONF_FAMILY: self._family.key,
                CONF_PORT: self._port,
                CONF_VARIANT: self._found.identity.variant,
                CONF_SERIALS: dict(serials),
            },
        )

    @override
    def is_matching(self, other_flow: Self) -> bool:
        """Tell whether another flow is about the same port."""
        return self._port is not None and self._port == other_flow._port

    @callback
    @override
    def async_remove(self) -> None:
        """Bring an entry back whose reconfiguration was given up."""
        if self._released:
            self.hass.config_entries.async_schedule_reload(self._get_reconfigure_entry().entry_id)

    @property
    def _first_step(self) -> str:
        return "reconfigure" if self.source == SOURCE_RECONFIGURE else self._family.key

    async def _choose(self, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Offer the kinds of link, or go on with the only one."""
        kinds = self._family.links
        if len(kinds) == 1:
            return await self.async_step_link(kinds[0], user_input)
        step = self._first_step
        return self.async_show_menu(step_id=step, menu_options=[f"{step}_{kind}" for kind in kinds])

    def _port_form(self) -> ConfigFlowResult:
        problem, kind, step, port = self._problem, self._kind, self._first_step, self._port
        if port and not problem and link_kind(self._family, port) is not kind:
            # The device moves to another kind of link.
            port = None
        schema = probatio.Schema({probatio.Required(CONF_PORT): SELECTORS[kind]})
        return self.async_show_form(
            step_id=step if len(self._family.links) == 1 else f"{step}_{kind}",
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_PORT: port}),
            errors={"base": problem.key} if problem else {},
            description_placeholders=problem.placeholders if problem else {},
        )

    async def _begin(self, port: str) -> ConfigFlowResult:
        """Take a port and start the search on it."""
        self._problem = None
        self._port = await self._stable(port)
        self._async_abort_entries_match({CONF_PORT: self._port})
        if self.hass.config_entries.flow.async_has_matching_flow(self):
            return self.async_abort(reason="already_in_progress")
        if self.source == SOURCE_RECONFIGURE:
            await self._release()
        return await self.async_step_search()

    async def _stable(self, port: str) -> str:
        """Return the name of a local port that stays when it is plugged elsewhere."""
        port = port.strip()
        if not port.startswith("/dev/"):
            return port
        return await self.hass.async_add_executor_job(usb.get_serial_by_id, port)

    async def _release(self) -> None:
        """Unload the entry that is being reconfigured, which may hold the port."""
        entry = self._get_reconfigure_entry()
        if entry.state is ConfigEntryState.LOADED:
            self._released = await self.hass.config_entries.async_unload(entry.entry_id)
        elif entry.state is ConfigEntryState.SETUP_RETRY:
            entry.async_cancel_retry_setup()
            self._released = True

    async def _look(self) -> Found | CellwireError:
        port = str(self._port)
        try:
            found = await search(
                self._family,
                lambda line: make_link(self.hass, self._kind, port, line.baudrate),
                self.async_update_progress,
            )
            if self.source == SOURCE_RECONFIGURE:
                found.identity.succeed(entry_identity(self._get_reconfigure_entry()), found.title)
        except CellwireError as err:
            return err
        return found

    def _move(self) -> ConfigFlowResult:
        """Give the entry its new port, and the units that were not there before."""
        entry = self._get_reconfigure_entry()
        self._released = False
        return self.async_update_reload_and_abort(
            entry,
            data_updates={
                CONF_PORT: self._port,
                # What a unit is known by was settled when it was first seen.
                CONF_SERIALS: {**self._found.identity.serials, **entry_identity(entry).serials},
            },
        )

    def _abort_if_known(self, serials: Mapping[str, str | None]) -> None:
        """Abort if a unit with one of these serial numbers has been set up."""
        numbers = {serial for serial in serials.values() if serial}
        for entry in self._async_current_entries(include_ignore=False):
            if entry.data[CONF_FAMILY] == self._family.key and numbers.intersection(
                entry.data[CONF_SERIALS].values()
            ):
                raise AbortFlow("already_configured")

    def _described(self) -> str:
        """List the units that were found, a line each."""
        lines = []
        for unit in self._found.units:
            facts = (unit.model, unit.serial, unit.firmware, unit.label and f"#{unit.label}")
            lines.append("- " + ", ".join(fact for fact in facts if fact))
        return "\n".join(lines)


for _step in FAMILIES:
    setattr(
        CellwireConfigFlow,
        f"async_step_{_step}",
        partialmethod(CellwireConfigFlow.async_step_family, _step),
    )
for _step, _kinds in {
    "reconfigure": tuple(LinkKind),
    **{family.key: family.links for family in FAMILIES.values()},
}.items():
    for _kind in _kinds:
        setattr(
            CellwireConfigFlow,
            f"async_step_{_step}_{_kind}",
            partialmethod(CellwireConfigFlow.async_step_link, _kind),
        )


class CellwireOptionsFlow(OptionsFlowWithReload):
    """How often to read."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the interval, not shorter than the device stands."""
        if user_input is not None:
            return self.async_create_entry(data={CONF_INTERVAL: int(user_input[CONF_INTERVAL])})
        shortest = entry_family(self.config_entry).shortest_interval
        selector = NumberSelector(
            NumberSelectorConfig(
                min=shortest,
                max=LONGEST_INTERVAL,
                step=1,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement=UnitOfTime.SECONDS,
            )
        )
        interval = entry_interval(self.config_entry)
        return self.async_show_form(
            step_id="init",
            data_schema=probatio.Schema(
                {probatio.Required(CONF_INTERVAL, default=interval): selector}
            ),
            description_placeholders={"shortest": str(shortest)},
        )
