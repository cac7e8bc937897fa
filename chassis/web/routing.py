"""Routes as the chassis wants them: HEAD beside GET, a declared sealing mode, strict JSON, a short operation id."""

from collections.abc import Callable, Coroutine, Sequence
from json import JSONDecodeError
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from chassis.application import application_of
from chassis.core import json as strict_json
from chassis.core.errors import AppError, InvalidRequest, MethodNotAllowed, ServiceUnavailable, documented
from chassis.idempotency.answers import Replay
from chassis.idempotency.errors import InFlight, InvalidIdempotencyKey, KeyNotTaken, KeyReused
from chassis.idempotency.repetition import HEADER, Repetition, described, repetition_of
from chassis.sealing.access import policy_of
from chassis.sealing.encrypt_response import refuse_sealed_answer

_MOST_COMMAS = 2000
"""In a body that anybody may have sent: no route takes a third of as many values."""


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:  # noqa: ANN401 - JSON is what it is
        """
        Parse the body (``strict_json.loads``).

        Raises:
            JSONDecodeError: As the framework expects it, which answers 422.
        """
        is_sealed = hasattr(self.state, "caller")
        try:
            return strict_json.loads(await self.body(), most_commas=None if is_sealed else _MOST_COMMAS)
        except strict_json.InvalidJson as error:
            raise JSONDecodeError(str(error), "", 0) from error


class PlainRoute(APIRoute):
    """
    A route of the chassis itself, for probes and documentation: never sealed, never shed.

    Where it answers GET it answers HEAD, with the same status and headers, without starting a stream; another method
    is a 405 that names the methods of every route at the path.
    """

    named_elsewhere: frozenset[str] = frozenset()
    """Paths that match its template and belong to the routes that name them (OpenAPI 3.1, Path Templating)."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match HEAD where the route has GET, and no path that another route names."""
        if scope["path"] in self.named_elsewhere:
            return Match.NONE, {}
        match, child_scope = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL and self._takes(scope["method"]) else match), child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Serve a request to the route's path.

        Raises:
            MethodNotAllowed: The route has not its method (405).
        """
        if not self._takes(scope["method"]):
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(_methods_at(scope)))})
        await self.serve(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that the route takes."""
        refuse_sealed_answer(scope)
        await self.app(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the framework's handler, whose answer to HEAD has no body."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = await handler(request)
            return _without_body(response) if request.method == "HEAD" else response

        return handle

    @property
    def all_methods(self) -> set[str]:
        """The methods of the route, HEAD among them if it has GET."""
        methods = self.methods or set()
        return methods | {"HEAD"} if "GET" in methods else methods

    def _takes(self, method: str) -> bool:
        return method in (self.methods or ()) or (method == "HEAD" and "GET" in (self.methods or ()))


class Route(PlainRoute):
    """
    A route that is served through the sealing receiver.

    Raises:
        UndeclaredMode: The endpoint does not say how it is to be spoken to.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(path, endpoint, **options)
        self.policy = policy_of(endpoint)
        self.claims = has_mark(self.dependant, "claims_request")
        methods: set[str] = self.methods or set()
        self.repetition = repetition_of(self.policy, methods, is_keyed=_takes_key(self.dependant))
        if self.repetition is Repetition.KEYED:
            # Last, when the caller is known and has been let in: a stored answer passes over what comes after.
            self.dependant.dependencies.sort(key=_takes_key)
            self.responses = documented(InvalidIdempotencyKey, InFlight, KeyReused, beside=self.responses)
        elif self.refuses_key:
            self.responses = documented(KeyNotTaken, beside=self.responses)
        self.openapi_extra = {**(self.openapi_extra or {}), **described(self.repetition, methods)}

    @property
    def refuses_key(self) -> bool:
        """Whether a request with an Idempotency-Key is refused: it promises what the route does not keep."""
        return self.repetition in {Repetition.REFUSED, Repetition.UNDECLARED}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the receiver serve the route."""
        receiver = application_of(scope["app"]).receiver
        await receiver.serve(self.app, self.policy, scope, receive, send, claims=self.claims)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the framework's handler, with a strict request; a key is refused, or what answers it is stored."""
        handler = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            if self.refuses_key and HEADER in request.headers:
                raise KeyNotTaken
            # The request's transaction ends after this: an answer is stored if it is committed, and lost if it is not.
            try:
                response = await handler(StrictRequest(request.scope, request.receive))
                key = request.scope.get("idempotency_key")
                return await key.finish(response) if key else response
            except Replay as replay:
                return replay.response

        return handle_once


def service_router(name: str) -> APIRouter:
    """Make the router of a service: ``/api/v1/<name>``, tagged, with function names as operation ids."""
    return APIRouter(
        prefix=f"/api/v1/{name}",
        tags=[name],
        route_class=Route,
        generate_unique_id_function=_operation_id,
        responses=documented(InvalidRequest, ServiceUnavailable, AppError),
    )


def settle_paths(routes: Sequence[BaseRoute]) -> None:
    """Let each path that a route names belong to it alone, whatever templates match it too."""
    known = [route for route in routes if isinstance(route, PlainRoute)]
    named = {route.path for route in known if not route.param_convertors}
    for route in known:
        if route.param_convertors:
            route.named_elsewhere = frozenset(path for path in named if route.path_regex.match(path))


def _methods_at(scope: Scope) -> set[str]:
    """Give the methods of all routes at the path of a request."""
    routes = [route for route in scope["app"].routes if isinstance(route, PlainRoute)]
    return {method for route in routes if route.matches(scope)[0] is not Match.NONE for method in route.all_methods}


def _without_body(response: Response) -> Response:
    """Give the answer's status and headers alone; what would be streamed is never begun."""
    head = Response(status_code=response.status_code, background=response.background)
    head.raw_headers = response.raw_headers
    return head


def _operation_id(route: APIRoute) -> str:
    return route.name


def _takes_key(dependant: Dependant) -> bool:
    return has_mark(dependant, "takes_idempotency_key")


def has_mark(dependant: Dependant, mark: str) -> bool:
    """Whether a dependency, or one that it has itself, is marked so."""
    return getattr(dependant.call, mark, False) or any(has_mark(one, mark) for one in dependant.dependencies)
