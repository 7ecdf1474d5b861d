"""Which kind an entry is, and who looks after it.

Platforms, flows and all that Home Assistant looks for by name ask here, and know no kind
themselves.
"""

from collections.abc import Iterable, Iterator

from .const import CONF_KIND
from .device_entry.keeper import DeviceKeeper
from .keeper import AnyEntry, Keeper

# Entries of devices have no kind: they were there before there were others.
DEVICE = "device"
KEEPERS: dict[str, Keeper] = {DEVICE: DeviceKeeper()}


# For a kind that is not known here.
_NOBODY = Keeper()


def keeper_of(entry: AnyEntry) -> Keeper:
    """Return who looks after an entry."""
    return KEEPERS.get(entry.data.get(CONF_KIND, DEVICE), _NOBODY)


def claimed(entries: Iterable[AnyEntry]) -> Iterator[str]:
    """List by what all devices of some entries are known."""
    for entry in entries:
        yield from keeper_of(entry).claims(entry)
