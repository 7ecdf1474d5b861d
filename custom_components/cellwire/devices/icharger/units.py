"""The charger and its channels as units, and what was remembered of them between polls."""

from ..model import Unit, UnitKind
from . import words
from .events import EVENTS
from .info import Info, version
from .models import MANUFACTURER, Model
from .system import Block


class CellWatch:
    """Tells when cells are just being plugged in or out: they appear one by one."""

    def __init__(self) -> None:
        """Trust what is seen first."""
        self._connected: tuple[bool, ...] | None = None

    def is_settled(self, cells: tuple[float | None, ...]) -> bool:
        """Take in the cells of a poll; tell whether they are where they were in the last one."""
        connected = tuple(cell is not None for cell in cells)
        before, self._connected = self._connected, connected
        return before in (None, connected)


def to_units(info: Info, model: Model, block: Block | None, channels: int) -> tuple[Unit, ...]:
    """Describe the charger, then its channels."""
    charger = Unit(
        key=words.CHARGER,
        kind=UnitKind.CHARGER,
        manufacturer=MANUFACTURER,
        model=model.text,
        serial=info.serial,
        firmware=version(info.software, model.layout),
        hardware=version(info.hardware, model.layout),
        quantities=(*(block.quantities if block else ()), words.PRESETS, words.FLASH_WRITES),
    )
    return (
        charger,
        *(
            Unit(
                key=key,
                kind=UnitKind.CHANNEL,
                manufacturer=MANUFACTURER,
                model=model.text,
                label=str(number),
                via=words.CHARGER,
                statuses=words.STATUSES,
                errors=words.ERRORS,
                lasting_errors=words.LASTING_ERRORS,
                quantities=words.CHANNEL_QUANTITIES,
                events=EVENTS,
            )
            for number, key in enumerate(words.CHANNELS[:channels], 1)
        ),
    )


def to_serials(info: Info) -> dict[str, str | None]:
    """Return the serial number of each unit; those of the channels follow from the charger's."""
    serial = info.serial
    return {words.CHARGER: serial} | {
        key: f"{serial}_{number}" if serial else None
        for number, key in enumerate(words.CHANNELS, 1)
    }
