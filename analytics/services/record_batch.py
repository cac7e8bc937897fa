"""Taking in a batch of a client's events."""

from collections.abc import Sequence

from analytics.batches import Refusal, kept
from analytics.documents import event_document
from analytics.metrics import Via
from analytics.retention import Retention
from analytics.schemas.events import AnyEvent, EventOutcome
from analytics.services.record_documents import record_documents
from chassis.clock import utc_now
from chassis.mongodb import MotorDatabase


async def record_batch(
    database: MotorDatabase, retention: Retention, batch: Sequence[AnyEvent | Refusal]
) -> list[EventOutcome]:
    """
    Store the events that can be, acknowledged by a majority; says of each in its order what became of it.

    Raises:
        DatabaseUnavailable: Nobody knows what was stored; sent again, each event counts once (503).
    """
    now = utc_now()
    documents = (event if isinstance(event, Refusal) else event_document(event, now) for event in batch)
    return await record_documents(database, list(kept(documents, retention)), Via.API)
