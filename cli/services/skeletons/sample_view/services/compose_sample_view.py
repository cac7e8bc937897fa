"""Composing a sample view."""

from chassis.core.together import together
from chassis.dispatch.dispatcher import Dispatcher
from sample_view.calls import LIST_LOGINS, READ_PROFILE
from sample_view.schemas import SampleViewRead

_LATEST = 5


async def compose_sample_view(dispatcher: Dispatcher, token: str) -> SampleViewRead:
    """
    Ask for account and logins of the person with this access token, both at once.

    Raises:
        AppError: A service refused, or did not answer in time (502, 503 or 504).
    """
    profile, logins = await together(
        dispatcher.call(READ_PROFILE, bearer=token),
        dispatcher.call(LIST_LOGINS, bearer=token, query={"limit": _LATEST}),
    )
    return SampleViewRead(id=profile.id, username=profile.username, logins=[one.created_at for one in logins.items])
