"""``create_app``: one call adds middleware, errors, probes, docs, sealing, dispatcher and tokens to a service."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from fastapi import FastAPI

from chassis.application import Application, EventRelay, ForeignTables, Store, application_of
from chassis.auth.remote import KEYS_EVERY_S, REVOCATIONS_EVERY_S, RemoteKeys, RemoteRevocations
from chassis.auth.tokens import KeySource, Revocations, TokenVerifier
from chassis.core.lifecycle import Draining, Periodic, draining_on_sigterm, running
from chassis.core.problems import add_error_handlers
from chassis.dispatch.breaker import BACKGROUND_PAUSE_S
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transports import TRANSPORTS
from chassis.sealing.envelope import Envelope
from chassis.sealing.server import Receiver
from chassis.settings import Environment, ServiceSettings
from chassis.telemetry import sentry as error_reports
from chassis.telemetry import tracing
from chassis.telemetry.logging import configure_logging
from chassis.web import diagnostics, health
from chassis.web.docs import add_docs, docs_origins
from chassis.web.loopback import LoopbackOnly
from chassis.web.middleware import RequestContextMiddleware
from chassis.web.openapi import INFO, describe, login_address
from chassis.web.policy import NOT_STORING, IncompleteRoute
from chassis.web.route_index import index_routes
from chassis.web.routing import Router, settle_paths
from chassis.web.security_headers import add_cors
from chassis.web.trailing_slash import redirect_trailing_slashes

log = structlog.get_logger(__name__)

PURGE_EVERY_S = 30.0
WATCH_EVERY_S = 30.0


def create_app(  # noqa: PLR0913 - the parts of a service
    settings: ServiceSettings,
    store: Store | None,
    *routers: Router,
    keys: KeySource | None = None,
    revocations: Revocations | None = None,
    periodic: Sequence[Periodic] = (),
    relay: EventRelay | None = None,
    tables: ForeignTables | None = None,
    own: object = None,
) -> FastAPI:
    """
    Build a service. Nothing is opened before its lifespan begins, so it may be built before a server forks.

    Args:
        store: Its database. None: it has none, and so no routes that store a nonce, the answer of a key, or data.
        routers: The routes of the service (``service_router``).
        keys: The public keys of access tokens, in the service that issues them; the others fetch them.
        revocations: The revoked sessions, in that service; the others fetch them.
        periodic: Its periodic work.
        relay: Delivers its events, in a service that publishes some.
        tables: The tables of another owner, in a service with some.
        own: An object for its own routes (``chassis.application.own_part``).

    Raises:
        InvalidSettings: A link to a called service, or to a caller of its routes, is missing.
        IncompleteRoute: A route needs a database, and there is none.
    """
    configure_logging(settings)
    if store is None:
        _refuse_storing(routers)
    envelope = Envelope(settings.service_name, settings.links(required=_callers(routers)))
    dispatcher, background = _dispatchers(settings, envelope)
    tokens, following = _tokens(settings, envelope, background, keys, revocations)
    purging = (Periodic("purge_expired", PURGE_EVERY_S, store.purge_expired),) if store else ()
    watching = (Periodic("watch_tables", WATCH_EVERY_S, tables.watch),) if tables else ()
    application = Application(
        settings=settings,
        store=store,
        envelope=envelope,
        receiver=_receiver(settings, envelope, store, routers),
        draining=Draining(),
        checks={
            **({store.name: partial(envelope.skew.compare, store.check)} if store else {}),
            **({"tables": tables.check} if tables else {}),
        },
        dispatcher=dispatcher,
        background=background,
        tokens=tokens,
        periodic=(*purging, *watching, *following, *periodic),
        relay=relay,
        tables=tables,
        own=own,
    )
    return _serving(application, routers)


def _dispatchers(settings: ServiceSettings, envelope: Envelope) -> tuple[Dispatcher, Dispatcher]:
    """Return the dispatcher of requests, and that of periodic work."""
    make_transport = TRANSPORTS[settings.dispatch_transport]
    background = Dispatcher(
        settings.peer_urls, envelope, make_transport, pause_s=BACKGROUND_PAUSE_S, purpose="background"
    )
    return Dispatcher(settings.peer_urls, envelope, make_transport), background


def _tokens(
    settings: ServiceSettings,
    envelope: Envelope,
    background: Dispatcher,
    keys: KeySource | None,
    revocations: Revocations | None,
) -> tuple[TokenVerifier, tuple[Periodic, ...]]:
    """Return the verifier of access tokens, and the work that keeps the issuer's keys and revocations current."""
    issuer = settings.tokens_from or settings.service_name
    remote_keys, remote_revocations = RemoteKeys(background, issuer), RemoteRevocations(background, issuer)
    verifier = TokenVerifier(
        keys or remote_keys,
        revocations or remote_revocations,
        settings.jwt_issuer,
        settings.jwt_audience,
        envelope.skew,
    )
    following = (
        Periodic("refresh_keys", KEYS_EVERY_S, remote_keys.refresh),
        Periodic("refresh_revocations", REVOCATIONS_EVERY_S, remote_revocations.refresh),
    )
    return verifier, following if settings.tokens_from else ()


