"""Whom a route lets in, and what it says of that, without a server."""

from collections.abc import Callable
from typing import Annotated

import pytest
from fastapi import Depends
from fastapi.dependencies.utils import get_dependant

from chassis.auth.tokens import Identity
from chassis.core.errors import Forbidden
from chassis.core.ids import new_id
from chassis.dependencies import Admin, Analyst, CurrentUser, authentication_of, require_role


async def _owner(user: CurrentUser) -> Identity:
    return user


async def for_anybody() -> None:
    """Ask for nobody."""


async def for_people(user: CurrentUser) -> None:
    """Ask for a person."""


async def for_owners(number: Annotated[None, Depends(for_anybody)], user: Annotated[Identity, Depends(_owner)]) -> None:
    """Ask for a person by way of another dependency, which is not the first."""


async def for_analysts(user: Analyst) -> None:
    """Ask for an analyst."""


async def for_admins(user: Admin) -> None:
    """Ask for an admin."""


@pytest.mark.parametrize(
    ("route", "demand"),
    [
        (for_anybody, "-"),
        (for_people, "token"),
        (for_owners, "token"),
        (for_analysts, "role analyst"),
        (for_admins, "role admin"),
    ],
)
def test_what_a_route_demands_is_read_from_its_dependencies(route: Callable[..., object], demand: str) -> None:
    """However deep they lie."""
    assert authentication_of(get_dependant(path="/", call=route)) == demand


@pytest.mark.parametrize(
    ("roles", "is_let_in"),
    [({"analyst"}, True), ({"admin"}, True), ({"user", "admin"}, True), ({"user"}, False), (set(), False)],
)
async def test_a_role_lets_in_its_people_and_those_above(roles: set[str], *, is_let_in: bool) -> None:
    """Others are told which role it takes."""
    user = Identity(new_id(), new_id(), frozenset(roles))
    check = require_role("analyst", "admin")

    if is_let_in:
        assert await check(user) is user
    else:
        with pytest.raises(Forbidden, match="the role 'analyst'"):
            await check(user)
