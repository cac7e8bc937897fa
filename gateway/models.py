"""Tables of the gateway service."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from chassis.postgres.tables import NAMING


class Base(DeclarativeBase):
    """The service's tables."""

    metadata = MetaData(naming_convention=NAMING)
