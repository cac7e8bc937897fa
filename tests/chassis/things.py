"""A table of things, beside those of the chassis, for tests of the store."""

from sqlalchemy import CheckConstraint, String, UniqueConstraint, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.postgres.database import Postgres
from chassis.postgres.tables import chassis_metadata
from tests.support.databases import emptying


class Base(DeclarativeBase):
    """Tables of these tests."""


class Thing(Base):
    """A thing whose name is unique when its transaction commits, and its colour immediately."""

    __tablename__ = "things"
    __table_args__ = (
        UniqueConstraint("name", deferrable=True, initially="DEFERRED"),
        CheckConstraint("size > 0", name="size_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    colour: Mapped[str | None] = mapped_column(String(50), unique=True)
    size: Mapped[int] = mapped_column(server_default="1")


async def create_tables(url: str) -> None:
    """Create the things, and the tables of the chassis."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(chassis_metadata.create_all)
    await engine.dispose()


async def without_rows(store: Postgres) -> Postgres:
    """Empty the tables of a store; returns it."""
    async with store.transaction() as session:
        await session.execute(text(emptying("things", "sealed_requests")))
    return store
