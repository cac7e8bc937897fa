"""What the product service asks of others: nothing beside the keys and revocations that every service asks for."""

from typing import Any

from chassis.dispatch.call import Call

CALLS: tuple[Call[Any, Any], ...] = ()
"""All that it calls."""
