"""Logging out at the dashboard."""

from analytics.accounts import SessionEnded, log_out, refresh
from chassis.dispatch.dispatcher import Dispatcher


async def end_dashboard_session(dispatcher: Dispatcher, refresh_token: str, address: str | None) -> None:
    """End the session of a refresh token at the user service; one that has ended already is left so."""
    try:
        tokens = await refresh(dispatcher, refresh_token, address)
    except SessionEnded:
        return
    await log_out(dispatcher, tokens.access_token, address)
