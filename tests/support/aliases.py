"""The types of the fixtures."""

from collections.abc import Awaitable, Callable

import httpx

from user.models import User

People = dict[str, httpx.AsyncClient]
"""A plain HTTP client for each service."""
MakeUser = Callable[..., Awaitable[User]]
"""Creates an account: ``await make_user("ada", role="admin")``."""
Bearer = Callable[..., dict[str, str]]
"""Creates the Authorization header: ``bearer(user)``, or ``bearer(role="admin")`` without an account."""
Empty = Callable[[], Awaitable[None]]
"""Empties every table and collection."""
