"""Answers conform to the OpenAPI descriptions, for requests that schemathesis generates from them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation as AnyOperation
from schemathesis import Case as AnyCase
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chassis.sealing.access import Mode
from chassis.web.routing import Route
from cli.services import SERVICES
from tests.sealing.messages import Answer, Forge, Message, read_ring
from tests.support.aliases import Bearer, MakeUser
from tests.support.often import times
from tests.support.plain import NO_AUTHORITIES

pytestmark = [
    pytest.mark.long,
    # The services, in another thread of this process, use `random` while Hypothesis generates.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"),
]

CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""Not whether every value that fits a schema is accepted: no schema describes valid cursors or existing things."""
ENDLESS = {"GET /api/v1/analytics/events/live"}
EXAMPLES = settings(
    max_examples=times(8),
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
Operation = AnyOperation[Any, Any, Any, Any]
Case = AnyCase[Operation]
Ask = Callable[[Case], httpx.Response]


@dataclass(frozen=True, slots=True)
class Asker:
    """Sends generated requests as an admin: plain, or sealed by a peer that the route accepts."""

    url: str
    service: str
    keys: Mapping[str, str]
    headers: Mapping[str, str]
    client: httpx.Client

    def ask(self, case: Case) -> httpx.Response:
        """Send a plain request."""
        return self.client.send(self._draw(case))

    def ask_as(self, caller: str) -> Ask:
        """Return the sender of requests sealed as a caller, which opens the answers."""

        def ask(case: Case) -> httpx.Response:
            request = self._draw(case)
            message = self._seal(caller, request)
            wire = message.wire
            response = self.client.request(wire.method, request.url, headers=wire.headers, content=wire.body)
            answer = Answer(response.status_code, tuple(response.headers.items()), response.content)
            if not answer.is_sealed:
                return response
            opened = message.open(answer)
            inside = httpx.Response(opened.status, headers=opened.headers, content=opened.body, request=request)
            inside.elapsed = response.elapsed
            return inside

        return ask

    def _draw(self, case: Case) -> httpx.Request:
        drawn = case.as_transport_kwargs(base_url=self.url, headers=dict(self.headers))
        body = drawn.get("data")
        form = {"data": body} if isinstance(body, dict) else {"content": body}
        kept = {
            name: drawn[name] for name in ("method", "url", "headers", "params", "cookies", "json") if name in drawn
        }
        return self.client.build_request(**kept, **(form if body is not None else {}))

    def _seal(self, caller: str, request: httpx.Request) -> Message:
        forge = Forge(caller, self.service, self.keys, request.method, request.url.raw_path.decode().partition("?")[0])
        inner = {"authorization": self.headers["Authorization"], "content-type": "application/json"}
        plaintext = orjson.dumps(
            forge.fields()
            | {"q": request.url.query.decode(), "h": inner, "b": request.read().decode("utf-8", "replace")}
        )
        return Message(forge.sealing(plaintext), plaintext, read_ring(self.keys, self.service, caller))


def disagreements(operation: Operation, ask: Ask) -> list[str]:
    """Return the differences between answers and description, for valid and nearly valid requests."""
    found = []
    for mode in GenerationMode:

        @EXAMPLES
        @given(case=operation.as_strategy(mode))
        def hold_against_description(case: Case) -> None:
            case.validate_response(ask(case), checks=CHECKED)

        try:
            hold_against_description()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # no part of it can be invalid
        except FailureGroup as group:
            found += [f"{operation.label} ({mode.value}): {failure}" for failure in group.exceptions]
    return found


def way_to(asker: Asker, app: FastAPI, operation: Operation) -> Ask:
    """Choose a sender for a route: sealed if it must be."""
    for route in app.routes:
        if (
            isinstance(route, Route)
            and operation.path == route.path_format
            and operation.method.upper() in route.all_methods
        ):
            access = route.policy.access
            must_be_sealed = access.mode in {Mode.SERVICE, Mode.ENCRYPTED}
            peer = "analytics" if asker.service == "user" else "user"
            return asker.ask_as(min(access.callers, default=peer)) if must_be_sealed else asker.ask
    return asker.ask


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
async def test_a_service_answers_as_it_describes(
    service: str, environment: dict[str, str], apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer
) -> None:
    """Every status and content type is documented; each operation has an admin and a session of its own."""
    url, app, found = environment[f"{service.upper()}_SERVICE_URL"], apps[service], []
    schema = schemathesis.openapi.from_dict(app.openapi())
    with httpx.Client(verify=NO_AUTHORITIES, timeout=30) as client:
        for number, result in enumerate(schema.get_all_operations()):
            assert isinstance(result, Ok)
            operation = result.ok()
            if operation.label in ENDLESS:
                continue
            admin = await make_user(f"admin{number}", role="admin")
            asker = Asker(url, service, environment, bearer(admin), client)
            found += await asyncio.to_thread(disagreements, operation, way_to(asker, app, operation))

    assert found == []
