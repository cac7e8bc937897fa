"""Logging out at the dashboard."""

from analytics.dashboard.accounts import SessionEnded, SessionNotEnded, log_out, refresh
from analytics.dashboard.session_cookie import Jar
from chassis.core.errors import AppError
from chassis.dispatch.dispatcher import Dispatcher


async def end_dashboard_session(dispatcher: Dispatcher, refresh_token: str, address: str | None, cookie: Jar) -> None:
    """
    Have the browser forget its session, and end it at the user service; one that has ended already is left so.

    Raises:
        SessionNotEnded: The user service could not be asked; the browser forgets all the same (503).
    """
    cookie.remove()
    try:
        tokens = await refresh(dispatcher, refresh_token, address)
        await log_out(dispatcher, tokens.access_token, address)
    except SessionEnded:
        return
    except AppError as error:
        raise SessionNotEnded from error
