"""What a user sets and starts in the demo, over the interfaces of a real Home Assistant."""

import asyncio
from typing import Any

from tests.e2e.home import Home, HomeError

CHANNEL = "icharger_4010_duo_channel_1"
OTHER_CHANNEL = "icharger_4010_duo_channel_2"
MOSFET = "switch.jk_b1a24s15p_charge_mosfet"
LIMIT = "number.blue_smart_ip22_24_12_1_charge_current_limit"
PRESETS = "button.icharger_4010_duo_read_presets"
# A charger looks at the battery before it charges; then the current grows slowly. In seconds.
STARTS_WITHIN = 40.0
STEP = 0.5


async def call(home: Home, domain: str, service: str, entity: str, **data: Any) -> None:
    """Call an action. Raises HomeError with the words that a user would see."""
    await home.command(
        "call_service",
        domain=domain,
        service=service,
        service_data=data,
        target={"entity_id": entity},
    )


async def state(home: Home, entity: str) -> str:
    """Return the state of an entity."""
    answer = await home.request("GET", f"/api/states/{entity}")
    text: str = answer["state"]
    return text


async def expect(home: Home, entity: str, wanted: str) -> None:
    """Raise HomeError unless an entity gets to a state soon."""
    end = asyncio.get_running_loop().time() + STARTS_WITHIN
    while (now := await state(home, entity)) != wanted:
        if asyncio.get_running_loop().time() > end:
            raise HomeError(f"{entity} is {now}, not {wanted}")
        await asyncio.sleep(STEP)


async def refused(home: Home, domain: str, service: str, entity: str, **data: Any) -> str:
    """Return in which words a wish is refused. Raises HomeError if it is not."""
    try:
        await call(home, domain, service, entity, **data)
    except HomeError as err:
        return str(err)
    raise HomeError(f"{service} of {entity} was not refused")


async def switch_a_mosfet(home: Home) -> None:
    """Switch charging off and on again."""
    for service, wanted in (("turn_off", "off"), ("turn_on", "on")):
        await call(home, "switch", service, MOSFET)
        await expect(home, MOSFET, wanted)
        print(f"{MOSFET} is {wanted}", flush=True)


async def limit_a_charger(home: Home) -> None:
    """Set a current, and one that is too much."""
    await call(home, "number", "set_value", LIMIT, value=7.5)
    await expect(home, LIMIT, "7.5")
    print(f"{LIMIT} is 7.5", flush=True)
    words = await refused(home, "number", "set_value", LIMIT, value=99)
    print(f"99 A: {words}", flush=True)


async def run_a_program(home: Home) -> None:
    """Choose a preset and an operation, start it, watch a cell rise, and stop."""
    for channel in (CHANNEL, OTHER_CHANNEL):
        await call(home, "button", "press", f"button.{channel}_stop")
        await expect(home, f"sensor.{channel}_status", "idle")
    await call(home, "button", "press", PRESETS)
    select = f"select.{CHANNEL}_preset"
    presets = (await home.request("GET", f"/api/states/{select}"))["attributes"]["options"]
    print(f"presets: {', '.join(presets)}", flush=True)
    await call(home, "select", "select_option", select, option=presets[0])
    await call(home, "select", "select_option", f"select.{CHANNEL}_operation", option="charge")
    before = float(await state(home, f"sensor.{CHANNEL}_cell_1_voltage"))
    await call(home, "button", "press", f"button.{CHANNEL}_start")
    await expect(home, f"sensor.{CHANNEL}_status", "charging")
    words = await refused(home, "button", "press", f"button.{CHANNEL}_start")
    print(f"a second start: {words}", flush=True)
    rises = asyncio.get_running_loop().time() + STARTS_WITHIN
    while (now := float(await state(home, f"sensor.{CHANNEL}_cell_1_voltage"))) <= before:
        if asyncio.get_running_loop().time() > rises:
            raise HomeError("no cell rises")
        await asyncio.sleep(STEP)
    print(f"cell 1 rose from {before} to {now} V", flush=True)
    await call(home, "button", "press", f"button.{CHANNEL}_stop")
    await expect(home, f"sensor.{CHANNEL}_status", "idle")


async def check_controls(home: Home) -> None:
    """Set and start what the demo offers. Raises HomeError."""
    await switch_a_mosfet(home)
    await limit_a_charger(home)
    await run_a_program(home)
    print("everything that was set was read back", flush=True)
