"""Reading who owns a sample record."""

from uuid import UUID

from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from sample_record.calls import READ_PERSON, Person
from sample_record.services.get_sample_record import get_sample_record


async def get_owner(database: Postgres, dispatcher: Dispatcher, sample_record_id: UUID, token: str) -> Person:
    """
    Return the person who owns it, as the user service shows the account to the admin with this access token.

    No connection is held during the call.

    Raises:
        SampleRecordNotFound: It does not exist (404).
    """
    async with database.transaction() as session:
        found = await get_sample_record(session, sample_record_id)
    return await dispatcher.call(READ_PERSON, path={"user_id": found.user_id}, bearer=token)
