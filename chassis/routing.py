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
from chassis.idempotency.errors import InFlight, InvalidIdempotencyKey, KeyReused
from chassis.sealing.modes import policy_of

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
        self.is_idempotent = _takes_key(self.dependant)
        if self.is_idempotent:
            # Last, when the caller is known and has been let in: a stored answer passes over what comes after.
            self.dependant.dependencies.sort(key=_takes_key)
            self.responses = documented(InvalidIdempotencyKey, InFlight, KeyReused, beside=self.responses)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse another method, then let the receiver serve the route."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        await scope["app"].state.receiver.serve(super().handle, self.policy, scope, receive, send, claims=self.claims)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the framework's handler, with a strict request; what answers an Idempotency-Key is stored."""
        handler = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
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
