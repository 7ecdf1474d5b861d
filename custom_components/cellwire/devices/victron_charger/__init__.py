"""Victron AC chargers with VE.Direct: Blue Smart IP22, IP65, IP67 and Phoenix Smart IP43."""

from ..device import Family, Option
from ..vedirect.device import BAUDRATE
from ..watching.ledger import Counting
from . import probe
from .charger import NAME

FAMILY = Family(
    key="victron_charger",
    name=NAME,
    baudrate=BAUDRATE,
    interval=5,
    shortest_interval=1,
    talks=True,
    options=(Option.ALLOW_CONTROL, Option.DAILY_WRITES, Option.MAINS_SWITCH),
    allows_control=True,
    counting=Counting(trusted=("charged",)),
    probe=probe.probe,
    recognise=probe.recognise,
    create=probe.create,
)
