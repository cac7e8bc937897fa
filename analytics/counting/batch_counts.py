"""The minutes and the counts of a batch, without arithmetic on the time of each event, which would be slow."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from analytics.counting.counts import Count
from chassis.mongodb.database import Document

_SECONDS = 60


def minutes_of(documents: Iterable[Document]) -> list[datetime]:
    """Return the UTC minutes of events, each once, in order."""
    return [_moment(minute) for minute in sorted(set(map(_minute, documents)))]


def counts_of(documents: Iterable[Document]) -> list[Document]:
    """Return the counts of events by minute and type, in the stored form, each with the people of its events."""
    groups: defaultdict[tuple[float, str], list[Document]] = defaultdict(list)
    for document in documents:
        groups[_minute(document), document["type"]].append(document)
    return [{"minute": _moment(minute), "type": kind, **_count(group)} for (minute, kind), group in groups.items()]


def _count(documents: list[Document]) -> Document:
    count = Count(len(documents))
    for document in documents:
        if (revenue := document.get("revenue")) and revenue["currency"]:
            count.add(0, {revenue["currency"]: revenue["minor"]})
    people = {document["user_id"] for document in documents} - {None}
    return {**count.as_document(), "people": list(people)}


def _minute(document: Document) -> float:
    """Return the minute of an event since 1970."""
    return document["occurred_at"].timestamp() // _SECONDS  # type: ignore[no-any-return]  # documents are untyped


def _moment(minute: float) -> datetime:
    return datetime.fromtimestamp(minute * _SECONDS, UTC)
