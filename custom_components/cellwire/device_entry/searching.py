"""Looking for a device with a progress bar, as the flow of the set-up and that of repairs do."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
from typing import Any

from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult

from ..const import DOMAIN
from ..devices.device import Found
from ..devices.mistakes import Mistakes
from ..links.errors import CellwireError
from ..links.health import LinkHealth


class SearchingFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """A flow with a step that searches; what comes of it decides about the next one."""

    _port: str | None = None
    _search: asyncio.Task[Found | CellwireError] | None = None

    @abstractmethod
    async def _look(self) -> Found:
        """Look for the device at the port that was chosen. Raises LinkError and DeviceError."""

    @abstractmethod
    async def _searched(self, result: Found | CellwireError) -> str:
        """Take in what was found, or why nothing was; return the step that follows."""

    async def async_step_search(self, _user_input: Mapping[str, Any] | None = None) -> ResultT:
        """Look for the device, with a progress bar."""
        if self._search is None:
            self._search = self.hass.async_create_task(self._look_safely(), f"{DOMAIN} search")
        if not self._search.done():
            return self.async_show_progress(
                step_id="search",
                progress_action="search",
                progress_task=self._search,
                description_placeholders={"port": str(self._port)},
            )
        result, self._search = self._search.result(), None
        return self.async_show_progress_done(next_step_id=await self._searched(result))

    async def _look_safely(self) -> Found | CellwireError:
        try:
            return await self._look()
        except CellwireError as err:
            return err
        except Exception as err:  # noqa: BLE001 - logged, and told to whoever waits for the search
            return Mistakes(str(self._port), LinkHealth()).note(err)
