"""Dependencies of this service's routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from chassis.application import own_part
from user.mail.mailer import Mailer
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


async def _no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


Issuer = Annotated[TokenIssuer, Depends(_issuer)]
"""Issues access tokens."""
no_store = Depends(_no_store)
"""For routes with tokens in the answer: caches must not store it (RFC 6749, 5.1)."""
