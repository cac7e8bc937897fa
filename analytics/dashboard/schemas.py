"""Schemas of the dashboard's sessions."""

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from chassis.core.types import Body


class Login(Body):
    """A name (or e-mail address) and its password."""

    username: Annotated[str, Field(min_length=1, max_length=320, examples=["grace"])]
    password: Annotated[SecretStr, Field(max_length=1024, examples=["correct horse battery"])]


class DashboardSession(BaseModel):
    """A session for the page; the refresh token is in a cookie that the page cannot read."""

    access_token: str
    expires_in: int = Field(description="Seconds.", examples=[900])
    username: str = Field(examples=["grace"])
    role: str = Field(examples=["admin"])
