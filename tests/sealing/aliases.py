"""The types of the fixtures."""

from collections.abc import Awaitable, Callable

CountEffects = Callable[[], Awaitable[int]]
"""Counts what attacked routes have stored."""
