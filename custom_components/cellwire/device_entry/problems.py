"""What is wrong with an entry and can be put right by its owner: issues of Home Assistant.

Here alone they are raised and deleted. Those that a flow can repair are repaired in repairs.py.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
import time
from typing import Any

from homeassistant.components import usb
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.translation import async_translate_state

from ..const import CONF_FAMILY, DOCUMENTATION, DOMAIN
from ..devices.device import Device, Readings
from ..devices.errors import OtherDevice, WrongIdentity
from ..devices.programs import Trouble
from ..links.errors import CellwireError, LinkError, LinkFault
from .ports import free_ports, serial_ports

DOCS = f"{DOCUMENTATION}/blob/main/docs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How an issue is raised: whether a flow repairs it, and where there is more to read."""

    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR
    fixable: bool = False
    more: str = f"{DOCS}/devices/{{family}}.md"


TROUBLESHOOTING = f"{DOCUMENTATION}#troubleshooting"
KINDS = {
    "port_moved": Kind(fixable=True, more=TROUBLESHOOTING),
    "no_permission": Kind(more=TROUBLESHOOTING),
    "no_usb_permission": Kind(more=f"{DOCS}/usb_hid.md#permission"),
    "other_device": Kind(fixable=True, more=TROUBLESHOOTING),
    "shared_address": Kind(),
    "password_needed": Kind(severity=ir.IssueSeverity.WARNING, fixable=True),
    "budget_used": Kind(severity=ir.IssueSeverity.WARNING, fixable=True),
    "lasting_error": Kind(),
    **{f"program_{trouble}": Kind() for trouble in Trouble},
}
# Why a link can't be opened, where its owner has to give a permission.
PERMISSIONS = {
    LinkFault.DENIED: "no_permission",
    LinkFault.USB_DENIED: "no_usb_permission",
}
# To look where a device may be whose port is missing takes a scan of the ports and a walk over all
# entries. It is done when the port is found missing, when Home Assistant notices that an adapter
# was plugged in, and besides so often, for ports that it doesn't notice. In seconds.
SELDOM = 300.0
# These are over when the link opens, whatever comes then.
OF_THE_LINK = ("port_moved", *PERMISSIONS.values())

# A problem by its kind and the key of the unit that has it, if it is not the whole device.
type Where = tuple[str, str | None]
# What fills the text of a problem in, None if there is no such problem.
type Finding = tuple[Where, dict[str, str] | None]


