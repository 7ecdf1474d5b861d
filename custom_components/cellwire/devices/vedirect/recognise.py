"""Which Victron product speaks in some received bytes."""

from collections.abc import Container

from ..hearing import Speaker
from .products import MAKER, ProductClass, product_class, product_name
from .stream import Block, StreamParser
from .text import number

# Two blocks or frames with right sums are no accident.
ENOUGH = 2


def full_name(product: int | None, kind: ProductClass | None) -> str:
    """Name a product with its maker, as far as it is known."""
    if product is None:
        return f"{MAKER} {kind or 'VE.Direct device'}"
    return f"{MAKER} {product_name(product, kind)}"


def recognise(data: bytes, classes: Container[ProductClass]) -> Speaker | None:
    """Name the Victron product that some received bytes come from, None if it is none.

    It is ours if it is of one of a family's `classes`, or if nothing tells of which it is.
    """
    items = [
        item for item in StreamParser().feed(data) if isinstance(item, Block) or not item.is_echo
    ]
    fields = {
        label: value
        for block in items
        if isinstance(block, Block)
        for label, value in block.fields.items()
    }
    product = number(fields.get("PID"))
    if product is None and len(items) < ENOUGH:
        return None
    kind = product_class(product, fields)
    return Speaker(full_name(product, kind), is_ours=kind is None or kind in classes)
