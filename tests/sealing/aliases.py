"""The types of the fixtures."""

from collections.abc import Awaitable, Callable

CountEffects = Callable[[], Awaitable[int]]
"""Returns what the attacked routes have stored."""