class Problems:
    """Raises the issues of an entry and deletes them when they are over.

    What is not known stays as it is: an issue neither goes nor comes because an entry is loaded
    anew. `name_of` names a unit by its key.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        device: Device[Any],
        name_of: Callable[[str], str],
    ) -> None:
        """Look after the device of an entry."""
        self._hass = hass
        self._entry = entry
        self._device = device
        self._name_of = name_of
        # The ports of this computer when the link was opened last; None if that is not known.
        self._ports: set[str] | None = None
        self._works = False
        # What is said of a port while it is missing, and when to look where it may be, in monotonic
        # seconds.
        self._missing: LinkError | None = None
        self._look_at = 0.0
        entry.async_on_unload(usb.async_register_port_event_callback(hass, self._plugged))
        settings = device.settings
        if settings.password or not settings.allow_control:
            self.taken()
        if not settings.allow_control:
            self._show([(("budget_used", None), None)])

    async def failed(self, error: CellwireError) -> None:
        """Take in why the device can't be read."""
        self._works = False
        findings: dict[Where, dict[str, str] | None] = {(kind, None): None for kind in OF_THE_LINK}
        self._missing = None
        if isinstance(error, LinkError):
            if error.fault is LinkFault.MISSING:
                self._missing = error
                del findings["port_moved", None]
            if kind := PERMISSIONS.get(error.fault):
                findings[kind, None] = error.placeholders
        elif isinstance(error, OtherDevice | WrongIdentity):
            said = error.placeholders
            findings["other_device", None] = {
                "expected": said.get("expected") or said["device"],
                "found": said["found"],
                "port": self._entry.data[CONF_PORT],
            }
        self._show((*findings.items(), *self._programs()))
        if self._missing is None:
            self._look_at = 0.0
        elif time.monotonic() >= self._look_at:
            await self._look()

    async def worked(self, readings: Readings) -> None:
        """Take in what was read."""
        if not self._works:
            self._works = True
            self._missing, self._look_at = None, 0.0
            self._show(((kind, None), None) for kind in (*OF_THE_LINK, "other_device"))
            if self._is_local:
                self._ports = await serial_ports(self._hass)
        self._show((*self._found(readings), *self._programs()))

    @callback
    def refused(self, error: CellwireError) -> None:
        """Take in why a wish was not carried out: it may be for want of a password."""
        if self._device.takes_password and error.key == "refused_not_taken":
            self._show([(("password_needed", None), error.placeholders)])

    @callback
    def taken(self) -> None:
        """Note that a wish was carried out."""
        self._show([(("password_needed", None), None)])

    @callback
    def forget(self, unit: str) -> None:
        """Delete the issues of a unit that is gone."""
        self._show(((kind, unit), None) for kind in KINDS)

    @property
    def _is_local(self) -> bool:
        """Whether the device is at a serial port of this computer."""
        return "://" not in self._entry.data[CONF_PORT]

    @callback
    def _plugged(self, _added: set[usb.USBDevice], _removed: set[usb.USBDevice]) -> None:
        """Look again for a port that is missing: something was plugged in or pulled."""
        if self._missing:
            self._entry.async_create_background_task(
                self._hass, self._look(), f"{DOMAIN} {self._entry.title} looks for its port"
            )

    async def _look(self) -> None:
        """Tell whether the device may be at another port, as long as its own is missing."""
        self._look_at = time.monotonic() + SELDOM
        may_have_moved = await self._may_have_moved()
        if missing := self._missing:
            text = missing.placeholders if may_have_moved else None
            self._show([(("port_moved", None), text)])

    async def _may_have_moved(self) -> bool:
        """Tell whether there is a free port that was not there when the own one worked."""
        return bool((await free_ports(self._hass, self._entry)).keys() - (self._ports or set()))

    def _found(self, readings: Readings) -> Iterator[Finding]:
        device = self._device
        if (left := device.writes_left) is not None:
            yield ("budget_used", None), self._budget() if left == 0 else None
        for unit, is_shared in device.shared_addresses.items():
            yield ("shared_address", unit), self._shared(unit) if is_shared else None
        for unit, reading in readings.items():
            lasting = device.units[unit].lasting_errors
            if lasting and (error := reading.error) is not None:
                yield (
                    ("lasting_error", unit),
                    self._error(unit, error) if error in lasting else None,
                )

    def _programs(self) -> Iterator[Finding]:
        """Find the programs whose limits are not kept as it was promised."""
        if (programs := self._device.programs) is None:
            return
        troubles = programs.troubles
        for unit in self._device.identity.serials:
            for trouble in Trouble:
                text = {"unit": self._name_of(unit)} if troubles.get(unit) is trouble else None
                yield (f"program_{trouble}", unit), text

    def _budget(self) -> dict[str, str]:
        return {"budget": str(self._device.settings.daily_writes)}

    def _shared(self, unit: str) -> dict[str, str]:
        address = self._device.units[unit].label or unit
        return {"unit": self._name_of(unit), "address": address}

    def _error(self, unit: str, error: str) -> dict[str, str]:
        words = async_translate_state(self._hass, error, "sensor", DOMAIN, "error", None)
        return {"unit": self._name_of(unit), "error": words}

    @callback
    def _show(self, findings: Iterable[Finding]) -> None:
        """Raise and delete issues, and touch none that is as it should be."""
        if not is_in_use(self._hass, self._entry):
            return
        registry = ir.async_get(self._hass)
        for (kind, unit), text in findings:
            issue_id = f"{kind}_{self._entry.entry_id}{'' if unit is None else f'_{unit}'}"
            shown = registry.async_get_issue(DOMAIN, issue_id)
            if text is None:
                if shown:
                    ir.async_delete_issue(self._hass, DOMAIN, issue_id)
                continue
            placeholders = {"name": self._entry.title, **text}
            if shown and shown.active and shown.translation_placeholders == placeholders:
                continue
            how = KINDS[kind]
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue_id,
                data={"entry_id": self._entry.entry_id, "kind": kind},
                is_fixable=how.fixable,
                learn_more_url=how.more.format(family=self._entry.data[CONF_FAMILY]),
                severity=how.severity,
                translation_key=kind,
                translation_placeholders=placeholders,
            )


def is_in_use(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Tell whether an entry is there and not disabled."""
    return (
        entry.disabled_by is None
        and hass.config_entries.async_get_entry(entry.entry_id) is not None
    )


@callback
def async_follow_entries(hass: HomeAssistant) -> None:
    """Delete the issues of an entry that is removed or disabled, whatever state it was in."""

    @callback
    def changed(change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain != DOMAIN or (
            change is not ConfigEntryChange.REMOVED and entry.disabled_by is None
        ):
            return
        for issue in list(ir.async_get(hass).issues.values()):
            if issue.domain == DOMAIN and (issue.data or {}).get("entry_id") == entry.entry_id:
                ir.async_delete_issue(hass, DOMAIN, issue.issue_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)
