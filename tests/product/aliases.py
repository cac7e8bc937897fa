"""The types of the fixtures of these tests."""

from collections.abc import Awaitable, Callable
from typing import Any

MakeProduct = Callable[..., Awaitable[dict[str, Any]]]
"""Makes a product: ``await make_product(stock=3)``; returns the service's answer."""
