"""Calls of other services: none besides the keys and revocations that every service fetches."""

from typing import Any

from chassis.dispatch.call import Call

CALLS: tuple[Call[Any, Any], ...] = ()
"""All calls of the service."""
