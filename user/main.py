"""``uvicorn user.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.core.lifecycle import Periodic
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from user.dependencies import Parts
from user.events import EVENTS
from user.expiries import EXPIRIES
from user.mail.mailer import make_mailer
from user.routes import accounts, profile, recovery, sessions, tokens
from user.services.claim_looks import BATCH, claim_looks
from user.services.erase_audit import ERASE_EVERY_S, continue_erasures
from user.settings import Settings
from user.tokens.issuer import TokenIssuer
from user.tokens.stored_sessions import StoredSessions

ROUTERS = (sessions.router, profile.router, recovery.router, tokens.router, tokens.well_known, accounts.router)
"""The order matters: ``/users/{user_id}`` would take other paths for an id."""


def build() -> FastAPI:
    """Build the user service."""
    settings = Settings.load()
    issuer = TokenIssuer(settings.jwt_private_key.get_secret_value(), settings.jwt_issuer, settings.jwt_audience)
    store = Postgres(
        settings.user_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(KEY_EXPIRY, *EXPIRIES),
    )
    return create_app(
        settings,
        store,
        *ROUTERS,
        keys=issuer,
        revocations=StoredSessions(store),
        periodic=[
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
