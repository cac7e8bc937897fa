"""The shop, with all services."""

from tests.order.conftest import shop, teapot

__all__ = ["shop", "teapot"]
