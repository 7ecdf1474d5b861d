"""Junsi iCharger by USB or serial Modbus: DUO, X, S and DX models."""

from ...links.link import LinkKind
from ..device import Family, Option
from . import probe
from .words import NAME

FAMILY = Family(
    key="icharger",
    name=NAME,
    baudrate=probe.BAUDRATE,
    interval=5,
    shortest_interval=1,
    links=(LinkKind.HID, LinkKind.MODBUS_RTU),
    options=(Option.ALLOW_CONTROL, Option.STOP_ON_UNLOAD),
    allows_control=True,
    probe=probe.probe,
    recognise=probe.recognise,
    create=probe.create,
)
