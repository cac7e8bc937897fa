"""Calling services on behalf of the person who sent a request."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from chassis.application import own_part
from chassis.core.errors import AppError, InvalidRequest, TooManyRequests, UriTooLong
from chassis.core.problems import field_error
from chassis.core.types import new_id
from chassis.dependencies import Dispatch, token_of
from chassis.dispatch.call import Call, Returns, Sends
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transport import Query
from chassis.sealing.wire import TokenTooLong
from chassis.web.origin import FromOrigin
from gateway.caching.etag_store import EtagStore
from gateway.calls import PUBLIC
from gateway.errors import HERE, CallFailed, failure_of
from gateway.parts import Parts
from gateway.rate_limits.counted import count_call

M = TypeVar("M", bound=BaseModel)

_NO_PARAMETERS: dict[str, object] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Calls services with the token of a person: they decide what the person may do.

    Attributes:
        token: The access token; empty without a login.
        address: The IP address of the person.
        stored: Answers that are the same for all people, or for all without a token.
        count: Counts a call whose route has a rate of its own.
        user_agent: The user agent of the person.
    """

    dispatcher: Dispatcher
    token: str
    address: str | None
    stored: EtagStore
    count: Callable[[Call[Any, Any]], Awaitable[None]]
    user_agent: str | None = None

    async def call(
        self,
        call: Call[Sends, Returns],
        body: Sends | None = None,
        *,
        path: Mapping[str, object] = _NO_PARAMETERS,
        query: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Returns:
        """
        Make a declared call and return its answer.

        Args:
            query: Values that are None are left out.
            key: The person's Idempotency-Key, for a keyed call; without one, each call has a key of its own, so that
                it can be retried.

        Raises:
            CallFailed: It was refused, or has no answer, or there were too many such calls.
        """
        await self._count(call)
        if call.idempotency == "keyed" and key is None:
            key = str(new_id())
        try:
            if call in self.stored.calls and not (self.token and call in PUBLIC):
                return await self.stored.read(self.dispatcher, call, path=path, query=_written(query or {}))
            return await self.dispatcher.call(
                call,
                body,
                path=path,
                query=_written(query or {}),
                bearer=self.token or None,
                idempotency_key=key,
                client_address=self.address,
                user_agent=self.user_agent if call.sends else None,  # a sealed message without a body has little room
            )
        except TokenTooLong as error:
            raise CallFailed(failure_of(UriTooLong("Ask for less at once: the arguments are too long."))) from error
        except AppError as error:
            raise CallFailed(failure_of(error, call.service)) from error

    async def _count(self, call: Call[Any, Any]) -> None:
        try:
            await self.count(call)
        except TooManyRequests as error:
            raise CallFailed(failure_of(error)) from error


async def _caller(request: Request, dispatcher: Dispatch, origin: FromOrigin) -> Caller:
    stored = own_part(request.app, Parts).stored
    count = partial(count_call, request)
    return Caller(dispatcher, token_of(request), origin.address, stored, count, origin.user_agent)


Calling = Annotated[Caller, Depends(_caller)]
"""Calls services on behalf of the person who sent the request."""


def checked(form: type[M], **values: Any) -> M:  # noqa: ANN401 - they are checked
    """
    Return a body for a service.

    Raises:
        CallFailed: A value is invalid (422).
    """
    try:
        return form(**values)
    except ValidationError as error:
        errors = [field_error({**one, "loc": ("body", *one["loc"])}) for one in error.errors(include_input=False)]
        raise CallFailed(failure_of(InvalidRequest(errors=errors), HERE)) from None


def _written(query: Mapping[str, object]) -> Query:
    """Return the parameters as they are written in an address."""
    return {name: _text(value) for name, value in query.items() if value is not None}


def _text(value: object) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [str(one) for one in value] if isinstance(value, list | tuple) else str(value)
