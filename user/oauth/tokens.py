"""The token in a request to revoke or to introspect it (RFC 7009, 2.1; RFC 7662, 2.1)."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from chassis.auth.tokens import MAX_TOKEN
from user.oauth.parameters import described, read_parameters, refuse_secret, validated


class GivenToken(BaseModel):
    """An access token or a refresh token."""

    token: str = Field(min_length=1, max_length=MAX_TOKEN)
    token_type_hint: str | None = Field(default=None, max_length=64, description="Not needed, and ignored.")


TOKEN_BODY = described(GivenToken, json=GivenToken)
"""The body of such a request for OpenAPI."""


async def _token(request: Request) -> str:
    parameters = await read_parameters(request)
    refuse_secret(request, parameters)
    return validated(GivenToken, parameters).token


SentToken = Annotated[str, Depends(_token)]
"""The token in the body of the request."""
