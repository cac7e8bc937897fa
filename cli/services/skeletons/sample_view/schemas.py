"""Answers of the sample view service."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from chassis.core.types import Read


class SampleViewRead(Read):
    """A person's account and logins."""

    id: UUID
    username: str = Field(examples=["ada"])
    logins: list[datetime] = Field(description="When the latest logins began, newest first.")
