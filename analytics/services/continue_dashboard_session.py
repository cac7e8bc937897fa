"""Staying logged in at the dashboard."""

from analytics.accounts import Tokens, analyst_of, refresh
from analytics.schemas.dashboard import DashboardSession
from chassis.dispatch.dispatcher import Dispatcher


async def continue_dashboard_session(
    dispatcher: Dispatcher, refresh_token: str, address: str | None
) -> tuple[DashboardSession, Tokens]:
    """
    Get the next tokens of a session.

    Raises:
        SessionEnded: The refresh token is worth nothing any more (401).
        NotForYou: The person may look no longer; the session is ended (403).
    """
    tokens = await refresh(dispatcher, refresh_token, address)
    person = await analyst_of(dispatcher, tokens, address)
    return DashboardSession(**tokens.model_dump(), **person.model_dump()), tokens
