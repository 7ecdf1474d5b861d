"""All families. A new one is one line here."""

from . import jk_bms, victron_charger

FAMILIES = {family.key: family for family in (jk_bms.FAMILY, victron_charger.FAMILY)}
