"""What an owner decides about an entry: how often to read, and what may be set."""

from typing import Any

from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from ..const import CONF_INTERVAL
from ..devices.device import AnyFamily, Option, Settings
from .entry_data import entry_family, entry_interval

LONGEST_INTERVAL = 3600
MOST_DAILY_WRITES = 1000

# What to enter for each option, and what holds when nothing was entered.
SELECTORS: dict[Option, Selector[Any]] = {
    Option.ALLOW_CONTROL: BooleanSelector(),
    Option.PASSWORD: TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
    Option.DAILY_WRITES: NumberSelector(
        NumberSelectorConfig(min=0, max=MOST_DAILY_WRITES, step=1, mode=NumberSelectorMode.BOX)
    ),
    Option.MAINS_SWITCH: EntitySelector(EntitySelectorConfig(domain=SWITCH)),
    Option.STOP_ON_UNLOAD: BooleanSelector(),
}


def default(family: AnyFamily, option: Option) -> bool | int | None:
    """Return what holds for an option until somebody decides; None for nothing."""
    defaults: dict[Option, bool | int] = {
        Option.ALLOW_CONTROL: family.allows_control,
        Option.DAILY_WRITES: Settings().daily_writes,
        Option.STOP_ON_UNLOAD: Settings().stop_on_unload,
    }
    return defaults.get(option)


class CellwireOptionsFlow(OptionsFlowWithReload):
    """One form with the interval, and with the options that the family has."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the interval, not shorter than the device stands, and what may be set."""
        if user_input is not None:
            user_input[CONF_INTERVAL] = int(user_input[CONF_INTERVAL])
            return self.async_create_entry(data=user_input)
        family = entry_family(self.config_entry)
        fields: dict[probatio.Marker, Selector[Any]] = {
            probatio.Required(
                CONF_INTERVAL, default=entry_interval(self.config_entry)
            ): NumberSelector(
                NumberSelectorConfig(
                    min=family.shortest_interval,
                    max=LONGEST_INTERVAL,
                    step=1,
                    mode=NumberSelectorMode.BOX,
                    unit_of_measurement=UnitOfTime.SECONDS,
                )
            )
        }
        known = self.config_entry.options
        for option in family.options:
            value = known.get(option, default(family, option))
            fields[
                probatio.Optional(option, description={"suggested_value": value})
                if default(family, option) is None
                else probatio.Required(option, default=value)
            ] = SELECTORS[option]
        return self.async_show_form(
            step_id="init",
            data_schema=probatio.Schema(fields),
            description_placeholders={"shortest": str(family.shortest_interval)},
        )
