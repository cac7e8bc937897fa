"""``uvicorn gateway.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.application import application_of, own_part
from chassis.core.lifecycle import Periodic
from chassis.postgres.database import Postgres
from gateway.bff.orders.routes import router as order_pages
from gateway.bff.routes import router as pages
from gateway.caching.etag_store import EtagStore
from gateway.calls import PUBLIC, SHARED
from gateway.front_door.description import describe_services
from gateway.front_door.routes import front_door
from gateway.front_door.table import read_table
from gateway.graphql.documents import read_folder
from gateway.graphql.endpoint import Endpoint
from gateway.graphql.operations import Operations
from gateway.graphql.order_feed import PAUSE_S
from gateway.graphql.page import SchemaPage
from gateway.graphql.routes import graphql_router
from gateway.graphql.schema import SCHEMA
from gateway.graphql.subscriptions import Subscribers
from gateway.models import BUCKET_EXPIRY
from gateway.parts import Parts
from gateway.rate_limits.limiter import Limiter
from gateway.settings import Settings


def build() -> FastAPI:
    """Build the gateway service."""
    settings = Settings.load()
    store = Postgres(
        settings.gateway_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(BUCKET_EXPIRY,),
    )
    table = read_table()
    settings.refuse_unknown_limits(table.limits.values())
    page = SchemaPage(SCHEMA) if settings.open_schema else None
    app = create_app(
        settings,
        store,
        pages,
        # --- about order ---
        order_pages,
        # --- end about order ---
        graphql_router(_graphql(settings), page),
        front_door(table, settings.max_body_bytes),
        # --- about order ---
        periodic=[
            Periodic("follow_orders", PAUSE_S, lambda: own_part(app, Parts).feed.look(application_of(app).background))
        ],
        # --- end about order ---
        own=Parts(Limiter(store, settings.gateway_rate_limits), table.limits, EtagStore(PUBLIC | SHARED)),
    )
    describe_services(app)
    return app


def _graphql(settings: Settings) -> Endpoint:
    """Return what serves GraphQL; subscriptions take half of the requests that are served at a time, at most."""
    operations = Operations(
        SCHEMA,
        read_folder().values(),
        only_trusted=settings.trusted_documents_only,
        open_schema=settings.open_schema,
    )
    return Endpoint(operations, Subscribers(settings.max_in_flight // 2))
