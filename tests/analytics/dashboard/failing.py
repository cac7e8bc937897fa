"""Calls between services that fail."""

from typing import Any

from chassis.dispatch.dispatcher import Dispatcher


class Failing:
    """The dispatcher, but that calls of one path fail."""

    def __init__(self, dispatcher: Dispatcher, path: str, error: Exception) -> None:
        self._dispatcher = dispatcher
        self._path = path
        self._error = error

    async def get(self, service: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - the dispatcher's own
        """Call, or fail."""
        self._refuse(path)
        return await self._dispatcher.get(service, path, **options)

    async def post(self, service: str, path: str, **options: Any) -> Any:  # noqa: ANN401
        """Call, or fail."""
        self._refuse(path)
        return await self._dispatcher.post(service, path, **options)

    def _refuse(self, path: str) -> None:
        if path.endswith(self._path):
            raise self._error
