"""Routes of the chassis: each declares its policy, answers HEAD beside GET, and parses JSON strictly."""

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from inspect import Signature, signature
from json import JSONDecodeError
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, Unpack, get_args, get_origin

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from chassis.application import application_of
from chassis.core import json as strict_json
from chassis.core.errors import MethodNotAllowed
from chassis.core.types import NUMBERS
from chassis.idempotency.answers import Replay
from chassis.idempotency.kinds import HEADER, KeyNotTaken
from chassis.sealing.access import public
from chassis.sealing.headers import refuse_sealed_answer
from chassis.web.answer_headers import add_to_answer
from chassis.web.deprecation import Deprecation, observe_deprecated
from chassis.web.policy import POLICY_OPTIONS, Options, RoutePolicy

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_NO_MATCH: tuple[Match, Scope] = Match.NONE, {}
_END_OF_SENTENCE = re.compile(r"\.(?:\s+|$)")
MOST_COMMAS = 2000
"""For plain bodies, from any sender; no route needs a third of as many values."""


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:  # noqa: ANN401 - JSON is what it is
        """
        Parse the body (``strict_json.loads``).

        Raises:
            JSONDecodeError: The body is not valid JSON; the framework answers 422.
        """
        is_sealed = hasattr(self.state, "caller")
        try:
            return strict_json.loads(await self.body(), most_commas=None if is_sealed else MOST_COMMAS)
        except strict_json.InvalidJson as error:
            raise JSONDecodeError(str(error), "", 0) from error


