"""All families. A new one is one line here."""

from . import chargery, jk_bms, victron_charger

FAMILIES = {
    family.key: family for family in (chargery.FAMILY, jk_bms.FAMILY, victron_charger.FAMILY)
}
