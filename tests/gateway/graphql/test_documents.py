from typing import Literal

import pytest

from chassis.settings import Environment
from gateway.graphql.documents import document_id, read_folder, read_trusted
from gateway.graphql.limits.answer import TooDeep
from gateway.graphql.refusals import NotValid, Refused
from gateway.graphql.schema import SCHEMA
from gateway.settings import Settings
from tests.gateway.graphql.tiny_graphql import SCHEMA as TINY
from tests.gateway.graphql.tiny_graphql import nested
from tests.support.aliases import Bearer, MakeUser, People


def test_all_trusted_documents_fit_the_schema() -> None:
    """Each has one operation with a name of its own, and is within the limits."""
    texts = read_folder()

    documents = read_trusted(SCHEMA, texts.values())

    assert len({one.label for one in documents.values()}) == len(texts) > 0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("query Me{unknown}", NotValid),
        ("{me{id}}", ValueError),
        ("query A{me{id}} query B{me{id}}", ValueError),
        ("query A{__schema{types{name}}}", Refused),
        (f"query A{nested(9)}", TooDeep),
    ],
)
def test_a_document_that_cannot_be_trusted_stops_the_service(text: str, error: type[Exception]) -> None:
    """It is found when the service is built, and not by a client."""
    with pytest.raises(error):
        read_trusted(TINY, [text])


def test_an_id_is_the_hash_of_the_text() -> None:
    """`sha256sum` computes it, too."""
    assert document_id("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("environment", "documents", "trusted_only", "open_schema"),
    [
        ("local", None, False, True),
        ("local", "trusted", True, True),
        ("staging", None, True, False),
        ("production", None, True, False),
        ("production", "any", False, False),
    ],
)
def test_the_environment_decides_what_is_executed(
    environment: str, documents: Literal["trusted", "any"] | None, *, trusted_only: bool, open_schema: bool
) -> None:
    """Outside development only trusted documents are, unless GRAPHQL_DOCUMENTS=any; and the schema is closed."""
    settings = Settings.model_construct(environment=Environment(environment), graphql_documents=documents)

    assert (settings.trusted_documents_only, settings.open_schema) == (trusted_only, open_schema)


async def test_a_trusted_document_is_executed_as_the_person(
    people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """The answer is about the person of the token, and without a token the field has the error of the service."""
    ada, _bystander = await make_user("ada"), await make_user("bob")
    request = {"documentId": document_id(read_folder()["me.graphql"])}

    answer = await people["gateway"].post("/graphql", json=request, headers=bearer(ada))
    assert (answer.status_code, answer.json()["data"]["me"]["name"]) == (200, "ada")

    answer = await people["gateway"].post("/graphql", json=request)
    assert (answer.status_code, answer.json()["data"]) == (294, {"me": None})
    assert answer.json()["errors"][0]["extensions"]["status"] == 401
