"""Logging in at the dashboard."""

from analytics.calls import Tokens
from analytics.dashboard.accounts import analyst_of, log_in, log_out
from analytics.dashboard.schemas import DashboardSession, Login
from chassis.core.errors import AppError
from chassis.dispatch.dispatcher import Dispatcher
from chassis.web.origin import Origin


async def begin_dashboard_session(
    dispatcher: Dispatcher, login: Login, origin: Origin
) -> tuple[DashboardSession, Tokens]:
    """
    Log in at the user service; only analysts and admins may. If this fails, no session remains there.

    Args:
        origin: That of the person, for throttling and the audit log.

    Raises:
        WrongCredentials: Name or password are wrong (401).
        NotForYou: The person is neither analyst nor admin (403).
        TooManyLogins: There are too many logins for this account or from this address (429).
    """
    tokens = await log_in(dispatcher, login, origin)
    try:
        person = await analyst_of(dispatcher, tokens)
    except AppError:
        await log_out(dispatcher, tokens.access_token, origin)
        raise
    return DashboardSession(**tokens.model_dump(), **person.model_dump()), tokens
