"""Logging in at the dashboard."""

from analytics.accounts import Tokens, analyst_of, log_in
from analytics.schemas.dashboard import DashboardSession, Login
from chassis.dispatch.dispatcher import Dispatcher


async def begin_dashboard_session(
    dispatcher: Dispatcher, login: Login, address: str | None
) -> tuple[DashboardSession, Tokens]:
    """
    Begin a session at the user service for somebody who may look.

    Args:
        address: Where the person is.

    Raises:
        WrongCredentials: They are wrong (401).
        NotForYou: Neither analyst nor admin; no session is left (403).
        TooManyLogins: On this account or from this address (429).
    """
    tokens = await log_in(dispatcher, login, address)
    person = await analyst_of(dispatcher, tokens, address)
    return DashboardSession(**tokens.model_dump(), **person.model_dump()), tokens
