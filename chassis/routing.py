"""Routes as the chassis wants them: a declared sealing mode, strict JSON, a short operation id."""

from collections.abc import Callable, Coroutine
from json import JSONDecodeError
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from chassis import strict_json
from chassis.errors import AppError, InvalidRequest, ServiceUnavailable, documented
from chassis.idempotency.answers import Replay
from chassis.idempotency.errors import InFlight, InvalidIdempotencyKey, KeyNotTaken, KeyReused
from chassis.idempotency.repetition import HEADER, Repetition, described, repetition_of
from chassis.sealing.modes import policy_of


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:  # noqa: ANN401 - JSON is what it is
        """
        Parse the body (``strict_json.loads``).

        Raises:
            JSONDecodeError: As the framework expects it, which answers 422.
        """
        try:
            return strict_json.loads(await self.body())
        except strict_json.InvalidJson as error:
            raise JSONDecodeError(str(error), "", 0) from error


class Route(APIRoute):
    """
    A route that is served through the sealing receiver.

    Raises:
        UndeclaredMode: The endpoint does not say how it is to be spoken to.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(path, endpoint, **options)
        self.policy = policy_of(endpoint)
        self.claims = _is_marked(self.dependant, "claims_request")
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

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse another method, then let the receiver serve the route."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        await scope["app"].state.receiver.serve(super().handle, self.policy, scope, receive, send, claims=self.claims)

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


def _operation_id(route: APIRoute) -> str:
    return route.name


def _takes_key(dependant: Dependant) -> bool:
    return _is_marked(dependant, "takes_idempotency_key")


def _is_marked(dependant: Dependant, mark: str) -> bool:
    """Whether the dependency, or one that it has itself, is marked so."""
    return getattr(dependant.call, mark, False) or any(_is_marked(one, mark) for one in dependant.dependencies)
