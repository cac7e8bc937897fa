"""Staying logged in at the dashboard."""

from analytics.dashboard.accounts import NotForYou, analyst_of, log_out, refresh
from analytics.dashboard.schemas import DashboardSession
from analytics.dashboard.session_cookie import Jar
from chassis.dispatch.dispatcher import Dispatcher
from chassis.web.origin import Origin


async def continue_dashboard_session(
    dispatcher: Dispatcher, refresh_token: str, origin: Origin, cookie: Jar
) -> DashboardSession:
    """
    Get the next tokens of a session, and set the cookie at once, so that a later failure does not lose the session.

    Raises:
        SessionEnded: The refresh token is not valid any more (401).
        NotForYou: The person has lost the role; the session is ended (403).
    """
    tokens = await refresh(dispatcher, refresh_token, origin)
    cookie.put(tokens.refresh_token)
    try:
        person = await analyst_of(dispatcher, tokens)
    except NotForYou:
        await log_out(dispatcher, tokens.access_token, origin)
        raise
    return DashboardSession(**tokens.model_dump(), **person.model_dump())
