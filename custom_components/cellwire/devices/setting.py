"""What is set in a device and shown as it is: how its number becomes a value."""

from dataclasses import dataclass

from .model import Kind, Quantity, Role, Value


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting, whose value is its number times `multiplier` divided by `divisor`.

    `signed` says that the number is two's complement; whoever takes it out of its bytes must know.
    """

    quantity: Quantity
    divisor: int = 1
    multiplier: int = 1
    signed: bool = False

    def value(self, number: float) -> Value:
        """Scale the number."""
        if self.quantity.kind is Kind.FLAG:
            return bool(number)
        scaled = number * self.multiplier
        return scaled if self.divisor == 1 else scaled / self.divisor


def setting(key: str, kind: Kind, *, common: bool = False) -> Quantity:
    """Declare something that changes only when somebody changes it."""
    return Quantity(key=key, kind=kind, role=Role.SETTING, common=common)


def volts(key: str, divisor: int = 1000) -> Setting:
    """Declare a voltage, usually in mV."""
    return Setting(setting(key, Kind.VOLTAGE), divisor)


def amperes(key: str, divisor: int = 1) -> Setting:
    """Declare a current, usually in A."""
    return Setting(setting(key, Kind.CURRENT), divisor)


def seconds(key: str, divisor: int = 1) -> Setting:
    """Declare a time, usually in s."""
    return Setting(setting(key, Kind.DURATION), divisor)


def degrees(key: str, divisor: int = 1) -> Setting:
    """Declare a temperature, usually in °C."""
    return Setting(setting(key, Kind.TEMPERATURE), divisor, signed=True)
