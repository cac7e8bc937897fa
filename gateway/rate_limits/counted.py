"""Counting requests: ``dependencies=[counted("login")]`` at a route; ``count_cost`` where the cost is known later."""

from contextlib import suppress
from math import ceil
from typing import Any

from fastapi import Depends, Request

from chassis.application import application_of, own_part
from chassis.auth.tokens import InvalidToken
from chassis.core.errors import ServiceUnavailable, TooManyRequests
from chassis.core.networks import network_of
from chassis.dependencies import token_of
from chassis.dispatch.call import Call
from chassis.web.answer_headers import add_to_answer
from gateway.parts import Parts
from gateway.rate_limits.rates import DEFAULT

COST_OF_A_UNIT = 100
"""How much of the cost of a GraphQL query one unit pays for."""


def counted(limit: str = DEFAULT) -> Any:  # noqa: ANN401 - as FastAPI's Depends
    """
    Return a dependency that counts each request to a route, by person or address.

    The answer says where it stands, in ``RateLimit`` and ``RateLimit-Policy``; 429 if there were too many.
    """

    async def count_one(request: Request) -> None:
        await _count(request, limit, 1)

    return Depends(count_one)


async def count_cost(request: Request, cost: int, limit: str = DEFAULT) -> None:
    """
    Count what a GraphQL query costs beyond the unit that its request has cost already.

    Raises:
        TooManyRequests: There are not so many units left (429).
    """
    if units := ceil(cost / COST_OF_A_UNIT) - 1:
        await _count(request, limit, units)


async def count_call(request: Request, call: Call[Any, Any]) -> None:
    """
    Count a call that a request makes, if its route has a rate of its own: a login by GraphQL is a login.

    Raises:
        TooManyRequests: There were too many (429).
    """
    if limit := own_part(request.app, Parts).limits.get((call.service, call.method, call.path)):
        await _count(request, limit, 1)


async def _count(request: Request, limit: str, units: int) -> None:
    standing = await own_part(request.app, Parts).limiter.count(limit, await _who(request), units)
    if standing is None:
        return
    for name, value in standing.headers():
        add_to_answer(request.scope, name, value)
    if not standing.is_admitted:
        wait_s = standing.retry_after_s
        raise TooManyRequests(f"Too many requests; try again in {wait_s} s.", headers={"Retry-After": str(wait_s)})


async def _who(request: Request) -> str:
    """Return the person, by a valid access token; otherwise the network of the client, whom proxies have named."""
    if token := token_of(request):
        # If the issuer's keys are not available, no token is valid.
        with suppress(InvalidToken, ServiceUnavailable):
            return f"person {(await application_of(request.app).tokens.verify(token)).user_id}"
    return f"address {network_of(request.client.host) if request.client else '-'}"
