"""What can be wrong with a request to the order service."""

from chassis.errors import Conflict, NotFound


class OrderNotFound(NotFound):
    """The person has no order with this id; somebody else may."""

    code = "order_not_found"
    message = "You have no order with this id."


class ProductNotFound(NotFound):
    """What is ordered does not exist."""

    code = "product_not_found"
    message = "There is no product with this id."


class InsufficientStock(Conflict):
    """Fewer are left than are ordered."""

    code = "insufficient_stock"
    message = "Fewer of this product are left than you want; order less."
