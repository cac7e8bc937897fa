"""``create_app``: one call gives a service middleware, errors, probes, docs, sealing, dispatcher, tokens, lifespan."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, FastAPI

from chassis.auth.jwks import KEYS_EVERY_S, RemoteKeys
from chassis.auth.revocations import REVOCATIONS_EVERY_S, RemoteRevocations
from chassis.auth.tokens import Revocations, TokenIssuer, TokenVerifier
from chassis.core.clock_skew import ClockSkew
from chassis.core.errors import add_error_handlers
from chassis.core.lifecycle import draining_on_sigterm
from chassis.core.periodic import Periodic, running
from chassis.core.store import Store
from chassis.dispatch.breaker import BACKGROUND_PAUSE_S
from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.envelope import Envelope
from chassis.sealing.server import Receiver
from chassis.settings import Environment, ServiceSettings
from chassis.telemetry import metrics, tracing
from chassis.telemetry import sentry as error_reports
from chassis.telemetry.logging import configure_logging
from chassis.web import health
from chassis.web.middleware import RequestContextMiddleware
from chassis.web.openapi import add_docs, describe_problems
from chassis.web.routing import Route, settle_paths
from chassis.web.security_headers import add_cors

if TYPE_CHECKING:
    from chassis.messaging.relay import Relay  # needs SQLAlchemy, which a service with another database lacks

log = structlog.get_logger(__name__)


async def _purge_expired(state: Any) -> None:  # noqa: ANN401 - app.state
    await state.store.purge_expired()


async def _refresh_keys(state: Any) -> None:  # noqa: ANN401
    await state.keys.refresh()


async def _refresh_revocations(state: Any) -> None:  # noqa: ANN401
    await state.revoked.refresh()


_PURGE_EXPIRED = Periodic(30.0, _purge_expired)
_FOLLOW_ISSUER = (Periodic(KEYS_EVERY_S, _refresh_keys), Periodic(REVOCATIONS_EVERY_S, _refresh_revocations))


def create_app(
    settings: ServiceSettings,
    store: Store,
    *routers: APIRouter,
    issuer: TokenIssuer | None = None,
    revocations: Revocations | None = None,
    periodic: Sequence[Periodic] = (),
    relay: "Relay | None" = None,
) -> FastAPI:
    """
    Build a service. Nothing is opened before its lifespan begins, so it may be built before a server forks.

    Args:
        routers: Their routes are of class ``chassis.web.routing.Route``.
        issuer: What signs access tokens, in the service that issues them.
        revocations: What that service itself knows of revoked sessions; the others ask it.
        periodic: What it does every so often beside its requests.
        relay: What delivers its events, in a service that announces some.

    Raises:
        InvalidSettings: A link that the service's calls or its routes' callers need is missing.
    """
    configure_logging(settings)
    app = _bare_app(settings)
    _prepare_messages(app, settings, store, routers)
    app.state.settings = settings
    app.state.store = store
    app.state.checks = {store.name: partial(app.state.envelope.skew.compare, store.check)}
    app.state.draining = False
    app.state.issuer = issuer
    app.state.revocations = revocations
    app.state.periodic = (_PURGE_EXPIRED, *(_FOLLOW_ISSUER if settings.tokens_from else ()), *periodic)
    app.state.relay = relay
    add_error_handlers(app)
    app.add_middleware(RequestContextMiddleware)
    if settings.cors_origins:
        add_cors(app, settings.cors_origins)
    _add_routes(app, (*routers, health.router, metrics.router))
    return app


def _prepare_messages(app: FastAPI, settings: ServiceSettings, store: Store, routers: tuple[APIRouter, ...]) -> None:
    """Give the service its keys, and what opens the messages that come sealed."""
    app.state.envelope = Envelope(settings.service_name, settings.links(required=_callers(routers)))
    app.state.receiver = Receiver(
        app.state.envelope,
        store,
        strict=settings.strict,
        max_body=settings.max_body_bytes,
        max_in_flight=settings.max_in_flight,
    )


def _add_routes(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    # Not include_router: it wraps every route once more, and matches each request twice. The routes of the service come
    # first, so that a request is not held against those of the documentation before.
    app.router.routes[:0] = [route for router in routers for route in router.routes]
    settle_paths(app.router.routes)


def _bare_app(settings: ServiceSettings) -> FastAPI:
    has_docs = settings.environment is not Environment.PRODUCTION
    app = FastAPI(
        title=f"{settings.service_name.capitalize()} service",
        version="1",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Ours (chassis/telemetry/tracing.py) knows what is sealed; looking whether this is on costs 5 us a request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    describe_problems(app)
    if has_docs:
        add_docs(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open what the service needs, in the process that serves; close it in reverse."""
    state, settings = app.state, app.state.settings
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing.exporting(settings))
        await stack.enter_async_context(error_reports.reporting(settings))
        await state.store.open()
        stack.push_async_callback(state.store.close)
        state.dispatcher = Dispatcher(settings.peer_urls, state.envelope)
        stack.push_async_callback(state.dispatcher.aclose)
        state.background = Dispatcher(
            settings.peer_urls, state.envelope, longest_pause_s=BACKGROUND_PAUSE_S, purpose="background"
        )
        stack.push_async_callback(state.background.aclose)
        state.keys = state.issuer or RemoteKeys(state.dispatcher, settings.tokens_from)
        state.revoked = state.revocations or RemoteRevocations(state.dispatcher, settings.tokens_from)
        skew: ClockSkew = state.envelope.skew
        state.tokens = TokenVerifier(state.keys, state.revoked, settings.jwt_issuer, settings.jwt_audience, skew)
        if state.relay:
            delivering = state.relay.running(settings.peer_urls, state.envelope, delivers=settings.relay)
            await stack.enter_async_context(delivering)
        await stack.enter_async_context(running(state.periodic, state))
        log.info("started", environment=settings.environment)
        with draining_on_sigterm(state, settings.drain_seconds):
            yield
        state.draining = True
        log.info("stopping")


def _callers(routers: tuple[APIRouter, ...]) -> set[str]:
    """Give the peers that some route demands by name."""
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    return {caller for route in routes for caller in route.policy.callers}
