"""The demo in a real browser: its device pages, and a device that is set up by clicking."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
import sys
import tempfile

from playwright.async_api import Error, Page, async_playwright, expect

from tests.bench.jk_bms import BAUDRATE, Bus, recorded_board
from tests.bench.wire import PtyWire
from tests.e2e.demo import demo, settle
from tests.e2e.energy import check_dashboard, fill_dashboard
from tests.e2e.home import ROOT, Home, HomeError

PORT = 8124
SCREENSHOTS = ROOT / ".demo"
# What the page of a device must show, and what that of a charger with channels shows instead.
EVERYWHERE = ("Voltage", "Current", "Power", "Status")
CHARGER = "iCharger 4010 DUO"
# Nothing was chosen yet, and a program runs.
REFUSAL = "needs a preset"
OF_CHARGER = ("Input voltage", "Internal temperature")
# Those of the demo: three with one unit, a bank with its packs, a charger with its channels.
DEVICES = 3 + 1 + 3 + 1 + 2
BOARDS = 2
# Milliseconds. The frontend loads slowly on a small machine.
PATIENCE = 60_000


@asynccontextmanager
async def browsing(executable: str) -> AsyncIterator[Page]:
    """Run a browser with one page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 1800})
            page.set_default_timeout(PATIENCE)
            expect.set_options(timeout=PATIENCE)
            yield page
        finally:
            await browser.close()


async def look(page: Page, name: str) -> None:
    """Leave a screenshot."""
    SCREENSHOTS.mkdir(exist_ok=True)
    # What is still moving comes to rest.
    await page.wait_for_timeout(1500)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")
    print(f"screenshot .demo/{name}.png", flush=True)


async def look_at_devices(page: Page, home: Home) -> None:
    """Open the page of every device. Raises Error if it lacks what it must show."""
    for device in await home.command("config/device_registry/list"):
        if not any(domain == "cellwire" for domain, _ in device["identifiers"]):
            continue
        await page.goto(f"{home.url}/config/devices/device/{device['id']}")
        await expect(page.get_by_text(device["name"]).first).to_be_visible()
        for name in OF_CHARGER if device["name"] == CHARGER else EVERYWHERE:
            await expect(page.get_by_text(name, exact=True).first).to_be_visible()
        await look(page, "device-" + "".join(filter(str.isalnum, device["name"].lower())))


async def be_refused(page: Page, home: Home) -> None:
    """Press a button that the charger can't follow now, and read why."""
    (channel,) = [
        device
        for device in await home.command("config/device_registry/list")
        if device["name"] == f"{CHARGER} channel 1"
    ]
    await page.goto(f"{home.url}/config/devices/device/{channel['id']}")
    await page.get_by_text("Press", exact=True).first.click()
    await expect(page.get_by_text(REFUSAL).first).to_be_visible()
    await look(page, "refusal")


async def enter_port(page: Page, port: str) -> None:
    """Type a port into the form of the flow, and go on."""
    await page.locator("ha-picker-field").last.click()
    await page.get_by_text("Enter manually", exact=True).click()
    field = page.locator("dialog-data-entry-flow").get_by_role("textbox", name="Port")
    await field.fill(port)
    # The form takes the text when the field is left.
    await field.press("Tab")
    await page.get_by_role("button", name="Submit").click()


async def set_a_bus_up(page: Page, home: Home, address: str) -> None:
    """Add a bus of two boards by clicking; a wrong port is entered first."""
    await page.goto(f"{home.url}/config/integrations/integration/cellwire")
    await page.get_by_role("button", name="Add hub").click()
    await page.get_by_text("JK-BMS (JiKong)").click()
    await enter_port(page, f"{address}-nobody")
    await expect(page.get_by_text("does not exist. Is the adapter plugged in?")).to_be_visible()
    await look(page, "flow-wrong-port")
    await enter_port(page, address)
    await expect(page.get_by_text("Found: ").first).to_be_visible()
    await look(page, "flow-found")
    await page.get_by_role("button", name="Submit").click()


async def look_at_energy(page: Page, home: Home, names: list[str]) -> None:
    """Open the energy dashboard: it shows how full each battery is, and each charger."""
    batteries = (await home.command("energy/get_prefs"))["energy_sources"]
    of_batteries = {battery["name"] for battery in batteries}
    await page.goto(f"{home.url}/energy/now")
    for name in sorted(of_batteries):
        await expect(page.get_by_text(name, exact=True).first).to_be_visible()
    await look(page, "energy-now")
    await page.goto(f"{home.url}/energy/electricity")
    # The graphs are drawings, but for this one's legend.
    for name in sorted(set(names) - of_batteries):
        await expect(page.get_by_text(name, exact=True).first).to_be_visible()
    await look(page, "energy")


async def run(executable: str, port: int) -> None:
    """Look at everything. Raises HomeError, Error, AssertionError or TimeoutError."""
    async with AsyncExitStack() as stack:
        home, _ = await stack.enter_async_context(demo(port))
        await settle(home)
        on_dashboard = await fill_dashboard(home)
        page = await stack.enter_async_context(browsing(executable))
        await page.goto(home.url)
        # Logging in leads to other addresses on its own; the menu is there when that is over.
        await expect(page.get_by_role("link", name="Settings")).to_be_visible()
        await page.wait_for_load_state("networkidle")
        await look_at_devices(page, home)
        await be_refused(page, home)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cellwire-bus-"))
        wire = PtyWire(Path(folder) / "ttyUSB-bus", BAUDRATE)
        await wire.plug()
        stack.push_async_callback(wire.unplug)
        Bus(
            wire,
            {
                1: recorded_board("pb_real_8s_sw15.10_addr1"),
                3: recorded_board("pb_real_16s_sw15.41_addr3"),
            },
        )
        await set_a_bus_up(page, home, wire.address)
        devices = {device for device, *_ in await settle(home)}
        if len(devices) != DEVICES + BOARDS:
            raise HomeError(f"other devices were expected than {sorted(devices)}")
        await page.goto(f"{home.url}/config/integrations/integration/cellwire")
        await expect(page.get_by_role("link", name=f"{DEVICES + BOARDS} devices")).to_be_visible()
        await look(page, "integration")
        await check_dashboard(home)
        await look_at_energy(page, home, on_dashboard)
        print("everything is where it should be")


def main() -> int:
    """Run the browser; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/e2e", description=__doc__)
    parser.add_argument("--browser", required=True, help="executable of a Chromium")
    parser.add_argument("--port", type=int, default=PORT, help="of the web interface")
    arguments = parser.parse_args()
    try:
        asyncio.run(run(arguments.browser, arguments.port))
    except (HomeError, Error, AssertionError, TimeoutError) as err:
        print(f"e2e: {str(err) or 'it took too long'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
