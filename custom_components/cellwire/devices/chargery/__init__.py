"""Chargery BMS by wire: BMS8T, BMS16T and BMS24T, which talk by themselves on COM3."""

from ...links.link import LinkKind
from ..device import Family
from ..watching.ledger import Counting
from . import probe
from .words import NAME

FAMILY = Family(
    key="chargery",
    name=NAME,
    baudrate=probe.BAUDRATE,
    interval=5,
    shortest_interval=1,
    links=(LinkKind.SERIAL, LinkKind.WEBSOCKET),
    talks=True,
    counting=Counting(cycles=True),
    probe=probe.probe,
    recognise=probe.recognise,
    create=probe.create,
)
