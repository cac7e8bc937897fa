"""What can be wrong with a request to the product service."""

from chassis.errors import Conflict, NotFound


class ProductNotFound(NotFound):
    """No product has this id."""

    code = "product_not_found"
    message = "There is no product with this id."


class InsufficientStock(Conflict):
    """Fewer are left than are wanted."""

    code = "insufficient_stock"
    message = "Fewer of this product are left than are wanted."
