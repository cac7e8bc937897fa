"""The route for exports of events."""

import asyncio
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from analytics.errors import EmptyRange, TooManyEvents
from analytics.queries.export_events import LONGEST_EXPORT_S, export_events
from analytics.queries.exports import FORMATS
from analytics.queries.schemas import ExportQuery
from chassis.core.problems import documented
from chassis.dependencies import ANALYST
from chassis.mongodb.database import Database
from chassis.sealing.access import public
from chassis.web.routing import service_router

router = service_router("analytics", "events")
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "One event per line.", "content": {form.media_type: {} for form in FORMATS.values()}}
}


class Export(StreamingResponse):
    """An answer without the usual deadline; it is cut off after ten minutes, in case its client has stopped reading."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with asyncio.timeout(LONGEST_EXPORT_S):
            await super().__call__(scope, receive, send)


# Public: a sealed answer is one message, and would have to be in memory as a whole.
@router.get(
    "/export",
    access=public(),
    auth=ANALYST,
    response_class=Export,
    responses=documented(EmptyRange, TooManyEvents, beside=_FILES),
)
async def export(query: Annotated[ExportQuery, Query()], database: Database) -> Export:
    """Export events, oldest first, one per line."""
    name = f"events-{query.range.start:%Y-%m-%d}-{query.range.end:%Y-%m-%d}.{query.format}"
    chunks = await export_events(database, query)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Export(chunks, media_type=FORMATS[query.format].media_type, headers=headers)
