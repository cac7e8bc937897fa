"""Migrations of data that earlier versions stored (``bin/cli db upgrade``)."""

from pymongo.database import Database

from chassis.mongodb.database import Document


def migrate(_database: Database[Document]) -> list[str]:
    """Bring the data to the form that this version expects, and return what was done; a second time, nothing is."""
    return []
