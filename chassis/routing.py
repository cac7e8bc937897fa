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
        self.claims = _claims(self.dependant)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse another method, then let the receiver serve the route."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        await scope["app"].state.receiver.serve(super().handle, self.policy, scope, receive, send, claims=self.claims)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the framework's handler, with a strict request."""
        handler = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return handle_strictly


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


def _claims(dependant: Dependant) -> bool:
    """Whether a dependency of the route claims sealed requests in its own transaction."""
    return any(getattr(one.call, "claims_request", False) or _claims(one) for one in dependant.dependencies)
