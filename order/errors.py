"""What can be wrong with a request to the order service."""

from chassis.core.errors import Conflict, NotFound


class OrderNotFound(NotFound):
    """The person has no order with this id; somebody else may."""

    code = "order_not_found"
    message = "You have no order with this id."


class ProductNotFound(Conflict):
    """Some of what is ordered does not exist; ``errors`` names the items."""

    code = "product_not_found"
    message = "There is no product with this id; order without it."


class InsufficientStock(Conflict):
    """Fewer are left than are ordered; ``errors`` names the items."""

    code = "insufficient_stock"
    message = "Fewer of this product are left than you want; order less."


class MixedCurrencies(Conflict):
    """What is ordered has no total."""

    code = "mixed_currencies"
    message = "These products are sold in different currencies; order them apart."


class TotalTooLarge(Conflict):
    """What is ordered costs more than an amount can say."""

    code = "total_too_large"
    message = "The total is too large; order less at a time."


class OrderExpired(Conflict):
    """The stock could not be had in time."""

    code = "order_expired"
    message = "The stock could not be had in time; place another order."


class OrderCancelled(Conflict):
    """The order was cancelled before its answer was known."""

    code = "order_cancelled"
    message = "The order was cancelled meanwhile; place another order."


class NotPossible(Conflict):
    """The order's status forbids it."""

    code = "order_status"
    message = "The order's status does not allow this."
