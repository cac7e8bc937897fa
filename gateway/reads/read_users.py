"""Reading accounts."""

from collections.abc import Sequence
from uuid import UUID

from chassis.core.errors import Forbidden
from gateway.caller import Caller
from gateway.calls import LIST_USERS, READ_PROFILE
from gateway.errors import CallFailed
from gateway.schemas.users import Account


async def read_users(caller: Caller, ids: list[UUID]) -> Sequence[Account | CallFailed | None]:
    """
    Return accounts in the order of the ids; None for unknown ones. People other than admins get their own alone.

    Raises:
        CallFailed: The user service refuses, or has no answer.
    """
    try:
        found = (await caller.call(LIST_USERS, query={"ids": ids})).items
    except CallFailed as error:
        if error.failure.status != Forbidden.status:
            raise
        own = await caller.call(READ_PROFILE)
        return [own if one == own.id else error for one in ids]
    by_id = {account.id: account for account in found}
    return [by_id.get(one) for one in ids]
