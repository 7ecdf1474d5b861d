"""What can be put right about a device, with a word of its owner."""

from typing import Any, override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.components.repairs.models import RepairsFlowContext
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
)
from homeassistant.helpers.translation import async_get_translations
import probatio

from ..const import DOMAIN
from ..devices.device import Found, Option
from ..links.errors import CellwireError
from ..links.link import LinkKind
from .entry_data import entry_family
from .link_choice import link_kind, port_selector, to_address
from .moving import look_again, moved, release
from .options_flow import SELECTORS, default
from .ports import free_ports
from .searching import SearchingFlow

ON_PORTS = (LinkKind.SERIAL, LinkKind.MODBUS_RTU)


def is_gone(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Tell whether an entry was deleted while a flow about it was open."""
    return hass.config_entries.async_get_entry(entry.entry_id) is None


class OptionFlow(RepairsFlow):
    """Asks for one option of an entry."""

    def __init__(self, entry: ConfigEntry[Any], option: Option) -> None:
        """Belong to an entry."""
        self._entry = entry
        self._option = option

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what is set, and take what shall be."""
        hass, entry, option = self.hass, self._entry, self._option
        if is_gone(hass, entry):
            return self.async_abort(reason="entry_gone")
        if user_input and option in user_input:
            hass.config_entries.async_update_entry(entry, options={**entry.options, **user_input})
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return self.async_create_entry(data={})
        value = entry.options.get(option, default(entry_family(entry), option))
        schema = probatio.Schema({probatio.Required(option): SELECTORS[option]})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, {option: value}),
            description_placeholders={"name": entry.title},
        )


class MoveFlow(SearchingFlow[RepairsFlowContext, RepairsFlowResult, str], RepairsFlow):
    """Looks for the device of an entry at a port that its owner chooses.

    Meanwhile the entry is unloaded, and it comes back when the flow is given up.
    """

    def __init__(self, entry: ConfigEntry[Any], *, stays: bool) -> None:
        """Belong to an entry, whose own port can be chosen again if it `stays`."""
        self._entry = entry
        self._stays = stays
        self._kind = link_kind(entry_family(entry), entry.data[CONF_PORT])
        self._port: str = entry.data[CONF_PORT]
        # What the owner is told about the last try.
        self._error: str | None = None
        self._problem: dict[str, str] = {}
        self._released = False

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose a port."""
        if is_gone(self.hass, self._entry):
            return self.async_abort(reason="entry_gone")
        if user_input and CONF_PORT in user_input:
            self._port = await to_address(self.hass, self._kind, user_input[CONF_PORT])
            self._error, self._problem = None, {}
            if self._is_taken():
                self._error = "already_configured"
                return await self._form()
            self._released = await release(self.hass, self._entry) or self._released
            return await self.async_step_search()
        return await self._form()

    @override
    async def _searched(self, result: Found | CellwireError) -> str:
        if isinstance(result, CellwireError):
            self._error, self._problem = "not_found", {"problem": await self._in_words(result)}
            return "init"
        if is_gone(self.hass, self._entry):
            return "init"
        data = moved(self._entry, self._port, result)
        self.hass.config_entries.async_update_entry(self._entry, data=data)
        self._released = True
        return "moved"

    async def async_step_moved(
        self, _user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """End it: the entry is loaded again as the flow is removed."""
        return self.async_create_entry(data={})

    @callback
    @override
    def async_remove(self) -> None:
        """Load the entry again, moved or not."""
        if self._released and not is_gone(self.hass, self._entry):
            self.hass.config_entries.async_schedule_reload(self._entry.entry_id)

    async def _form(self) -> RepairsFlowResult:
        selector, suggested = await self._choice()
        if selector is None:
            return self.async_abort(reason="no_free_port")
        schema = probatio.Schema({probatio.Required(CONF_PORT): selector})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_PORT: suggested}),
            errors={"base": self._error} if self._error else {},
            description_placeholders={"name": self._entry.title, **self._problem},
        )

    async def _choice(self) -> tuple[Selector[Any] | None, str | None]:
        """Return what lets the owner choose a port, if there is one, and what is suggested."""
        own = self._entry.data[CONF_PORT]
        if self._kind not in ON_PORTS:
            return await port_selector(self.hass, self._kind), own
        ports = await free_ports(self.hass, self._entry)
        if self._stays:
            ports.setdefault(own, own)
        options = [SelectOptionDict(value=port, label=name) for port, name in ports.items()]
        if not options:
            return None, None
        return SelectSelector(SelectSelectorConfig(options=options)), options[0]["value"]

    def _is_taken(self) -> bool:
        """Tell whether another entry has the chosen port."""
        return any(
            entry.data.get(CONF_PORT) == self._port and entry.entry_id != self._entry.entry_id
            for entry in self.hass.config_entries.async_entries(DOMAIN)
        )

    @override
    async def _look(self) -> Found:
        return await look_again(
            self.hass, self._entry, self._kind, self._port, self.async_update_progress
        )

    async def _in_words(self, error: CellwireError) -> str:
        """Say what is wrong in the language of Home Assistant, in the words of all other places."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "exceptions", [DOMAIN]
        )
        text = texts[f"component.{DOMAIN}.exceptions.{error.key}.message"]
        return text.format(**error.placeholders)


def make_flow(entry: ConfigEntry[Any], problem: str) -> RepairsFlow:
    """Make the flow that repairs a problem of the entry of a device."""
    match problem:
        case "password_needed":
            return OptionFlow(entry, Option.PASSWORD)
        case "budget_used":
            return OptionFlow(entry, Option.DAILY_WRITES)
        case kind:
            return MoveFlow(entry, stays=kind == "other_device")
