"""Errors of the product service."""

from uuid import UUID

from chassis.core.errors import Conflict, NotFound


class ProductNotFound(NotFound):
    """No product has this id; deleted products are not found."""

    code = "product_not_found"
    message = "There is no product with this id; GET /api/v1/products lists the catalogue."


class UnknownProducts(Conflict):
    """Some products of a reservation are not in the catalogue; ``errors`` names all of them."""

    code = "product_not_found"
    message = "There is no product with this id; remove it from the order."

    @staticmethod
    def describe(product_id: UUID) -> str:
        """Return the message for a missing product."""
        return f"There is no product {product_id}; remove it from the order."


class InsufficientStock(Conflict):
    """Fewer units are left than are wanted."""

    code = "insufficient_stock"
    message = "Not enough stock for this product; take fewer units."

    @staticmethod
    def describe(product_id: UUID, left: int, wanted: int) -> str:
        """Return the message with the units left and wanted."""
        return f"Not enough stock for product {product_id}: {left} left, {wanted} wanted."


class StockTooLarge(Conflict):
    """The stock would exceed its bound, together with the units that orders hold."""

    code = "stock_too_large"
    message = "The stock, with the units that orders hold, would exceed 1,000,000,000; add fewer units."


class MixedCurrencies(Conflict):
    """The products of one order have prices in several currencies, so they have no total."""

    code = "mixed_currencies"
    message = "These products are sold in different currencies; place an order for each currency."


class ReservationNotFound(NotFound):
    """Nothing was ever reserved or released for this order."""

    code = "reservation_not_found"
    message = "Nothing is reserved for this order; reserve first."


class ReservationClosed(Conflict):
    """The reservation was released or has expired, which is final."""

    code = "reservation_closed"
    message = "The reservation for this order was released or has expired; place another order."


class ReservationDiffers(Conflict):
    """The order has reserved other products or quantities."""

    code = "reservation_differs"
    message = "Other products or quantities are reserved for this order; send the same items, or place another order."
