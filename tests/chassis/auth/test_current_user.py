"""Access dependencies and their documentation, without a server."""

import pytest

from chassis.auth.tokens import Identity, InvalidToken
from chassis.core.errors import AppError, Forbidden
from chassis.core.types import new_id
from chassis.dependencies import ADMIN, ANALYST, ANYONE, EDITOR, PERSON, Authentication, refuse_without_role


@pytest.mark.parametrize(
    ("auth", "name", "errors"),
    [
        (PERSON, "token", {InvalidToken}),
        (ANALYST, "role analyst", {InvalidToken, Forbidden}),
        (EDITOR, "role editor", {InvalidToken, Forbidden}),
        (ADMIN, "role admin", {InvalidToken, Forbidden}),
        (ANYONE, "optional token", {InvalidToken}),
    ],
)
def test_what_is_demanded_has_a_name_and_its_errors(
    auth: Authentication, name: str, errors: set[type[AppError]]
) -> None:
    """Each access policy has a name and its errors, as the routes table and OpenAPI show them."""
    assert (auth.name, set(auth.errors)) == (name, errors)


@pytest.mark.parametrize(
    ("roles", "is_let_in"),
    [({"analyst"}, True), ({"admin"}, True), ({"user", "admin"}, True), ({"user"}, False), (set(), False)],
)
def test_a_role_lets_in_its_people_and_those_above(roles: set[str], *, is_let_in: bool) -> None:
    """A user without the role is refused with the role that the route requires."""
    person = Identity(new_id(), new_id(), frozenset(roles))

    if is_let_in:
        refuse_without_role(person, "analyst", "admin")
    else:
        with pytest.raises(Forbidden, match="the role 'analyst'"):
            refuse_without_role(person, "analyst", "admin")
