import pytest
from graphql import parse

from gateway.graphql.documents import core_schema, read_document
from gateway.graphql.limits import answer, definitions, tokens
from gateway.graphql.limits.answer import NoIntrospection, TooDeep, TooManyAliases, TooManyRepetitions
from gateway.graphql.limits.check import check_limits
from gateway.graphql.limits.definitions import TooManyDirectives, TooManyOperations
from gateway.graphql.limits.fields import TooManyFields, all_fields
from gateway.graphql.limits.fragments import CircularFragments
from gateway.graphql.limits.tokens import UnusableValue, parse_limited
from gateway.graphql.refusals import NotParsed, NotValid, Refused
from tests.gateway.graphql.tiny_graphql import SCHEMA, nested, repeated

GRAPHQL_SCHEMA = core_schema(SCHEMA)


def spreading(count: int, inner: str, last: str = "id") -> str:
    """Return a query with a chain of fragments; *inner* may spread the next one."""
    chain = [f"fragment F{number} on Thing {{{inner % {'next': number + 1}}}}" for number in range(count)]
    return " ".join(["{me{...F0}}", *chain, f"fragment F{count} on Thing {{{last}}}"])


@pytest.mark.parametrize(
    ("document", "refused"),
    [
        (repeated("me", tokens.MOST_TOKENS), NotParsed),
        ("#\n" * (tokens.MOST_TOKENS + 1) + "{me{id}}", NotParsed),
        ("{me" * 300 + "}" * 300, NotParsed),
        ("{half(value:" + "[" * 300, NotParsed),
        (nested(answer.MOST_LEVELS + 1), TooDeep),
        (spreading(7, "parts{...F%(next)d}"), TooDeep),
        (repeated("x:me{id}", 10)[:-1] + repeated("y:me{id}", 6)[1:], TooManyAliases),
        (spreading(4, "parts{...F%(next)d} things{...F%(next)d}", "x:id"), TooManyAliases),
        ("{me" + repeated("id @skip(if:true)", 16) + "}", TooManyDirectives),
        ("{me{id" + "@a" * 30_000 + "}}", NotParsed),
        ("{me" + repeated("id", answer.MOST_REPETITIONS + 1) + "}", TooManyRepetitions),
        ("{me" + repeated("...{id}", answer.MOST_REPETITIONS + 1) + "}", TooManyRepetitions),
        (repeated("me{id}", answer.MOST_REPETITIONS + 1), TooManyRepetitions),
        (spreading(40, "parts{...F%(next)d} things{...F%(next)d}"), TooManyFields),
        ("{me{...A}} fragment A on Thing {parts{...B}} fragment B on Thing {parts{...A}}", CircularFragments),
        ("{me{...A}} fragment A on Thing {...A}", CircularFragments),
        (" ".join(f"query Q{number}{{me{{id}}}}" for number in range(16)), TooManyOperations),
        ("{half(value:1e999)}", UnusableValue),
        ('{me{id(x:"\\u0000")}}', UnusableValue),
        ("{me{...A}} fragment A on Thing {id} fragment B on Thing" + repeated("id", 16), TooManyRepetitions),
    ],
)
def test_a_document_beyond_a_limit_is_refused(document: str, refused: type[Refused]) -> None:
    """Each limit is checked before validation, whose time would be quadratic, and names itself."""
    with pytest.raises(refused):
        check_limits(parse_limited(document), introspection=True)


@pytest.mark.parametrize(
    "document",
    [
        repeated("x%s:me{id}", 15) % tuple(range(15)),
        nested(answer.MOST_LEVELS),
        "{me" + repeated("id", answer.MOST_REPETITIONS) + "}",
        repeated("me{id @skip(if:true)}", definitions.MOST_DIRECTIVES),
        '{half(value:1e308) me{id}} # "\\u0000"',
        "#\n" * tokens.MOST_TOKENS + "{me{id}}",
        spreading(100, "...F%(next)d"),
    ],
)
def test_a_document_at_a_limit_is_valid(document: str) -> None:
    """The largest allowed document passes."""
    read_document(GRAPHQL_SCHEMA, document, open_schema=False)


def test_the_fields_of_an_answer_are_merged_as_in_execution() -> None:
    """Fields with one name in the answer are one field; a fragment counts wherever it is spread, and once per place."""
    document = parse("{me{id x:id ...A ...A parts{...A}}} fragment A on Thing {id name}")
    fragments = {document.definitions[1].name.value: document.definitions[1]}  # type: ignore[attr-defined]

    fields = all_fields(document, fragments)  # type: ignore[arg-type] # it is a fragment

    found = {(field.level, (field.nodes[0].alias or field.nodes[0].name).value, len(field.nodes)) for field in fields}
    assert found == {
        *((1, "me", 1), (2, "id", 2), (2, "x", 1), (2, "name", 1), (2, "parts", 1)),
        *((3, "id", 1), (3, "name", 1)),
    }


def test_the_schema_is_queried_only_where_it_is_open() -> None:
    """Queries of the schema are refused before validation, and have their own limit of depth elsewhere."""
    document = "{__schema{types{fields{type{ofType{ofType{ofType{ofType{name}}}}}}}}}"

    read_document(GRAPHQL_SCHEMA, document, open_schema=True)

    with pytest.raises(NoIntrospection):
        read_document(GRAPHQL_SCHEMA, document, open_schema=False)
    with pytest.raises(NotValid):
        read_document(GRAPHQL_SCHEMA, "{__schema{types" + "{fields{type" * 4 + "{name" + "}" * 11, open_schema=True)


def test_errors_suggest_names_only_where_the_schema_is_open() -> None:
    """Elsewhere a misspelt name reveals no name of the schema."""
    messages = []
    for open_schema in (True, False):
        with pytest.raises(NotValid) as refused:
            read_document(GRAPHQL_SCHEMA, "{me{nam}}", open_schema=open_schema)
        messages.append(str(refused.value))

    assert ["name" in message for message in messages] == [True, False]


def test_validation_stops_after_ten_errors() -> None:
    """A document of errors alone has a short answer."""
    with pytest.raises(NotValid) as refused:
        read_document(GRAPHQL_SCHEMA, "{" + " ".join(f"z{number}" for number in range(900)) + "}", open_schema=True)

    assert len(refused.value.errors) == 11


def test_a_message_does_not_quote_the_whole_document() -> None:
    """A name of 64 KiB is cut in the answer."""
    with pytest.raises(NotValid) as refused:
        read_document(GRAPHQL_SCHEMA, "{" + "z" * 65_000 + "}", open_schema=True)

    assert len(str(refused.value.formatted())) < 500
