"""Tables of the sample record service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, MetaData, String, false, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.core.types import new_id
from chassis.postgres.tables import NAMING


class Base(DeclarativeBase):
    """The service's tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 - SQLAlchemy reads it


class SampleRecord(Base):
    """A sample record of a person; ``version`` changes with each edit."""

    __tablename__ = "sample_records"
    __table_args__ = (
        Index(None, "user_id", "id"),  # a page of a person's list is one range
        Index(None, "user_id", "archived", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(5000), server_default="")
    archived: Mapped[bool] = mapped_column(server_default=false())
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def etag(self) -> str:
        """Its entity tag."""
        return str(self.version)
