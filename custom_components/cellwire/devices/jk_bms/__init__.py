"""JK-BMS by wire: boards of the classic protocol, and the newer generation."""

from ..device import Family, Option
from . import probe
from .words import NAME

FAMILY = Family(
    key="jk_bms",
    name=NAME,
    baudrate=probe.BAUDRATE,
    interval=5,
    shortest_interval=1,
    options=(Option.ALLOW_CONTROL, Option.PASSWORD),
    probe=probe.probe,
    detect=probe.detect,
    recognise=probe.recognise,
    create=probe.create,
)
