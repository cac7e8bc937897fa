"""What a route declares, what it must declare, and which parameters its endpoint must have."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chassis.dependencies import ADMIN, ANYONE, PERSON, CurrentUser, Dispatch, Visitor
from chassis.idempotency.dependency import KEYED, Key
from chassis.idempotency.kinds import REPEATABLE, UNREPEATABLE
from chassis.postgres.database import Database, OwnClaim, Session
from chassis.sealing.access import Access, Mode, encrypted, optional, public, service
from chassis.web.policy import IncompleteRoute, RoutePolicy
from chassis.web.routing import service_router

BEGIN_IN_SESSION, READ = (reader for _, reader in KEYED.readers)


async def bare() -> None:
    """Ask for nothing."""


async def personal(user: CurrentUser) -> None:
    """Take the current user."""


async def visited(visitor: Visitor) -> None:
    """Take the person, if there is one."""


async def in_one(session: Session) -> None:
    """Take one transaction."""


async def in_several(database: Database, key: Key) -> None:
    """Take several transactions."""


async def with_claim(claim: OwnClaim) -> None:
    """Start with a statement that claims the nonce."""


async def calling(dispatcher: Dispatch) -> None:
    """Call another service."""


@pytest.mark.parametrize(
    ("method", "endpoint", "says", "missing"),
    [
        ("get", bare, {}, "access=service(...), encrypted(), optional() or public()"),
        ("get", bare, {"auth": ADMIN, "max_body": 1024}, "access=service(...), encrypted(), optional() or public()"),
        ("post", bare, {"access": public()}, "idempotency=KEYED, REPEATABLE or UNREPEATABLE"),
        ("patch", bare, {"access": public()}, "idempotency=KEYED, REPEATABLE or UNREPEATABLE"),
        ("get", personal, {"access": optional()}, "auth=PERSON, or another that names a person,"),
        ("get", personal, {"access": optional(), "auth": ANYONE}, "auth=PERSON, or another that names a person,"),
        ("get", visited, {"access": optional()}, "auth=ANYONE, as it takes a Visitor,"),
        ("get", visited, {"access": optional(), "auth": PERSON}, "auth=ANYONE, as it takes a Visitor,"),
        (
            "post",
            bare,
            {"access": optional(), "idempotency": KEYED},
            "'session: Session' or 'key: Key' in the parameters of what is KEYED",
        ),
    ],
)
def test_a_route_that_does_not_say_what_it_is_keeps_the_service_from_starting(
    method: str, endpoint: Callable[..., Any], says: dict[str, Any], missing: str
) -> None:
    """An incomplete route keeps the service from starting, with its function and the fix in the message."""
    router = service_router("things")

    with pytest.raises(IncompleteRoute) as error:
        getattr(router, method)("", **says)(endpoint)

    assert str(error.value) == f"tests.chassis.test_routing.{endpoint.__name__}: say {missing} at the route"
    assert router.routes == []


@pytest.mark.parametrize(
    ("method", "endpoint", "says", "policy"),
    [
        ("get", bare, {"access": public()}, RoutePolicy(Access(Mode.PUBLIC))),
        ("delete", in_one, {"access": optional()}, RoutePolicy(Access(Mode.OPTIONAL), None, REPEATABLE, claims=True)),
        (
            "post",
            personal,
            {"access": encrypted(), "auth": PERSON, "idempotency": UNREPEATABLE},
            RoutePolicy(Access(Mode.ENCRYPTED), PERSON, UNREPEATABLE),
        ),
        (
            "post",
            in_one,
            {"access": optional(), "auth": ADMIN, "idempotency": KEYED},
            RoutePolicy(Access(Mode.OPTIONAL), ADMIN, KEYED, BEGIN_IN_SESSION, claims=True),
        ),
        (
            "post",
            in_several,
            {"access": optional(), "idempotency": KEYED},
            RoutePolicy(Access(Mode.OPTIONAL), None, KEYED, READ),
        ),
        (
            "put",
            with_claim,
            {"access": service("order"), "max_body": 10, "gzip": True},
            RoutePolicy(Access(Mode.SERVICE, frozenset({"order"}), max_body=10, gzip=True), claims=True),
        ),
        ("get", calling, {"access": service()}, RoutePolicy(Access(Mode.SERVICE), calls=True)),
    ],
)
def test_a_policy_is_what_the_route_and_its_endpoint_say(
    method: str, endpoint: Callable[..., Any], says: dict[str, Any], policy: RoutePolicy
) -> None:
    """Arguments are stored as given; a claiming transaction and a dispatcher are recognised by the parameters."""
    router = service_router("things")

    getattr(router, method)("", **says)(endpoint)

    (route,) = router.routes
    assert route.policy == policy


def test_other_paths_of_a_route_are_the_same_and_hidden() -> None:
    """The other paths of a route have its policy, and OpenAPI describes one."""
    router = service_router("things")

    router.get("/{thing_id}", also=["/old/{thing_id}"], access=public())(bare)

    shown, hidden = router.routes
    assert (shown.path, hidden.path) == ("/api/v1/things/{thing_id}", "/api/v1/things/old/{thing_id}")
    assert (shown.include_in_schema, hidden.include_in_schema) == (True, False)
    assert shown.policy is hidden.policy


def test_a_route_describes_itself() -> None:
    """OpenAPI has the policy as data, and as a sentence at the end of the description."""
    router = service_router("things")

    @router.post("/{thing_id}", access=service("order", "user"), auth=ADMIN, idempotency=REPEATABLE)
    async def change(thing_id: UUID) -> None:
        """Change it."""

    (route,) = router.routes
    assert route.openapi_extra
    assert route.openapi_extra["x-access"] == {
        "mode": "service",
        "callers": ["order", "user"],
        "authentication": "role admin",
        "idempotency": "repeatable",
    }
    assert route.summary == "Change it"
    assert route.description == (
        "Accepts only requests that are sealed by order, user. Needs an access token of a person with the role admin. "
        "A repeated request has no further effect."
    )