class PlainRoute(APIRoute):
    """
    A route of the chassis itself, for probes and documentation: never sealed, never shed.

    A GET route also answers HEAD, with the same status and headers, and never starts a stream. Another method is a 405
    that names the methods of all routes at the path.

    The first sentence of its docstring is its summary in the documentation.
    """

    named_elsewhere: frozenset[str] = frozenset()
    """Paths that match its template and belong to the routes that name them (OpenAPI 3.1, Path Templating)."""
    policy = RoutePolicy(public())

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(path, endpoint, **options)
        self._begins = path.partition("{")[0]
        (method,) = self.methods or {"GET"}
        self.openapi_extra = {**(self.openapi_extra or {}), **self.policy.openapi(method)}
        if not self.summary:
            first, *rest = _END_OF_SENTENCE.split(self.description, maxsplit=1)
            self.summary, self.description = " ".join(first.split()), "".join(rest)
        self.description = f"{self.description}\n\n{self.policy.sentences(method)}".strip()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match HEAD where the route has GET, and no path that another route names."""
        path = scope["path"]
        # Each request is compared with each route: this is ten times faster than the framework's comparison.
        if not path.startswith(self._begins) or path in self.named_elsewhere:
            return _NO_MATCH
        match, child_scope = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL and self._takes(scope["method"]) else match), child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Serve a request to the route's path.

        Raises:
            MethodNotAllowed: The route does not have the method (405).
        """
        if not self._takes(scope["method"]):
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(_methods_at(scope)))})
        await self.serve(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with a method of the route."""
        refuse_sealed_answer(scope)
        await self.app(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler, whose answer to HEAD has no body."""
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
    """A route of a service: it checks the caller, and is served through the sealing receiver."""

    def __init__(self, path: str, endpoint: Callable[..., Any], policy: RoutePolicy, **options: Any) -> None:  # noqa: ANN401 - handed on
        self.policy = policy
        checks = [Depends(policy.auth.check)] if policy.auth else []
        # Last, when the caller is known and admitted: a stored answer skips everything after it.
        keys = [Depends(policy.key_reader)] if policy.key_reader else []
        options["dependencies"] = [*checks, *options.get("dependencies", ()), *keys]
        super().__init__(path, endpoint, **options)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the receiver serve the route."""
        its = application_of(scope["app"])
        deprecation = self.policy.deprecation
        for name, value in deprecation.headers if deprecation else ():
            add_to_answer(scope, name, value)
        try:
            app = self._on_foreign_tables if its.tables else self.app
            await its.receiver.serve(app, self.policy.access, scope, receive, send, claims=self.policy.claims)
        finally:
            if deprecation:
                observe_deprecated(scope, self.path_format)

    async def _on_foreign_tables(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; an unhandled error becomes a 503 if the tables of another owner have changed."""
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            tables = application_of(scope["app"]).tables
            reason = tables and await tables.explain(error)
            if reason:
                raise reason from error
            raise

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler, with a strict request; a key is refused, or its answer is stored."""
        handler = super().get_route_handler()
        refuses_key = self.policy.refuses_key

        async def handle_once(request: Request) -> Response:
            if refuses_key and HEADER in request.headers:
                raise KeyNotTaken
            # The request's transaction ends after this: the answer is stored if the transaction commits.
            try:
                response = await handler(StrictRequest(request.scope, request.receive))
                key = request.scope.get("idempotency_key")
                return await key.finish(response) if key else response
            except Replay as replay:
                return replay.response

        return handle_once


class Router:
    """
    The routes of one part of a service, whose paths begin alike.

    Args:
        tag: The name of the part in the documentation.
        about: Its description there.
        version: The version of the API. Operation ids of later ones end with it, so functions may have the same names.
        deprecation: When all these routes were replaced.

    Raises:
        IncompleteRoute: A declaration of a route is missing.
    """

    def __init__(
        self, prefix: str, tag: str, about: str = "", version: int = 1, deprecation: Deprecation | None = None
    ) -> None:
        self.routes: list[Route] = []
        self.tag = {"name": tag, "description": about}
        self._prefix = prefix
        self._suffix = f"_v{version}" if version > 1 else ""
        self._deprecation = deprecation

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[Endpoint], Endpoint]:
        """Declare a GET; the route answers HEAD too."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[Endpoint], Endpoint]:
        """Declare a POST."""
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[Endpoint], Endpoint]:
        """Declare a PUT."""
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[Endpoint], Endpoint]:
        """Declare a PATCH."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[Endpoint], Endpoint]:
        """Declare a DELETE."""
        return self._declare("DELETE", path, options)

    def _declare(self, method: str, path: str, options: Options) -> Callable[[Endpoint], Endpoint]:
        given: dict[str, Any] = {"tags": [self.tag["name"]], "methods": [method], **options}
        also = given.pop("also", ())
        says = {name: given.pop(name) for name in POLICY_OPTIONS if name in given}

        def add(endpoint: Endpoint) -> Endpoint:
            answer = given.get("response_model", signature(endpoint).return_annotation)
            if _is_free_form(answer):
                given["response_model"] = Annotated[Any if answer is Signature.empty else answer, NUMBERS]
            given["policy"] = replace(RoutePolicy.declared(method, endpoint, **says), deprecation=self._deprecation)
            self._add(path, endpoint, given)
            for alias in also:
                self._add(alias, endpoint, {**given, "include_in_schema": False})
            return endpoint

        return add

    def _add(self, path: str, endpoint: Callable[..., Any], options: dict[str, Any]) -> None:
        options = {"deprecated": self._deprecation is not None or None, **options}
        route = Route(f"{self._prefix}{path}", endpoint, generate_unique_id_function=self._operation_id, **options)
        self.routes.append(route)

    def _operation_id(self, route: APIRoute) -> str:
        return f"{route.name}{self._suffix}"


def service_router(
    name: str, tag: str | None = None, about: str = "", *, version: int = 1, deprecation: Deprecation | None = None
) -> Router:
    """
    Return a router of a service: ``/api/v<version>/<name>``, with function names as operation ids.

    Args:
        tag: The part's name in the documentation; default: *name*.
        about: Its description there.
        version: The version of the API; a second one is a second router, whose operation ids end with ``_v2``.
        deprecation: When this version was replaced, and when it ends.
    """
    return Router(f"/api/v{version}/{name}", tag or name, about, version, deprecation)


def settle_paths(routes: Sequence[BaseRoute]) -> None:
    """Reserve each path that a route names for that route, whatever templates match it too."""
    known = [route for route in routes if isinstance(route, PlainRoute)]
    named = {route.path for route in known if not route.param_convertors}
    for route in known:
        if route.param_convertors:
            route.named_elsewhere = frozenset(path for path in named if route.path_regex.match(path))


def _is_free_form(answer: object) -> bool:
    """Whether the type of an answer is any value, or a dict or list of any values: nothing declares their types."""
    if get_origin(answer) in (dict, list, Union, UnionType):
        return any(map(_is_free_form, get_args(answer)))
    return any(answer is free for free in (Any, object, dict, list, Signature.empty))


def _methods_at(scope: Scope) -> set[str]:
    """Return the methods of all routes at the path of a request."""
    routes = [route for route in scope["app"].routes if isinstance(route, PlainRoute)]
    return {method for route in routes if route.matches(scope)[0] is not Match.NONE for method in route.all_methods}


def _without_body(response: Response) -> Response:
    """Return the answer's status and headers only; a stream is never started."""
    head = Response(status_code=response.status_code, background=response.background)
    head.raw_headers = response.raw_headers
    return head
