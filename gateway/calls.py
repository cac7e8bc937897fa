"""Calls of the gateway service; requests that it forwards are not declared (``front_door/routes.toml``)."""

from typing import Any

from chassis.dispatch.call import Call

CALLS: tuple[Call[Any, Any], ...] = ()
"""All calls of the service."""
