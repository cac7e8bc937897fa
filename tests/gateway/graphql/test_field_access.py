"""Every field that calls a service, asked for by each kind of person."""

from contextlib import aclosing
from typing import Any

import pytest
from fastapi import FastAPI
from graphql import GraphQLObjectType

from gateway.graphql.schema import SCHEMA
from tests.gateway.asking import OK, Asking, Reply
from tests.gateway.fields import FIELDS
from tests.support.access import ANSWERS, PASSWORD, PRINCIPALS
from tests.support.aliases import Bearer, Empty
from tests.support.asking import World
from tests.support.having import having

PEOPLE = PRINCIPALS[:-1]


class FieldAsker:
    """Asks for a field as any person."""

    def __init__(self, ask: Asking, world: World, bearer: Bearer) -> None:
        self._ask, self._world, self._bearer = ask, world, bearer
        self._headers = dict[str, dict[str, str]]()
        self._variables = dict[str, str]()

    async def renew(self) -> None:
        """Start with a new world: people, and the things that are Ada's."""
        people, _ = await self._world.make("gateway")
        self._headers = {name: self._bearer(user) for name, user in people.items()}
        self._variables = {"ada": str(people["ada"].id), "password": PASSWORD}

    async def outcome(self, field: str, person: str) -> int:
        """Ask as this person; returns the status of the error, or 200."""
        _, document = FIELDS[field]
        variables = {name: value for name, value in self._variables.items() if f"${name}:" in document}
        headers = self._headers.get(person)
        if not document.startswith("subscription"):
            return (await self._ask(document, headers, **variables)).status
        async with aclosing(await SCHEMA.subscribe(document, context_value=self._ask.context(headers))) as answers:
            first = await anext(answers)
        return Reply(first.data, [error.formatted for error in first.errors or []]).status  # type: ignore[misc] # a dict


@pytest.fixture
def fields(ask: Asking, apps: dict[str, FastAPI], empty: Empty, password_hash: str, bearer: Bearer) -> FieldAsker:
    """Asks for fields."""
    return FieldAsker(ask, World(apps, empty, password_hash), bearer)


def questions() -> dict[tuple[str, str], int]:
    """Field and person -> the answer that the policy prescribes."""
    return {
        (field, person): answer
        for field, (policy, _) in FIELDS.items()
        for person, answer in zip(PEOPLE, ANSWERS[policy], strict=False)
    }


def is_write(field: str) -> bool:
    """Whether a field changes something."""
    return field.startswith("Mutation.")


async def test_a_read_and_who_is_refused_are_answered_by_the_policy_of_the_field(
    fields: FieldAsker, apps: dict[str, FastAPI]
) -> None:
    """All share one world: neither a read nor a refused request may change the next answer."""
    expected = {asked: answer for asked, answer in questions().items() if answer != OK or not is_write(asked[0])}
    await fields.renew()

    assert {asked: await fields.outcome(*asked) for asked in expected} == expected


async def test_who_may_do_it_succeeds_with_the_document_that_others_are_refused(
    fields: FieldAsker, apps: dict[str, FastAPI]
) -> None:
    """Each write has a world of its own, since one person cancels the order that another cancels, too."""
    expected = {asked: answer for asked, answer in questions().items() if answer == OK and is_write(asked[0])}
    outcomes = {}
    with having(apps["user"], mailer=_NoMail()):
        for asked in expected:
            await fields.renew()
            outcomes[asked] = await fields.outcome(*asked)

    assert outcomes == expected


def test_every_field_that_calls_a_service_is_in_the_table() -> None:
    """Add a new one to ``tests/gateway/fields.py``."""
    types = SCHEMA._schema.type_map.values()  # noqa: SLF001 - strawberry has no public access to the types
    found = {
        f"{one.name}.{name}"
        for one in types
        if isinstance(one, GraphQLObjectType) and not one.name.startswith("__")
        for name, field in one.fields.items()
        if field.extensions["strawberry-definition"].base_resolver
    }

    assert found == {field.partition("(")[0] for field in FIELDS}


class _NoMail:
    """Sends nothing."""

    async def send(self, mail: Any) -> None:  # noqa: ANN401 - it is not read
        """Send nothing."""
