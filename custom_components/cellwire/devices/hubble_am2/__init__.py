"""Hubble Lithium AM2 by wire: packs with a PACE BMS, each at its own address of one bus."""

from ...links.link import LinkKind
from ...links.registers import RegisterLink
from ..device import Family
from . import probe
from .recognise import recognise
from .words import NAME

FAMILY = Family[RegisterLink](
    key="hubble_am2",
    name=NAME,
    baudrate=probe.LINES[0].baudrate,
    interval=5,
    shortest_interval=2,
    links=(LinkKind.MODBUS_RTU, LinkKind.MODBUS_TCP),
    probe=probe.probe,
    recognise=recognise,
    create=probe.create,
)
