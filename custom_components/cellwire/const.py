"""Names that several modules share."""

from typing import Final

DOMAIN: Final = "cellwire"

# Which kind an entry is; those of devices have none.
CONF_KIND: Final = "kind"
# Keys of the entry's data. "port" is one of those where Home Assistant looks for "used by".
CONF_FAMILY: Final = "family"
CONF_VARIANT: Final = "variant"
CONF_SERIALS: Final = "serials"
CONF_BAUDRATE: Final = "baudrate"
CONF_PARITY: Final = "parity"
# Key of the entry's options.
CONF_INTERVAL: Final = "interval"

DOCUMENTATION: Final = "https://github.com/cellwire/cellwire"
