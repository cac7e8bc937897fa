"""The counts of a batch, which its mark carries until they are added to the stored ones."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from analytics.counting.counts import Count
from chassis.mongodb.database import Document


def counts_of(documents: Iterable[Document]) -> list[Document]:
    """Return the counts of events by minute and type, in the stored form, each with the people of its events."""
    counts: defaultdict[tuple[datetime, str], Count] = defaultdict(Count)
    people: defaultdict[tuple[datetime, str], set[str]] = defaultdict(set)
    for document in documents:
        key = document["occurred_at"].replace(second=0, microsecond=0), document["type"]
        revenue = document.get("revenue")
        counts[key].add(1, {revenue["currency"]: revenue["minor"]} if revenue and revenue["currency"] else {})
        if document["user_id"] is not None:
            people[key].add(document["user_id"])
    return [
        {"minute": key[0], "type": key[1], "people": list(people[key]), **count.as_document()}
        for key, count in counts.items()
    ]
