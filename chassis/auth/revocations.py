"""The sessions that their issuer has revoked, kept in memory: a token is checked without asking anybody."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ValidationError

from chassis.auth.single_flight import RETRY_S, SingleFlight
from chassis.auth.tokens import LIFETIME_S
from chassis.core.errors import ServiceUnavailable
from chassis.dispatch.dispatcher import Dispatcher

PATH = "/api/v1/users/revocations"
REVOCATIONS_EVERY_S = 2.0
TIMEOUT_S = 2.0
"""For one answer. After it and REVOCATIONS_EVERY_S, less than 5 s together, a revocation counts everywhere."""
KEEP_S = LIFETIME_S + 5 * 60
"""By then the last token of a revoked session has expired, whatever the clocks say."""


class _Revoked(BaseModel):
    """The issuer's answer: what was revoked since the time asked for, and what to ask for next time."""

    sessions: list[UUID]
    until: AwareDatetime


class RemoteRevocations:
    """
    The revoked sessions of another service.

    Args:
        service: The issuer's name.
        clock: Seconds, monotonic.
    """

    def __init__(self, dispatcher: Dispatcher, service: str, clock: Callable[[], float] = monotonic) -> None:
        self._dispatcher = dispatcher
        self._service = service
        self._clock = clock
        self._revoked: dict[UUID, float] = {}
        self._until: datetime | None = None
        self._list = SingleFlight(f"revoked sessions of {service}", self._fetch, clock)

    async def is_revoked(self, session_id: UUID) -> bool:
        """
        Look a session up; fetches the list if it was never had.

        Raises:
            ServiceUnavailable: The list was never had, and cannot be had now (503).
        """
        if self._until is None:
            await self._list.need(lambda: self._until is not None, RETRY_S)
        if self._until is None:
            raise ServiceUnavailable(
                f"Access tokens cannot be checked: the {self._service} service does not say which are revoked."
            )
        return session_id in self._revoked

    async def refresh(self) -> None:
        """Learn what was revoked since the last time, and forget what has expired by itself."""
        await self._list.refresh()
        oldest = self._clock() - KEEP_S
        self._revoked = {session_id: heard for session_id, heard in self._revoked.items() if heard > oldest}

    async def _fetch(self) -> None:
        query = {"since": self._until.isoformat()} if self._until else None
        answer = await self._dispatcher.get(self._service, PATH, query=query, timeout=TIMEOUT_S)
        try:
            news = _Revoked.model_validate(answer)
        except ValidationError as error:
            raise ValueError("not a list of revoked sessions") from error
        self._revoked |= dict.fromkeys(news.sessions, self._clock())
        self._until = news.until
