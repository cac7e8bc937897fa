"""Whether every route says what a repeated request does."""

import re

from fastapi import FastAPI

from chassis.idempotency.repetition import Repetition
from chassis.web.routing import Route

SECRETS = re.compile("token|password|secret|key")


def routes_of(apps: dict[str, FastAPI]) -> dict[str, Route]:
    """The routes of all services, by service, methods and path."""
    return {
        f"{name}: {', '.join(sorted(route.methods or ()))} {route.path}": route
        for name, app in apps.items()
        for route in app.routes
        if isinstance(route, Route)
    }


async def test_every_route_says_whether_it_may_be_repeated(apps: dict[str, FastAPI]) -> None:
    """A POST or PATCH asks for IdempotentSession or Idempotency, or stands below @repeatable or @unrepeatable."""
    undeclared = [name for name, one in routes_of(apps).items() if one.repetition is Repetition.UNDECLARED]

    assert undeclared == []


async def test_no_route_says_two_things_of_repetitions(apps: dict[str, FastAPI]) -> None:
    """A route that stores its answers needs neither @repeatable nor @unrepeatable: take it away."""
    keyed = {name: one for name, one in routes_of(apps).items() if one.repetition is Repetition.KEYED}

    assert [name for name, one in keyed.items() if one.policy.is_repeatable is not None] == []


async def test_stored_answers_have_no_secrets(apps: dict[str, FastAPI]) -> None:
    """What a keyed route answers lies in the database for a day: no field of it is a token or a password."""
    keyed = [one for one in routes_of(apps).values() if one.repetition is Repetition.KEYED]
    fields = {name for route in keyed if (model := route.response_model) for name in model.model_fields}

    assert keyed
    assert {name for name in fields if SECRETS.search(name)} == set()
