"""Dependencies of this service's routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from chassis.application import own_part
from user.mail.mailer import Mailer
from user.oauth.errors import NO_STORE
from user.settings import Settings
from user.tokens.issuer import TokenIssuer


@dataclass(frozen=True, slots=True)
class Parts:
    """
    The service's own part of its application.

    Attributes:
        issuer: Signs access tokens.
        mailer: Sends mail; None without a mail server.
    """

    settings: Settings
    issuer: TokenIssuer
    mailer: Mailer | None


def parts_of(request: Request) -> Parts:
    """Return the part of the application that serves a request."""
    return own_part(request.app, Parts)


async def _issuer(request: Request) -> TokenIssuer:
    return parts_of(request).issuer


async def _settings(request: Request) -> Settings:
    return parts_of(request).settings


async def _no_store(response: Response) -> None:
    response.headers.update(NO_STORE)


Issuer = Annotated[TokenIssuer, Depends(_issuer)]
"""Issues access tokens."""
FromSettings = Annotated[Settings, Depends(_settings)]
"""The service's settings."""
no_store = Depends(_no_store)
"""For routes with tokens in the answer: caches must not store it (RFC 6749, 5.1)."""
