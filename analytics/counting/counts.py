"""Counts of events, and their addition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from chassis.mongodb.database import Document

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def floor(moment: datetime, unit: timedelta) -> datetime:
    """Return the beginning of the unit (a day at most) that contains a UTC moment."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment - (moment - midnight) % unit


def quarter_of(moment: datetime) -> str:
    """Return the name of the quarter hour of the UTC day that contains a moment: "0" to "95"."""
    return str((moment - floor(moment, DAY)) // QUARTER)


@dataclass(slots=True)
class Count:
    """
    A number of events, and their revenue.

    Attributes:
        revenue: Currency -> minor units.
    """

    count: int = 0
    revenue: dict[str, int] = field(default_factory=dict)

    def add(self, count: int, revenue: Mapping[str, int]) -> None:
        """Add a number of events with their revenue."""
        self.count += count
        for currency, minor in revenue.items():
            self.revenue[currency] = self.revenue.get(currency, 0) + minor

    @classmethod
    def total(cls, documents: Iterable[Document]) -> Self:
        """Return the sum of stored counts."""
        total = cls()
        for document in documents:
            total.add(document["count"], document.get("revenue", {}))
        return total

    def as_document(self) -> Document:
        """Return the stored form."""
        return {"count": self.count, **({"revenue": self.revenue} if self.revenue else {})}
