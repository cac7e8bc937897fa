"""Calls between services that fail."""

from typing import Any

from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher


class Failing:
    """The dispatcher, except that calls of one path fail."""

    def __init__(self, dispatcher: Dispatcher, path: str, error: Exception) -> None:
        self._dispatcher = dispatcher
        self._path = path
        self._error = error

    async def call(self, call: Call[Any, Any], body: object = None, **options: Any) -> Any:  # noqa: ANN401 - what is declared
        """Call, or fail."""
        if call.path.endswith(self._path):
            raise self._error
        return await self._dispatcher.call(call, body, **options)
