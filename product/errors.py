"""What can be wrong with a request to the product service."""

from uuid import UUID

from chassis.core.errors import Conflict, NotFound


class ProductNotFound(NotFound):
    """No product has this id; one that was deleted counts for none."""

    code = "product_not_found"
    message = "There is no product with this id."


class UnknownProducts(Conflict):
    """Some products of a reservation are not in the catalogue; ``errors`` names all of them."""

    code = "product_not_found"
    message = "There is no product with this id; order without it."

    @staticmethod
    def describe(product_id: UUID) -> str:
        """Say which product is missing."""
        return f"There is no product {product_id}; order without it."


class InsufficientStock(Conflict):
    """Fewer units are left than are wanted."""

    code = "insufficient_stock"
    message = "Not enough stock for this product; take fewer units."

    @staticmethod
    def describe(product_id: UUID, left: int, wanted: int) -> str:
        """Say how many are left of a product and how many are wanted."""
        return f"Not enough stock for product {product_id}: {left} left, {wanted} wanted."


class StockTooLarge(Conflict):
    """The stock, together with what orders hold of it, would pass the largest one."""

    code = "stock_too_large"
    message = "The stock would exceed 1,000,000,000 units, together with those that orders hold; add less."


class MixedCurrencies(Conflict):
    """The products of one order have their prices in several currencies, so they have no total."""

    code = "mixed_currencies"
    message = "These products are sold in different currencies; order them apart."


class ReservationNotFound(NotFound):
    """Nothing was ever reserved for this order, nor released."""

    code = "reservation_not_found"
    message = "There is no reservation for this order."


class ReservationClosed(Conflict):
    """The reservation was released, or its time is over; it does not come back."""

    code = "reservation_closed"
    message = "The reservation for this order was released or has expired; place another order."


class ReservationDiffers(Conflict):
    """The order has a reservation already, of something else."""

    code = "reservation_differs"
    message = "Other products or quantities are reserved for this order."
