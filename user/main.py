"""``uvicorn user.main:build --factory``."""

from typing import Any

from fastapi import FastAPI

from chassis.app import create_app
from chassis.auth.tokens import TokenIssuer
from chassis.core.periodic import Periodic
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from chassis.postgres.purge import PURGE_EVERY_S
from user.events import EVENTS
from user.mail.mailer import make_mailer
from user.routes import accounts, profile, recovery, sessions, tokens
from user.services.claim_looks import BATCH, claim_looks
from user.services.erase_audit import ERASE_EVERY_S, continue_erasures
from user.services.purge_expired import purge_expired
from user.settings import Settings
from user.tokens.stored_sessions import StoredSessions

ROUTERS = (sessions.router, profile.router, recovery.router, tokens.router, tokens.well_known, accounts.router)
"""In this order: ``/users/{user_id}`` would take what stands after it for an id."""


def build() -> FastAPI:
    """Build the user service."""
    settings = Settings.load()
    issuer = TokenIssuer(settings.jwt_private_key.get_secret_value(), settings.jwt_issuer, settings.jwt_audience)
    pool = settings.database_pool_size, settings.processes
    store = Postgres(settings.user_database_url, settings.service_name, *pool)
    periodic = [
        Periodic(PURGE_EVERY_S, _purge_expired),
        Periodic(ERASE_EVERY_S, _continue_erasures),
        Periodic(60, _claim_looks),
    ]
    app = create_app(
        settings,
        store,
        *ROUTERS,
        issuer=issuer,
        revocations=StoredSessions(store),
        periodic=periodic,
        relay=Relay(settings, store, EVENTS),
    )
    app.state.mailer = make_mailer(settings)
    return app


async def _purge_expired(state: Any) -> None:  # noqa: ANN401 - the application's state has no type
    await purge_expired(state.store)


async def _continue_erasures(state: Any) -> None:  # noqa: ANN401
    await continue_erasures(state.store)


async def _claim_looks(state: Any) -> None:  # noqa: ANN401
    claimed = BATCH
    while claimed == BATCH:
        async with state.store.transaction() as session:
            claimed = await claim_looks(session)
