"""Asking analytics about a person."""

from chassis.auth.tokens import Identity
from chassis.dispatch.dispatcher import Dispatcher
from user.calls import ACTIVITY
from user.schemas import Activity


async def get_activity(dispatcher: Dispatcher, identity: Identity) -> Activity:
    """
    Ask analytics, sealed, what this person has done.

    Raises:
        ServiceUnavailable: Analytics does not answer (503).
    """
    return await dispatcher.call(ACTIVITY, path={"user_id": identity.user_id})