def _refuse_storing(routers: Sequence[Router]) -> None:
    """Refuse routes that need a database: without it, a replayed message would have its effect again."""
    for router in routers:
        for route in router.routes:
            if any(map(route.policy.stores, route.all_methods)):
                raise IncompleteRoute(route.endpoint, NOT_STORING)


def _receiver(
    settings: ServiceSettings, envelope: Envelope, store: Store | None, routers: Sequence[Router]
) -> Receiver:
    named = {route.policy.access.plain_if for router in routers for route in router.routes}
    return Receiver(
        envelope,
        store,
        strict=settings.strict,
        max_body=settings.max_body_bytes,
        max_in_flight=settings.max_in_flight,
        on_open=tracing.begin_request,
        settings={name for name in named if name and getattr(settings, name)},
    )


def _serving(application: Application, routers: Sequence[Router]) -> FastAPI:
    """Return the FastAPI application, with our routes, errors and middleware."""
    settings = application.settings
    app = FastAPI(
        title=f"{settings.service_name.replace('_', ' ').capitalize()} service",
        **INFO,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Ours (chassis/telemetry/tracing.py) supports sealed requests; checking if this is on costs 5 us a request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.application = application
    add_error_handlers(app)
    if not settings.is_environment_chosen:
        app.add_middleware(LoopbackOnly)
    app.add_middleware(RequestContextMiddleware)
    # Not include_router: it wraps every route again and matches each request twice. The routes of the service come
    # first, so that a request is not matched against those of the documentation before.
    app.router.routes[:0] = [*(route for router in routers for route in router.routes), *health.router.routes]
    redirect_trailing_slashes(app.router)
    describe(app, settings, routers)
    if settings.environment is Environment.LOCAL:
        app.router.routes.extend(diagnostics.router.routes)
        if application.tables:
            app.router.routes.extend(diagnostics.foreign_tables.routes)
    origins = settings.cors_origins
    if settings.environment is not Environment.PRODUCTION:
        add_docs(app, login_address(app, settings))
        origins += docs_origins(settings.docs_services.values())
    settle_paths(app.router.routes)
    index_routes(app.router)
    if origins:
        add_cors(app, origins)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the parts of the service in the serving process; close them in reverse order."""
    its = application_of(app)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing.exporting(its.settings))
        await stack.enter_async_context(error_reports.reporting(its.settings))
        if its.store:
            await its.store.open()
            stack.push_async_callback(its.store.close)
        for dispatcher in (its.dispatcher, its.background):
            dispatcher.open()
            stack.push_async_callback(dispatcher.aclose)
        if its.relay:
            delivering = its.relay.running(its.settings.peer_urls, its.envelope, delivers=its.settings.relay)
            await stack.enter_async_context(delivering)
        await stack.enter_async_context(running(its.periodic))
        log.info("started", environment=its.settings.environment)
        with draining_on_sigterm(its.draining, its.settings.drain_seconds):
            yield
        its.draining.has_begun = True
        log.info("stopping")


def _callers(routers: Sequence[Router]) -> set[str]:
    """Return the peers that some route names as its callers."""
    return {caller for router in routers for route in router.routes for caller in route.policy.access.callers}
