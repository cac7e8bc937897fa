"""What If-Match means for a product."""

from sqlalchemy import ColumnElement, String, cast, func, true

from chassis.web.etag import Tags
from product.models import Product


def as_read(if_match: Tags | None, *, with_stock: bool = False) -> ColumnElement[bool]:
    """
    Make the condition that a product is still what the caller has read; always true if the caller does not ask.

    A tag is ``<version>-<stock>`` (``Product.etag``). The stock counts only *with_stock*: a sale must not keep anybody
    from mending a name, but whoever sets the stock must know of it.
    """
    if if_match is None or if_match.any:
        return true()
    if with_stock:
        return func.concat(Product.version, "-", Product.stock).in_(if_match.strong)
    return cast(Product.version, String).in_({tag.partition("-")[0] for tag in if_match.strong})
