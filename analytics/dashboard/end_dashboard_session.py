"""Logging out at the dashboard."""

from analytics.dashboard.accounts import SessionEnded, SessionNotEnded, log_out, refresh
from analytics.dashboard.session_cookie import Jar
from chassis.core.errors import AppError
from chassis.dispatch.dispatcher import Dispatcher
from chassis.web.origin import Origin


async def end_dashboard_session(dispatcher: Dispatcher, refresh_token: str, origin: Origin, cookie: Jar) -> None:
    """
    Delete the cookie, and end the session at the user service, unless it has already ended.

    Raises:
        SessionNotEnded: The user service could not be reached; the cookie is deleted anyway (503).
    """
    cookie.remove()
    try:
        tokens = await refresh(dispatcher, refresh_token, origin)
        await log_out(dispatcher, tokens.access_token, origin)
    except SessionEnded:
        return
    except AppError as error:
        raise SessionNotEnded from error
