"""Calling services on behalf of the person who sent a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from chassis.core.errors import AppError, InvalidRequest, UriTooLong
from chassis.core.problems import field_error
from chassis.core.types import new_id, read_address
from chassis.dependencies import Dispatch, token_of
from chassis.dispatch.call import Call, Returns, Sends
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transport import Query
from chassis.sealing.wire import TokenTooLong
from gateway.errors import HERE, CallFailed, failure_of
from gateway.front_door.headers import LONGEST_USER_AGENT

M = TypeVar("M", bound=BaseModel)

_NO_PARAMETERS: dict[str, object] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Calls services with the token of a person: they decide what the person may do.

    Attributes:
        token: The access token; empty without a login.
        address: The IP address of the person.
        user_agent: The user agent of the person.
    """

    dispatcher: Dispatcher
    token: str
    address: str | None
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
            CallFailed: It was refused, or has no answer.
        """
        if call.idempotency == "keyed" and key is None:
            key = str(new_id())
        try:
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


async def _caller(request: Request, dispatcher: Dispatch) -> Caller:
    address = read_address(request.client.host) if request.client else None
    user_agent = request.headers.get("user-agent", "")[:LONGEST_USER_AGENT]
    return Caller(dispatcher, token_of(request), address, user_agent or None)


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
