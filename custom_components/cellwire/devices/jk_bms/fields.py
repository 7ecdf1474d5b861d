"""The identifier list of a classic reply: every identifier, its length and its scale.

Source: docs/devices/jk_bms.md, "Identifiers".
"""

from dataclasses import dataclass

from ..model import Kind
from ..setting import Setting, amperes, degrees, seconds, setting, volts
from .words import BALANCER_ENABLED, CHARGE_ENABLED, DISCHARGE_ENABLED

CELLS = 0x79
PASSWORD = 0xB2
PASSWORD_LENGTH = 10
# Identifiers of what belongs to the user, and how many bytes of them. Behind the user's text in
# 0xBA comes the model.
PERSONAL = {PASSWORD: PASSWORD_LENGTH, 0xB4: 8, 0xBA: 12}

# The length of the value behind each identifier. The cell list brings its own.
LENGTHS: dict[int, int] = (
    dict.fromkeys((0x85, 0x86, 0x9D, 0xA9, 0xAB, 0xAC, 0xAE, 0xAF, 0xB1, 0xB3, 0xB8, 0xC0), 1)
    | dict.fromkeys((0x80, 0x81, 0x82, 0x83, 0x84, 0x87, 0x8A, 0x8B, 0x8C, 0xAD, 0xB0), 2)
    | dict.fromkeys((*range(0x8E, 0x9D), *range(0x9E, 0xA9)), 2)
    | dict.fromkeys((0x89, 0xAA, 0xB5, 0xB6, 0xB9), 4)
    | {PASSWORD: PASSWORD_LENGTH, 0xB4: 8, 0xB7: 15, 0xBA: 24}
)


# Limits of temperatures are two's complement, unlike the measured ones.
SETTINGS: dict[int, Setting] = {
    0x8E: volts("pack_overvoltage_protection", 100),
    0x8F: volts("pack_undervoltage_protection", 100),
    0x90: volts("cell_overvoltage_protection"),
    0x91: volts("cell_overvoltage_release"),
    0x92: seconds("cell_overvoltage_delay"),
    0x93: volts("cell_undervoltage_protection"),
    0x94: volts("cell_undervoltage_release"),
    0x95: seconds("cell_undervoltage_delay"),
    0x96: volts("cell_difference_protection"),
    0x97: amperes("discharge_overcurrent_protection"),
    0x98: seconds("discharge_overcurrent_delay"),
    0x99: amperes("charge_overcurrent_protection"),
    0x9A: seconds("charge_overcurrent_delay"),
    0x9B: volts("balance_start_voltage"),
    0x9C: volts("balance_difference"),
    0x9D: Setting(BALANCER_ENABLED),
    0x9E: degrees("mosfet_overtemperature_protection"),
    0x9F: degrees("mosfet_overtemperature_release"),
    0xA0: degrees("box_overtemperature_protection"),
    0xA1: degrees("box_overtemperature_release"),
    0xA2: Setting(setting("temperature_difference_protection", Kind.TEMPERATURE_DIFFERENCE)),
    0xA3: degrees("charge_overtemperature_protection"),
    0xA4: degrees("discharge_overtemperature_protection"),
    0xA5: degrees("charge_undertemperature_protection"),
    0xA6: degrees("charge_undertemperature_release"),
    0xA7: degrees("discharge_undertemperature_protection"),
    0xA8: degrees("discharge_undertemperature_release"),
    0xA9: Setting(setting("cell_count_setting", Kind.COUNT)),
    0xAB: Setting(CHARGE_ENABLED),
    0xAC: Setting(DISCHARGE_ENABLED),
    0xAD: amperes("current_calibration", 1000),
    0xAE: Setting(setting("board_address", Kind.COUNT)),
    0xB0: seconds("sleep_delay"),
    0xB1: Setting(setting("low_soc_alarm", Kind.PERCENTAGE)),
    0xB3: Setting(setting("dedicated_charger", Kind.FLAG)),
    0xB8: Setting(setting("current_calibration_running", Kind.FLAG)),
}


@dataclass(frozen=True, slots=True)
class FieldList:
    """The values of a reply by identifier, as bytes. The password is not among them.

    `unknown` is the identifier that ended the list early, since its length is not known;
    `personal` are the places in the information field, with their lengths, of the password and
    of what the user typed.
    """

    values: dict[int, bytes]
    unknown: int | None = None
    personal: tuple[tuple[int, int], ...] = ()

    def number(self, identifier: int) -> int | None:
        """Return a value as an unsigned number, None if the list does not have it."""
        value = self.values.get(identifier)
        return None if value is None else int.from_bytes(value)


def split(info: bytes) -> FieldList:
    """Walk the list of identifiers and values. The password never leaves this function.

    Boards end the list at different places. What is behind an identifier without a known
    length, or a value that was cut short, can't be told and is left out.
    """
    values: dict[int, bytes] = {}
    unknown = None
    personal = []
    position = 0
    end = len(info)
    while position < end:
        identifier = info[position]
        position += 1
        if identifier == CELLS:
            size = info[position] if position < end else 0
            position += 1
        elif identifier in LENGTHS:
            size = LENGTHS[identifier]
        else:
            unknown = identifier
            break
        if position + size > end:
            break
        if identifier in PERSONAL:
            personal.append((position, PERSONAL[identifier]))
        if identifier != PASSWORD:
            values[identifier] = info[position : position + size]
        position += size
    return FieldList(values, unknown, tuple(personal))
