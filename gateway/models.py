"""Tables of the gateway service."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import DateTime, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.postgres.purge import Expiry
from chassis.postgres.tables import NAMING


class Base(DeclarativeBase):
    """The service's tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class Bucket(Base):
    """The units that a person or an address has used of a rate, as the time when all of them are free again."""

    __tablename__ = "rate_limits"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)
    """A commit waits for no disk; after a crash of the server all units are free."""

    key: Mapped[bytes] = mapped_column(primary_key=True)
    """SHA-256 of the class of routes and of the person or address, which are not stored here."""
    full_at: Mapped[datetime] = mapped_column(index=True)
    taken: Mapped[int]
    """The units that the last statement took: its answer."""


BUCKET_EXPIRY = Expiry(Bucket.__table__.c.full_at, timedelta(0))
"""A full bucket is as good as none."""
