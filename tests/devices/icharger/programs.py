"""What the tests of watched programs share."""

from custom_components.cellwire.devices.icharger.charger import ChargerDevice
from custom_components.cellwire.devices.model import Value
from custom_components.cellwire.devices.programs import StopConditions
from tests.bench.icharger import SimulatedCharger

FIRST, SECOND = "channel_1", "channel_2"
NEVER = StopConditions()


async def begin(
    device: ChargerDevice,
    charger: SimulatedCharger,
    stop_at: StopConditions = NEVER,
    operation: str = "charge",
    preset: str | int = "LiPo 15",
) -> None:
    """Start a program; its first second passes when it is started."""
    run = charger.channels[0].run

    def run_at_once(number: int, image: list[int]) -> None:
        run(number, image)
        charger.channels[0].advance(1)

    charger.channels[0].run = run_at_once  # type: ignore[method-assign, assignment]
    await device.programs.start(FIRST, preset, operation, stop_at)


async def pass_by(device: ChargerDevice, charger: SimulatedCharger, polls: int) -> None:
    for _ in range(polls):
        charger.advance(20)
        await device.read()


def ended(device: ChargerDevice) -> Value:
    state = device.programs.state(FIRST)
    return state["ended"] if state else None
