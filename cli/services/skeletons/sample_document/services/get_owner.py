"""Reading who owns a sample document."""

from uuid import UUID

from chassis.dispatch.dispatcher import Dispatcher
from chassis.mongodb.database import MotorDatabase
from sample_document.calls import READ_PERSON, Person
from sample_document.services.get_sample_document import get_sample_document


async def get_owner(database: MotorDatabase, dispatcher: Dispatcher, sample_document_id: UUID, token: str) -> Person:
    """
    Return the person who owns it, as the user service shows the account to the admin with this access token.

    Raises:
        SampleDocumentNotFound: It does not exist (404).
    """
    found = await get_sample_document(database, sample_document_id)
    return await dispatcher.call(READ_PERSON, path={"user_id": found["user_id"]}, bearer=token)
