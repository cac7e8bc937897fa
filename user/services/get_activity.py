"""Asking analytics about a person."""

from chassis.auth.tokens import Identity
from chassis.dispatch.dispatcher import Dispatcher
from user.calls import ACTIVITY
from user.schemas import Activity


async def get_activity(dispatcher: Dispatcher, identity: Identity) -> Activity:
    """
    Ask analytics, in a sealed call, for counts of this person's events.

    Raises:
        ServiceUnavailable: Analytics does not answer (503).
    """
    return await dispatcher.call(ACTIVITY, path={"user_id": identity.user_id})
