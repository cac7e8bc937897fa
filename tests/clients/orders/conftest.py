from tests.order.conftest import shop

__all__ = ["shop"]
