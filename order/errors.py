"""Errors of the order service."""

from chassis.core.errors import Conflict, NotFound


class OrderNotFound(NotFound):
    """The person has no order with this id; another person may have."""

    code = "order_not_found"
    message = "You have no order with this id; GET /api/v1/orders lists your orders."


class ProductNotFound(Conflict):
    """Some of the products do not exist; ``errors`` names the items."""

    code = "product_not_found"
    message = "There is no product with this id; remove it from the order."


class InsufficientStock(Conflict):
    """Too few units are left of some products; ``errors`` names the items."""

    code = "insufficient_stock"
    message = "Not enough stock for this product; order fewer units."


class MixedCurrencies(Conflict):
    """The products have prices in several currencies, so the order has no total."""

    code = "mixed_currencies"
    message = "These products are sold in different currencies; place an order for each currency."


class TotalTooLarge(Conflict):
    """The total exceeds the largest amount."""

    code = "total_too_large"
    message = "The total of an order is at most 10,000,000,000.00; split it into smaller orders."


class OrderExpired(Conflict):
    """The stock could not be reserved in time."""

    code = "order_expired"
    message = "The stock could not be reserved in time; place another order."


class OrderCancelled(Conflict):
    """The order was cancelled before its answer was known."""

    code = "order_cancelled"
    message = "This order was cancelled before it was confirmed; place another order."


class NotPossible(Conflict):
    """The order's status forbids it."""

    code = "order_status"
    message = "The order's current status does not allow this; read the order again."
