"""All families, in the order in which a port is searched for them. A new one is one line here."""

from . import chargery, hubble_am2, icharger, jk_bms, victron_charger
from .device import AnyFamily

FAMILIES: dict[str, AnyFamily] = {
    family.key: family
    for family in (
        chargery.FAMILY,
        jk_bms.FAMILY,
        victron_charger.FAMILY,
        hubble_am2.FAMILY,
        icharger.FAMILY,
    )
}
