"""``uvicorn user.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.auth.tokens import TokenIssuer
from chassis.core.lifecycle import Periodic
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from chassis.postgres.purge import PURGE_EVERY_S
from user.dependencies import Parts
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
    return create_app(
        settings,
        store,
        *ROUTERS,
        keys=issuer,
        revocations=StoredSessions(store),
        periodic=[
            Periodic("purge_expired", PURGE_EVERY_S, lambda: purge_expired(store)),
            Periodic("continue_erasures", ERASE_EVERY_S, lambda: continue_erasures(store)),
            Periodic("claim_looks", 60, lambda: _claim_looks(store)),
        ],
        relay=Relay(settings, store, EVENTS),
        own=Parts(settings, issuer, make_mailer(settings)),
    )


async def _claim_looks(store: Postgres) -> None:
    claimed = BATCH
    while claimed == BATCH:
        async with store.transaction() as session:
            claimed = await claim_looks(session)
