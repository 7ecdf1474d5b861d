"""What the tests of watched programs share."""

from custom_components.cellwire.devices.device import StopConditions
from custom_components.cellwire.devices.icharger.controlled import ControlledCharger
from custom_components.cellwire.devices.model import Value
from tests.bench.icharger import SimulatedCharger

FIRST, SECOND = "channel_1", "channel_2"
NEVER = StopConditions()


async def begin(
    device: ControlledCharger,
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
    await device.start_program(FIRST, preset, operation, stop_at)


async def pass_by(device: ControlledCharger, charger: SimulatedCharger, polls: int) -> None:
    for _ in range(polls):
        charger.advance(20)
        await device.read()


def ended(device: ControlledCharger) -> Value:
    state = device.program_state(FIRST)
    return state["ended"] if state else None
