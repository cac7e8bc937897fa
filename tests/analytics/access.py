"""Who may call each route of analytics, and what its requests are about."""

from uuid import UUID

from fastapi import FastAPI

from analytics.ingestion.store_events import store_events
from analytics.privacy.erase_user import erase_user
from tests.analytics.counting import event
from tests.support.access import PASSWORD, THING, AccessTable


async def make_things(apps: dict[str, FastAPI], ada: UUID) -> dict[str, str]:
    """Create an event, and the record of Ada's erasure."""
    async with apps["analytics"].state.application.store.use() as database:
        await erase_user(database, ada)
        await store_events(database, [event(_id=THING)])
    return {"user_id": str(ada), "event_id": THING, "name": "icon.svg"}


TABLE = AccessTable(
    policies={
        "POST /events": "service",
        "POST /api/v1/analytics/events": "sealed/keyed",
        "POST /api/v1/analytics/events/batch": "keyed",
        "POST /v1/batch": "key",
        "POST /v1/b": "key",
        "POST /v1/import": "key",
        "POST /v1/import/": "key",
        "POST /v1/t": "key",
        "POST /v1/i": "key",
        "POST /v1/p": "key",
        "POST /v1/s": "key",
        "POST /v1/g": "key",
        "POST /v1/a": "key",
        "POST /v1/track": "key",
        "POST /v1/identify": "key",
        "POST /v1/page": "key",
        "POST /v1/screen": "key",
        "POST /v1/group": "key",
        "POST /v1/alias": "key",
        "GET /api/v1/analytics/stats": "statistics",
        "GET /api/v1/analytics/users/{user_id}/stats": "service: user",
        "GET /api/v1/analytics/timeseries": "analyst",
        "GET /api/v1/analytics/top": "analyst",
        "GET /api/v1/analytics/products/top": "analyst",
        "GET /api/v1/analytics/revenue": "analyst",
        "GET /api/v1/analytics/users/unique": "analyst",
        "GET /api/v1/analytics/funnel": "analyst",
        "GET /api/v1/analytics/retention": "analyst",
        "GET /api/v1/analytics/users/{user_id}/timeline": "analyst",
        "GET /api/v1/analytics/erasures/{user_id}": "admin",
        "GET /api/v1/analytics/export": "analyst, plain",
        "GET /api/v1/analytics/events/live": "analyst, plain",
        "GET /api/v1/analytics/events/{event_id}": "analyst",
        "GET /dashboard": "public",
        "GET /dashboard/": "public",
        "GET /dashboard/{name}": "public",
        "POST /dashboard/session": "public",
        "POST /dashboard/session/refresh": "public",
        "DELETE /dashboard/session": "public",
    },
    bodies={
        "POST /events": [],
        "POST /api/v1/analytics/events": {"type": "page.viewed"},
        "POST /api/v1/analytics/events/batch": {"events": [{"type": "page.viewed"}]},
        "POST /v1/batch": {"batch": [{"type": "page", "userId": "ada"}]},
        "POST /v1/track": {"event": "Signed Up", "userId": "ada"},
        "POST /v1/identify": {"userId": "ada"},
        "POST /v1/page": {"userId": "ada"},
        "POST /v1/screen": {"userId": "ada"},
        "POST /v1/group": {"userId": "ada", "groupId": "club"},
        "POST /v1/alias": {"userId": "ada", "previousId": "guest"},
        "POST /dashboard/session": {"username": "admin", "password": PASSWORD},
    },
    queries={
        "GET /api/v1/analytics/top": "property=path",
        "GET /api/v1/analytics/funnel": "step=page.viewed&step=user.registered",
    },
    make_things=make_things,
)
