"""Routes of the sample view service."""

from fastapi import Request

from chassis.dependencies import PERSON, Dispatch, token_of
from chassis.sealing.access import optional
from chassis.web.routing import service_router
from sample_view.schemas import SampleViewRead
from sample_view.services.compose_sample_view import compose_sample_view

router = service_router("sample-views", about="A person's account and logins in one answer.")


@router.get("/own", access=optional(), auth=PERSON)
async def read_own(dispatcher: Dispatch, request: Request) -> SampleViewRead:
    """Read one's own account and latest logins."""
    return await compose_sample_view(dispatcher, token_of(request))
