"""Measuring how late counting and purging are."""

from analytics.metrics import FAILED, UNCOUNTED_OLDEST
from analytics.models import DIRTY_MINUTES, FAILED_MINUTES
from analytics.privacy.purge import EXPIRING
from chassis.core.clock import utc_now
from chassis.mongodb.database import MotorDatabase
from chassis.telemetry.metrics import OVERDUE


async def measure(database: MotorDatabase) -> None:
    """Set the gauges from the database; each value is the first entry of an index, or a few entries."""
    now = utc_now()
    for expiring in EXPIRING:
        condition = expiring.condition(now)
        oldest = await database[expiring.collection].find_one(condition, sort=[(expiring.field, 1)])
        age = now - expiring.kept - oldest[expiring.field] if oldest else now - now
        OVERDUE.labels(expiring.collection).set(age.total_seconds())
    waiting = await database[DIRTY_MINUTES].find_one({"settled_at": {"$lte": now}}, sort=[("settled_at", 1)])
    UNCOUNTED_OLDEST.set((now - waiting["settled_at"]).total_seconds() if waiting else 0)
    FAILED.set(await database[FAILED_MINUTES].count_documents({}))
