from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis.core import context as request_context
from chassis.core.context import RequestContext
from chassis.dispatch.call import Call
from gateway.calls import READ_PROFILE
from tests.gateway.asking import Asking, CountingDispatcher
from tests.gateway.conftest import Without
from tests.support.aliases import Bearer, MakeUser

NO_ONE = "0197a6b2-0000-7000-8000-00000000dead"


async def test_a_refusal_has_the_code_of_the_service(ask: Asking, root: dict[str, str]) -> None:
    """With its status, its name, what to change, and the request's id; other fields are answered."""
    with request_context.within(RequestContext("request-1")):
        reply = await ask(f'{{ user(id: "{NO_ONE}") {{ id }} users {{ edges {{ cursor }} }} }}', root)

    assert reply.data == {"user": None, "users": {"edges": [{"cursor": None}]}}
    (error,) = reply.errors
    assert (error["message"], error["path"]) == ("There is no such user.", ["user"])
    assert error["extensions"] == {
        "code": "user_not_found",
        "status": 404,
        "service": "user",
        "request_id": "request-1",
    }


async def test_a_service_that_is_down_takes_its_fields_alone(
    without: Without, make_user: MakeUser, bearer: Bearer
) -> None:
    """They are null, each with an error; the rest is answered."""
    ada = await make_user("ada")
    ask = Asking(CountingDispatcher(await without("analytics")))

    reply = await ask("{ me { name } stats { total } }", bearer(ada))

    assert reply.data == {"me": {"name": "ada"}, "stats": None}
    (error,) = reply.errors
    assert (error["path"], error["extensions"]["service"]) == (["stats"], "analytics")
    assert (reply.code, reply.status) == ("service_unavailable", 503)


class Broken(CountingDispatcher):
    """Fails in a way that no one has foreseen."""

    async def call(self, call: Call[Any, Any], *body: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
        """Fail for one of the calls."""
        if call is READ_PROFILE:
            raise RuntimeError("a secret of the inside")
        return await CountingDispatcher.call(self, call, *body, **options)


async def test_what_was_not_foreseen_is_masked_and_logged(counting: CountingDispatcher) -> None:
    """The client sees that something went wrong; the log has the exception and the field."""
    with capture_logs() as lines:
        reply = await Asking(Broken(counting.dispatcher))("{ me { name } stats { total } }")

    (error,) = reply.errors
    assert error["message"] == "Something went wrong on our side."
    assert (reply.code, reply.status) == ("internal_error", 500)
    assert "secret" not in str(error)
    assert reply.data["stats"] == {"total": 0}
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert (line["field"], str(line["exc_info"])) == ("me", "a secret of the inside")


@pytest.mark.parametrize(
    ("document", "variables", "says"),
    [
        ('{ user(id: "ada") { id } }', {}, "An id is a UUID"),
        ("query ($id: UUID!) { user(id: $id) { id } }", {"id": 7}, "An id is a UUID"),
        ("{ users(first: 1.5) { edges { cursor } } }", {}, "Int cannot represent non-integer value: 1.5"),
        ("{ users(role: KING) { edges { cursor } } }", {}, "Value 'KING' does not exist in 'Role' enum."),
    ],
)
async def test_a_value_that_does_not_fit_its_type_is_refused_before_any_call(
    ask: Asking, document: str, variables: Mapping[str, Any], says: str
) -> None:
    """The message says what to send."""
    reply = await ask(document, **variables)

    assert reply.data is None
    assert says in reply.errors[0]["message"]
    assert ask.dispatcher.calls == []


@pytest.mark.parametrize("first", [-1, 0, 101])
async def test_the_service_limits_the_length_of_a_page(ask: Asking, root: dict[str, str], first: int) -> None:
    """Its refusal names the parameter."""
    reply = await ask("query ($n: Int!) { users(first: $n) { edges { cursor } } }", root, n=first)

    assert reply.code == "invalid_request"
    assert [one["pointer"] for one in reply.errors[0]["extensions"]["errors"]] == ["/limit"]


async def test_a_query_that_is_too_long_to_be_sealed_is_refused(ask: Asking, root: dict[str, str]) -> None:
    """A cursor may have 2,000 characters; a longer text is refused with what to do."""
    document = "query ($after: String) { users(after: $after) { edges { cursor } } }"

    reply = await ask(document, root, after="x" * 5000)

    assert (reply.code, reply.status) == ("uri_too_long", 414)
