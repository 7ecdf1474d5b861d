"""Setting a device up: choose its type and its port, and see who answers there."""

from collections.abc import Mapping
from functools import partialmethod
from typing import Any, Self, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    OptionsFlow,
    UnknownEntry,
)
from homeassistant.const import CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow, UnknownHandler
import probatio

from .const import CONF_FAMILY, CONF_SERIALS, CONF_VARIANT, DOMAIN
from .device_entry.entry_data import entry_family
from .device_entry.link_choice import (
    has_line,
    link_kind,
    make_byte_link,
    make_register_link,
    port_selector,
    to_address,
)
from .device_entry.moving import address, look, look_again, moved, release
from .device_entry.searching import SearchingFlow
from .devices.detect import detect
from .devices.device import AnyFamily, Found, Line
from .devices.model import UnitKind
from .devices.registry import FAMILIES
from .kinds import claimed, keeper_of
from .links.errors import CellwireError, LinkError, LinkFault
from .links.link import Link, LinkKind

DETECT, DETECT_PORT = "detect", "detect_port"


class CellwireConfigFlow(
    SearchingFlow[ConfigFlowContext, ConfigFlowResult, tuple[str, str]], ConfigFlow, domain=DOMAIN
):
    """One path for all families: type, kind of link if there are several, port, search, confirm.

    The step of the port has the name of the family, so that its texts can tell of the wiring. If
    there are several kinds of link, this step is the choice of them, and each has a step of its
    own: the name of the family and that of the kind. Who doesn't know the type lets it be detected.
    """

    VERSION = 1

    _family: AnyFamily
    _kind: LinkKind
    _found: Found
    # The step in which the port was entered.
    _step: str

    def __init__(self) -> None:
        """Know nothing yet."""
        # What is wrong with the port. Kept until the next try: the frontend asks for a form again.
        self._problem: CellwireError | None = None
        # Whether the entry that is being reconfigured was unloaded, to have its port free.
        self._released = False

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        flow = keeper_of(config_entry).options_flow()
        if flow is None:
            raise UnknownHandler
        return flow

    @classmethod
    @callback
    @override
    def async_supports_options_flow(cls, config_entry: ConfigEntry) -> bool:
        return keeper_of(config_entry).options_flow() is not None

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the type of the device."""
        return self.async_show_menu(step_id="user", menu_options=[*FAMILIES, DETECT])

    async def async_step_family(
        self, family: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the port of a new device, or first the kind of link to it."""
        self._family = FAMILIES[family]
        return await self._choose(family, user_input)

    async def async_step_family_link(
        self, family: str, kind: LinkKind, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the port of a new device on a kind of link."""
        self._family = FAMILIES[family]
        return await self._enter(f"{family}_{kind}", kind, user_input)

    async def async_step_detect(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose where to look for a device of any type. Those on USB tell what they are."""
        on_usb = [
            f"{family.key}_{LinkKind.HID}"
            for family in FAMILIES.values()
            if LinkKind.HID in family.links
        ]
        return self.async_show_menu(step_id=DETECT, menu_options=[DETECT_PORT, *on_usb])

    async def async_step_detect_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose a port to find out what is on it."""
        return await self._enter(DETECT_PORT, LinkKind.SERIAL, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose another port for a device that has been set up."""
        entry = self._moving
        if not keeper_of(entry).moves:
            return self.async_abort(reason="nothing_to_move")
        self._family = entry_family(entry)
        if user_input is None:
            self._port = entry.data[CONF_PORT]
        return await self._choose("reconfigure", user_input)

    async def _reconfigure(
        self, kind: LinkKind, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose another port on a kind of link."""
        return await self._enter(f"reconfigure_{kind}", kind, user_input)

    async_step_reconfigure_serial = partialmethod(_reconfigure, LinkKind.SERIAL)
    async_step_reconfigure_websocket = partialmethod(_reconfigure, LinkKind.WEBSOCKET)
    async_step_reconfigure_modbus_rtu = partialmethod(_reconfigure, LinkKind.MODBUS_RTU)
    async_step_reconfigure_modbus_tcp = partialmethod(_reconfigure, LinkKind.MODBUS_TCP)
    async_step_reconfigure_hid = partialmethod(_reconfigure, LinkKind.HID)

    @override
    async def _searched(self, result: Found | CellwireError) -> str:
        if isinstance(result, CellwireError):
            self._problem = result
            return "port"
        self._found = result
        return "found"

    async def async_step_port(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what is wrong with the port, and let the user choose again."""
        return await self._port_form()

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
                CONF_VARIANT: self._found.identity.variant,
                CONF_SERIALS: dict(serials),
                **address(str(self._port), self._found.line),
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
        entry_id = self.context.get("entry_id", "")
        if self._released and self.hass.config_entries.async_get_entry(entry_id):
            self.hass.config_entries.async_schedule_reload(entry_id)

    @property
    def _moving(self) -> ConfigEntry:
        """The entry that gets another port. Raises AbortFlow if it was deleted meanwhile."""
        try:
            return self._get_reconfigure_entry()
        except UnknownEntry as err:
            raise AbortFlow("entry_gone") from err

    async def _choose(self, step: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Offer the kinds of link, or go on with the only one."""
        kinds = self._family.links
        if len(kinds) == 1:
            return await self._enter(step, kinds[0], user_input)
        return self.async_show_menu(step_id=step, menu_options=[f"{step}_{kind}" for kind in kinds])

    async def _enter(
        self, step: str, kind: LinkKind, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for a port, and begin the search when one was entered."""
        self._step, self._kind = step, kind
        if port := (user_input or {}).get(CONF_PORT):
            return await self._begin(port)
        return await self._port_form()

    async def _port_form(self) -> ConfigFlowResult:
        problem, kind, port = self._problem, self._kind, self._port
        if self.source == SOURCE_RECONFIGURE and port and not problem:
            # The device may move to another kind of link.
            port = port if link_kind(self._family, port) is kind else None
        selector = await port_selector(self.hass, kind)
        if selector is None:
            problem = problem or LinkError(LinkFault.USB_MISSING, "USB", "")
        schema = probatio.Schema({probatio.Required(CONF_PORT): selector} if selector else {})
        return self.async_show_form(
            step_id=self._step,
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_PORT: port}),
            errors={"base": problem.key} if problem else {},
            description_placeholders=problem.placeholders if problem else {},
        )

    async def _begin(self, port: str) -> ConfigFlowResult:
        """Take a port and start the search on it."""
        self._problem = None
        self._port = await to_address(self.hass, self._kind, port)
        self._async_abort_entries_match({CONF_PORT: self._port})
        if self.hass.config_entries.flow.async_has_matching_flow(self):
            return self.async_abort(reason="already_in_progress")
        if self.source == SOURCE_RECONFIGURE:
            self._released = await release(self.hass, self._moving) or self._released
        return await self.async_step_search()

    @override
    async def _look(self) -> Found:
        hass, kind, port = self.hass, self._kind, str(self._port)

        def bytes_on(line: Line) -> Link:
            return make_byte_link(hass, kind, port, line)

        if self._step == DETECT_PORT:
            self._family, self._kind, found = await detect(
                port,
                bytes_on,
                lambda line: make_register_link(hass, LinkKind.MODBUS_RTU, port, line),
                self.async_update_progress,
                has_line=has_line(kind, port),
            )
            return found
        if self.source == SOURCE_RECONFIGURE:
            return await look_again(hass, self._moving, kind, port, self.async_update_progress)
        return await look(hass, self._family, kind, port, self.async_update_progress)

    def _move(self) -> ConfigFlowResult:
        """Give the entry its new port."""
        entry = self._moving
        self._released = False
        return self.async_update_reload_and_abort(
            entry, data=moved(entry, str(self._port), self._found)
        )

    def _abort_if_known(self, serials: Mapping[str, str | None]) -> None:
        """Abort if a unit with one of these serial numbers has been set up."""
        claims = {f"{self._family.key}_{serial}" for serial in serials.values() if serial}
        others = self._async_current_entries(include_ignore=False)
        if not claims.isdisjoint(claimed(others)):
            raise AbortFlow("already_configured")

    def _described(self) -> str:
        """List the units that were found, a line each."""
        lines = []
        for unit in self._found.units:
            if unit.kind in (UnitKind.BANK, UnitKind.CHANNEL):
                continue
            facts = (unit.model, unit.serial, unit.firmware, unit.label and f"#{unit.label}")
            lines.append("- " + ", ".join(fact for fact in facts if fact))
        return "\n".join(lines)


# The steps of a family, such as "icharger" and "icharger_hid", are async_step_family and
# async_step_family_link for it; those of the other port are "reconfigure_serial" and its like.
for _family in FAMILIES.values():
    setattr(
        CellwireConfigFlow,
        f"async_step_{_family.key}",
        partialmethod(CellwireConfigFlow.async_step_family, _family.key),
    )
    for _kind in _family.links:
        setattr(
            CellwireConfigFlow,
            f"async_step_{_family.key}_{_kind}",
            partialmethod(CellwireConfigFlow.async_step_family_link, _family.key, _kind),
        )
