"""Junsi iCharger by USB or serial Modbus: DUO, X, S and DX models."""

from ...links.link import LinkKind
from ..device import Family
from . import probe
from .words import NAME

FAMILY = Family(
    key="icharger",
    name=NAME,
    baudrate=probe.BAUDRATE,
    interval=5,
    shortest_interval=1,
    links=(LinkKind.HID, LinkKind.MODBUS_RTU),
    probe=probe.probe,
    recognise=probe.recognise,
    create=probe.create,
)
