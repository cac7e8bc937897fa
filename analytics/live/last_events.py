"""The last events, as messages of the live stream."""

from analytics.live.change_stream import TOLD, event_message
from analytics.models import EVENTS
from chassis.mongodb.database import MotorDatabase


async def last_events(database: MotorDatabase, most: int) -> list[bytes]:
    """Return the messages about the last events by the time at which they occurred, the latest last."""
    newest = database[EVENTS].find({}, ["_id", *TOLD], sort=[("occurred_at", -1)], limit=most)
    return [event_message(event) async for event in newest][::-1]
