"""What can be wrong with a request to the product service."""

from chassis.core.errors import Conflict, NotFound


class ProductNotFound(NotFound):
    """No product has this id; one that was deleted counts for none."""

    code = "product_not_found"
    message = "There is no product with this id."


class UnknownProducts(Conflict):
    """Some of what is to be reserved is not in the catalogue; all of it is named in ``errors``."""

    code = "product_not_found"
    message = "There are no products with these ids."


class InsufficientStock(Conflict):
    """Fewer are left than are wanted."""

    code = "insufficient_stock"
    message = "Fewer of this product are left than are wanted."


class StockTooLarge(Conflict):
    """The stock, together with what orders hold of it, would pass the largest one."""

    code = "stock_too_large"
    message = "The stock would become larger than 1,000,000,000, with what orders hold; add less."


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
