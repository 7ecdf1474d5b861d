"""Looks into the process of a Home Assistant, and sets its clock: none can be done from outside."""

import asyncio
from datetime import UTC, datetime, timedelta
import gc
import sys

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import ConfigType
import time_machine

DOMAIN = "probe"


class CountView(HomeAssistantView):
    """Tells how many tasks and objects there are."""

    url = f"/api/{DOMAIN}/count"
    name = f"api:{DOMAIN}:count"

    async def get(self, _request: web.Request) -> web.Response:
        """Count them. Garbage would be collected some day, so it is before."""
        gc.collect()
        return self.json({"tasks": len(asyncio.all_tasks()), "objects": sys.getallocatedblocks()})


class ClockView(HomeAssistantView):
    """Sets the time of day. What lasts is measured by another clock, which goes on."""

    url = f"/api/{DOMAIN}/clock"
    name = f"api:{DOMAIN}:clock"

    def __init__(self) -> None:
        """Begin with the computer's clock."""
        self._travel: time_machine.travel | None = None

    async def post(self, request: web.Request) -> web.Response:
        """Be `ahead` of the computer's clock by so many seconds."""
        ahead = timedelta(seconds=(await request.json())["ahead"])
        if self._travel:
            self._travel.stop()
        self._travel = time_machine.travel(datetime.now(UTC) + ahead, tick=True)
        self._travel.start()
        return self.json({})


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer both over HTTP."""
    hass.http.register_view(CountView())
    hass.http.register_view(ClockView())
    return True
