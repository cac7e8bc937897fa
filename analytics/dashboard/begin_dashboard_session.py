"""Logging in at the dashboard."""

from analytics.calls import Tokens
from analytics.dashboard.accounts import analyst_of, log_in, log_out
from analytics.dashboard.schemas import DashboardSession, Login
from chassis.core.errors import AppError
from chassis.dispatch.dispatcher import Dispatcher


async def begin_dashboard_session(
    dispatcher: Dispatcher, login: Login, address: str | None
) -> tuple[DashboardSession, Tokens]:
    """
    Begin a session at the user service for somebody who may look. If that fails, no session is left there.

    Args:
        address: Where the person is.

    Raises:
        WrongCredentials: They are wrong (401).
        NotForYou: Neither analyst nor admin (403).
        TooManyLogins: On this account or from this address (429).
    """
    tokens = await log_in(dispatcher, login, address)
    try:
        person = await analyst_of(dispatcher, tokens)
    except AppError:
        await log_out(dispatcher, tokens.access_token, address)
        raise
    return DashboardSession(**tokens.model_dump(), **person.model_dump()), tokens
