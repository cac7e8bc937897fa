"""The meaning of If-Match for a product."""

from sqlalchemy import ColumnElement, String, cast, func, true

from chassis.web.etag import Tags
from product.models import Product


def as_read(if_match: Tags | None, *, with_stock: bool = False) -> ColumnElement[bool]:
    """
    Return the condition that a product has not changed since the caller read it; always true without If-Match.

    A tag is ``<version>-<stock>`` (``Product.etag``). The stock counts only *with_stock*: a sale must not prevent
    correcting a name, but setting the stock requires the current one.
    """
    if if_match is None or if_match.any:
        return true()
    if with_stock:
        return func.concat(Product.version, "-", Product.stock).in_(if_match.strong)
    return cast(Product.version, String).in_({tag.partition("-")[0] for tag in if_match.strong})
