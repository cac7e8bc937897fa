"""Logged-in people without accounts: their tokens are signed with the key of the user service."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import aiohttp

from chassis.core.project import NAME
from chassis.core.types import new_id
from user.tokens.issuer import TokenIssuer

_AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class Placed:
    """An order, and the token of the person who placed it."""

    order_id: str
    token: str


def new_tokens(environment: Mapping[str, str], count: int) -> list[str]:
    """Return the access tokens of *count* people, valid for 15 minutes."""
    issuer = TokenIssuer(environment["JWT_PRIVATE_KEY"], environment["JWT_ISSUER"], NAME)
    return [issuer.issue(new_id(), new_id(), ["user"]) for _ in range(count)]


def place_orders(url: str, tokens: Sequence[str], products: Sequence[Sequence[str]]) -> list[Placed]:
    """Place an order of one unit of each of these products for each token, in turn; *url* is of the order service."""
    return asyncio.run(_place_all(url, tokens, products))


async def _place_all(url: str, tokens: Sequence[str], products: Sequence[Sequence[str]]) -> list[Placed]:
    turns = asyncio.Semaphore(_AT_A_TIME)
    async with aiohttp.ClientSession(url) as session:

        async def place(token: str, ids: Sequence[str]) -> Placed:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
            body = {"items": [{"product_id": one, "quantity": 1} for one in ids]}
            async with turns, session.post("/api/v1/orders", json=body, headers=headers) as answer:
                answer.raise_for_status()
                return Placed((await answer.json())["id"], token)

        return await asyncio.gather(*map(place, tokens, products))
