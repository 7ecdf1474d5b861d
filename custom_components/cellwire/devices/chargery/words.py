"""What a Chargery BMS is called and what it can say.

Source: docs/devices/chargery.md, "Pack values, 57", "Cell voltages, 56" and "Versions".
"""

from ..errors import NoAnswer
from ..model import CURRENT_MAGNITUDE, Alarm, Kind, Quantity, Role, Severity, Status

NAME = "Chargery BMS"
MANUFACTURER = "Chargery"
UNIT = "bms"
# There is one protocol, and its versions can change under a running program.
VARIANT = "stream"

# The frame has a place for each cell that the model could have.
MODELS = {8: "BMS8T", 16: "BMS16T", 24: "BMS24T"}

DISCHARGE, CHARGE, STORAGE = 0, 1, 2
# Storage is what the BMS calls a current of less than 1 A in either direction.
MODES = {
    DISCHARGE: Status.DISCHARGING,
    CHARGE: Status.CHARGING,
    STORAGE: Status.IDLE,
}

# Both end by themselves when the cells have recovered.
OVERCHARGE_PROTECTION = Alarm("overcharge_protection", Severity.WARNING)
OVERDISCHARGE_PROTECTION = Alarm("overdischarge_protection", Severity.WARNING)
ALARMS = (OVERCHARGE_PROTECTION, OVERDISCHARGE_PROTECTION)

CHARGE_END = Quantity(key="cell_overvoltage_protection", kind=Kind.VOLTAGE, role=Role.SETTING)
DISCHARGE_END = Quantity(key="cell_undervoltage_protection", kind=Kind.VOLTAGE, role=Role.SETTING)
CELL_COUNT = Quantity(key="cell_count_setting", kind=Kind.COUNT, role=Role.SETTING)
REMAINING_ENERGY = Quantity(
    key="remaining_energy", kind=Kind.STORED_ENERGY, role=Role.MEASUREMENT, common=True
)
RESISTANCE_CURRENT = Quantity(
    key="resistance_current", kind=Kind.CURRENT, role=Role.MEASUREMENT, common=True
)
QUANTITIES = (
    REMAINING_ENERGY,
    RESISTANCE_CURRENT,
    CURRENT_MAGNITUDE,
    CHARGE_END,
    DISCHARGE_END,
    CELL_COUNT,
)


class Silent(NoAnswer):
    """Nothing came from a device that talks by itself: silence is the fault."""

    key = "chargery_silent"

    def __init__(self, seconds: float) -> None:
        """Say for how long nothing was heard."""
        super().__init__(NAME)
        self.placeholders["seconds"] = f"{seconds:g}"
