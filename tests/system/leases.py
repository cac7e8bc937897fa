"""The passing of time."""

import asyncpg
from pymongo import MongoClient

from analytics.models import DIRTY_MINUTES, LEASES
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document
from cli.services import SERVICES
from tests.system.stack import Stack


async def end_leases(stack: Stack) -> None:
    """End every lease that a killed process left, for which the others would wait up to 20 s."""
    for service in SERVICES:
        if service.store == "postgres":
            connection = await asyncpg.connect(stack.environment[service.store_variable].replace("+asyncpg", ""))
            try:
                await connection.execute("UPDATE outbox SET due_at = now()")
            finally:
                await connection.close()
    with MongoClient[Document](stack.environment["ANALYTICS_MONGODB_URL"]) as client:
        database, now = client.get_default_database(), utc_now()
        database[DIRTY_MINUTES].update_many({}, {"$set": {"settled_at": now}})
        database[LEASES].update_many({}, {"$set": {"until": now}})
